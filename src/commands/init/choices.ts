// What `postern init` may begin with, a line each: any OpenID provider, five vendors, introspection, API keys of one's own.
import {randomBytes} from 'node:crypto';
import {apiKeyOf, hashOfKey, secretBytes} from '../../providers/apiKeysForm.ts';
import {withEntry} from '../../providers/keyFile.ts';
import {type Answers, type Choice, quoted} from './choice.ts';

const admin = {require: 'roles: [admin]', about: 'its administrators only', reason: 'missing_role'};
const placeholder = 'replace-me\n';

const oidc: Choice = {
  type: 'oidc',
  title: 'any OpenID provider: Auth0, Okta, Keycloak, Entra, Google, ...',
  guide: 'issuers',
  questions: [
    {
      name: 'issuer',
      ask: 'the issuer of the tokens, as `iss` says it',
      otherwise: 'https://id.acme.example',
      at: 'providers[0].issuer',
      fault: (answer) =>
        /[{}]/.test(answer.replaceAll(/\$\{[^}]*\}/g, ''))
          ? 'stands for a family of issuers: begin with one of them, and let {tenant} stand in its place later'
          : undefined,
    },
    {
      name: 'audience',
      ask: 'whom the tokens are meant for (`aud`: one, or several with commas; any: not checked)',
      otherwise: 'orders-api',
      at: 'providers[0].audience',
    },
    {name: 'tenant-claim', ask: 'the claim with the tenant', otherwise: 'org_id', at: 'providers[0].claims.tenant'},
    {
      name: 'roles-claim',
      ask: 'the claim with the roles; dots walk into objects',
      otherwise: 'roles',
      at: 'providers[0].claims.roles',
    },
  ],
  provider: (answers) => `  - name: issuer
    type: oidc
    issuer: ${quoted(answers.issuer ?? '')} # its keys are found by discovery
    audience: ${audienceOf(answers)} # tokens that are meant for others are refused
    claims: # where in the token things are; dots walk into objects
      tenant: ${quoted(answers['tenant-claim'] ?? '')}
      roles: ${quoted(answers['roles-claim'] ?? '')}
`,
  tenants: true,
  change: admin,
  people: (answers) => {
    const claims = (tenant: string, role: string) =>
      `{sub: NAME, ${claimed(answers['tenant-claim'] ?? '', tenant)}, ${claimed(answers['roles-claim'] ?? '', [role])}}`;
    return three(claims('acme', 'admin'), claims('acme', 'viewer'), claims('tiny', 'admin'));
  },
  as: 'token',
};

const frontegg: Choice = {
  type: 'frontegg',
  title: 'Frontegg',
  guide: 'frontegg',
  questions: [
    {
      name: 'base-url',
      ask: 'where your account answers (FRONTEGG_API_GATEWAY_URL)',
      otherwise: 'https://api.frontegg.com',
      at: 'providers[0].baseUrl',
    },
    {
      name: 'client-id',
      ask: 'the client id of the environment (FRONTEGG_CLIENT_ID)',
      otherwise: 'your-client-id',
      at: 'providers[0].clientId',
    },
  ],
  provider: (answers) => `  - name: frontegg
    type: frontegg
${account(answers, '    ')}
    # issuer: https://acme.frontegg.com # what your tokens name as iss. Set it when other providers share the header
    # audience: [${quoted(answers['client-id'] ?? '')}] # what your tokens name as aud: the client id, or ids of applications
`,
  tenants: true,
  change: admin,
  people: () => {
    const user = (tenant: string, role: string) =>
      `{provider: frontegg, kind: user, subject: NAME, tenant: ${tenant}, roles: [${role}]}`;
    return three(user('acme', 'admin'), user('acme', 'viewer'), user('tiny', 'admin'));
  },
  as: 'principal',
  source: (answers) => `    type: frontegg\n${account(answers, '    ')}`,
  files: () => ({'secrets/frontegg-api-key': {content: placeholder, secret: true}}),
  notes: () => ['put the API key of the environment into secrets/frontegg-api-key'],
};

const kinde: Choice = {
  type: 'kinde',
  title: 'Kinde',
  guide: 'kinde',
  questions: [
    {name: 'domain', ask: 'your domain', otherwise: 'https://acme.kinde.com', at: 'providers[0].domain'},
    {
      name: 'audience',
      ask: 'the audience of your API (Settings > APIs; any: not checked)',
      otherwise: 'orders-api',
      at: 'providers[0].audience',
    },
  ],
  provider: (answers) => `  - name: kinde
    type: kinde
    domain: ${quoted(answers.domain ?? '')}
    audience: ${audienceOf(answers)} # tokens that are meant for others are refused
`,
  tenants: true,
  change: {...admin, about: 'those with this role, by its key'},
  people: () => {
    const claims = (tenant: string, role: string) =>
      `{sub: NAME, org_code: ${tenant}, roles: [{id: '1', key: ${role}, name: ${role}}]}`;
    return three(claims('acme', 'admin'), claims('acme', 'viewer'), claims('tiny', 'admin'));
  },
  as: 'token',
  source: (answers) =>
    `    type: kinde # feature flags of the token, and billing\n    domain: ${quoted(answers.domain ?? '')}`,
};

const authgear: Choice = {
  type: 'authgear',
  title: 'Authgear',
  guide: 'authgear',
  questions: [
    {
      name: 'endpoint',
      ask: 'the public endpoint of your project',
      otherwise: 'https://acme.authgear.cloud',
      at: 'providers[0].endpoint',
    },
  ],
  provider: (answers) => `  - name: authgear
    type: authgear
    endpoint: ${quoted(answers.endpoint ?? '')}
    # jwt: tokens are verified here, and a disabled user is out when the token ends. both: opaque tokens and session
    # cookies are asked about as well; resolver: Authgear is asked about everything, and a disabled user is out in seconds.
    mode: jwt
`,
  tenants: false,
  change: {...admin, about: 'a role of the user, direct or through a group'},
  people: () => {
    const claims = (role: string, more = '') =>
      `{sub: NAME, 'https://authgear.com/claims/user/roles': [${role}]${more}}`;
    return three(claims('admin', ', plan: pro'), claims('viewer', ', plan: pro'), claims('admin'));
  },
  as: 'token',
};

const frontier: Choice = {
  type: 'frontier',
  title: 'Raystack Frontier',
  guide: 'frontier',
  questions: [
    {name: 'url', ask: 'where Frontier is reached', otherwise: 'https://frontier.acme.example', at: 'providers[0].url'},
  ],
  provider: (answers) => `  - name: frontier
    type: frontier
    url: ${quoted(answers.url ?? '')}
    api: connect # rest, for v0.90.0 and older
    # session: # for browsers, which send the cookie sid: hash_secret_key and block_secret_key of Frontier's configuration
    #   hashKey: \${file:secrets/frontier-hash-key}
    #   blockKey: \${file:secrets/frontier-block-key}
    clientId: postern # a service user's credential: newer servers publish their keys to those who sign in only
    clientSecret: \${file:secrets/frontier-client-secret}
`,
  tenants: true,
  change: {
    require: 'kind: service',
    about: 'programs only; for people: relation: {provider: frontier, permission: update, resource: ...}',
    reason: 'wrong_kind',
  },
  people: () =>
    three(
      '{provider: frontier, kind: service, subject: NAME, tenant: acme}',
      '{provider: frontier, kind: user, subject: NAME, tenant: acme}',
      '{provider: frontier, kind: user, subject: NAME, tenant: tiny}',
    ),
  as: 'principal',
  source: (answers) => `    type: frontier
    url: ${quoted(answers.url ?? '')}
    api: connect
    clientId: postern
    clientSecret: \${file:secrets/frontier-client-secret}`,
  files: () => ({'secrets/frontier-client-secret': {content: placeholder, secret: true}}),
  notes: () => [
    'put the client id of a service user into postern.yaml (clientId), and its secret into secrets/frontier-client-secret',
  ],
};

const cognito: Choice = {
  type: 'cognito',
  title: 'Amazon Cognito',
  guide: 'cognito',
  questions: [
    {
      name: 'user-pool-id',
      ask: 'the id of the user pool',
      otherwise: 'eu-west-1_AbCdEf123',
      at: 'providers[0].userPoolId',
    },
    {
      name: 'clients',
      ask: 'the ids of the app clients whose tokens are accepted (several with commas; any: of all in the pool)',
      otherwise: 'your-app-client-id',
      at: 'providers[0].clients',
    },
  ],
  provider: (answers) => `  - name: cognito
    type: cognito
    userPoolId: ${quoted(answers['user-pool-id'] ?? '')} # its region, issuer and keys follow from it
    clients: ${answers.clients === 'any' ? 'any' : listed(answers.clients ?? '')} # tokens of the pool's other app clients are refused
    # claims: {tenant: 'custom:tenant'} # if a trigger adds one; then a rule may say tenant: '{org}'
`,
  tenants: false,
  change: {...admin, about: 'a group of the pool'},
  people: () => {
    const claims = (group: string, more = '') => `{sub: NAME, 'cognito:groups': [${group}]${more}}`;
    return three(claims('admin', ', plan: pro'), claims('viewer', ', plan: pro'), claims('admin'));
  },
  as: 'token',
};

const introspection: Choice = {
  type: 'introspection',
  title: 'opaque tokens: the issuer is asked about each (RFC 7662)',
  guide: 'introspection',
  questions: [
    {
      name: 'introspection-endpoint',
      ask: 'the introspection endpoint of the issuer',
      otherwise: 'https://id.acme.example/oauth2/introspect',
      at: 'providers[0].endpoint',
    },
    {name: 'client-id', ask: 'how Postern is known there', otherwise: 'orders-api', at: 'providers[0].clientId'},
    {name: 'tenant-claim', ask: 'the claim with the tenant', otherwise: 'org_id', at: 'providers[0].claims.tenant'},
    {
      name: 'roles-claim',
      ask: 'the claim with the roles; dots walk into objects',
      otherwise: 'roles',
      at: 'providers[0].claims.roles',
    },
  ],
  provider: (answers) => `  - name: issuer
    type: introspection
    endpoint: ${quoted(answers['introspection-endpoint'] ?? '')}
    clientId: ${quoted(answers['client-id'] ?? '')}
    clientSecret: \${file:secrets/introspection-client-secret}
    ttl: 30s # a token that was revoked there is refused after this time at the latest
    # issuer: https://id.acme.example # if its replies name them: each makes it harder to use a token where it was not meant for
    # audience: [orders-api]
    claims: # where in its replies things are; dots walk into objects
      tenant: ${quoted(answers['tenant-claim'] ?? '')}
      roles: ${quoted(answers['roles-claim'] ?? '')}
`,
  tenants: true,
  change: admin,
  people: () => {
    const user = (tenant: string, role: string) =>
      `{provider: issuer, kind: user, subject: NAME, tenant: ${tenant}, roles: [${role}]}`;
    return three(user('acme', 'admin'), user('acme', 'viewer'), user('tiny', 'admin'));
  },
  as: 'principal',
  files: () => ({'secrets/introspection-client-secret': {content: placeholder, secret: true}}),
  notes: () => ['put the secret of that client into secrets/introspection-client-secret'],
};

const apiKeys: Choice = {
  type: 'apiKeys',
  title: 'API keys of your own',
  guide: 'api-keys',
  questions: [],
  provider: () => `  - name: keys
    type: apiKeys
    file: keys.yaml # hashes only; postern keys new --file keys.yaml adds to it
    credentials:
      - {header: x-api-key}
      - {header: authorization, scheme: Bearer}
`,
  tenants: true,
  change: admin,
  people: () => {
    const key = (tenant: string, role: string) =>
      `{provider: keys, kind: service, subject: NAME, tenant: ${tenant}, roles: [${role}]}`;
    return three(key('acme', 'admin'), key('acme', 'viewer'), key('tiny', 'admin'));
  },
  as: 'principal',
  files: ({key = ''}) => ({
    'keys.yaml': {
      content: withEntry('# API keys: hashes only. postern keys new --file keys.yaml adds to this file.\n', {
        id: 'first',
        hash: hashOfKey(key),
        subject: 'first',
        tenant: 'acme',
        roles: ['admin'],
      }),
    },
  }),
  notes: ({key = ''}) => [
    `a first key, shown once: ${key}\n  curl -H 'x-api-key: ...' http://127.0.0.1:8000/orgs/acme/orders/1`,
  ],
};

/** In the order in which they are offered. */
export const choices: readonly Choice[] = [oidc, frontegg, kinde, authgear, frontier, cognito, introspection, apiKeys];

/** A key for the file of keys; the others have no use for it. */
export const newKey = (): string => apiKeyOf('first', randomBytes(secretBytes));

const audienceOf = ({audience = ''}: Answers): string => (audience === 'any' ? 'any' : listed(audience));

/** `a, b` as a list of YAML. */
const listed = (given: string): string =>
  `[${given
    .split(',')
    .map((one) => quoted(one.trim()))
    .join(', ')}]`;

const account = (answers: Answers, indent: string): string =>
  [
    `baseUrl: ${quoted(answers['base-url'] ?? '')}`,
    `clientId: ${quoted(answers['client-id'] ?? '')}`,
    'apiKey: ${file:secrets/frontegg-api-key}',
  ]
    .map((line) => `${indent}${line}`)
    .join('\n');

/** `realm.roles` is `realm: {roles: ...}`. */
const claimed = (path: string, value: string | readonly string[]): string =>
  path
    .split('.')
    .reverse()
    .reduce<string>(
      (inner, part, at) => (at === 0 ? `${quoted(part)}: ${inner}` : `${quoted(part)}: {${inner}}`),
      typeof value === 'string' ? value : `[${value.join(', ')}]`,
    );

const three = (alice: string, bob: string, carol: string): string =>
  Object.entries({alice, bob, carol})
    .map(([name, text]) => `  ${name}: ${text.replace('NAME', name)}`)
    .join('\n');
