// Checks a configuration given as text, with an outside of the test's own.
import {review} from '../../src/config/advice.ts';
import {type Checked, checkText, formatErrors} from '../../src/config/load.ts';

export const folder = '/etc/postern';

export const load = (
  text: string,
  environment: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<Checked> =>
  checkText(
    text,
    'postern.yaml',
    {
      variable: (name) => environment[name],
      readFile: async (path) => {
        const content = files[path];
        return content === undefined
          ? {fault: `needs the file ${path}, which cannot be read: there is no such file`}
          : {text: content};
      },
      resolve: (path) => (path.startsWith('/') ? path : `${folder}/${path}`),
    },
    review,
  );

/** The lines that an operator sees. */
export const errorsOf = async (text: string, environment?: Readonly<Record<string, string>>): Promise<string[]> => {
  const loaded = await load(text, environment);
  return loaded.errors === undefined ? [] : formatErrors(loaded.errors).split('\n');
};

/** A file that has all that this version knows; with what follows, the rest of a test's own. */
export const good = `# Everything that can be set.
server:
  listen: ['127.0.0.1:9191', 'unix:///run/postern/check.sock']
  tls: {cert: tls.crt, key: tls.key, clientCa: ca.crt}
  drain: 10s
admin: {listen: '127.0.0.1:9190', token: '\${ADMIN_TOKEN}'}
providers:
  - name: acme
    type: oidc
    issuer: https://id.acme.example
    audience: [orders-api]
    jwksUri: https://id.acme.example/keys
    algorithms: [RS256, ES256]
    clockTolerance: 5s
    credentials: [{header: authorization, scheme: Bearer}, {cookie: access_token}, {query: access_token}]
    claims: {tenant: org_id, roles: realm_access.roles, permissions: permissions, scopes: scope}
  - {name: other, type: oidc, issuer: https://other.example, audience: any}
redis:
  url: redis://localhost:6379/0
  prefix: 'postern:'
  timeout: 50ms
entitlements:
  source: {type: file, path: entitlements.yaml}
  cache: {fresh: 30s, stale: 10m}
revocation: {onFeedLost: keep}
paths: {caseSensitive: false, allow: [semicolon]}
rules:
  - {name: health, match: {path: /healthz}, public: true}
  - name: read-orders
    match: {hosts: [api.acme.example, '*.acme.example'], methods: [GET, HEAD], path: '/orgs/{org}/orders/**'}
    require:
      providers: [acme]
      kind: user
      tenant: '{org}'
      roles: [admin, owner]
      permissions: {all: [orders.read]}
      scopes: {any: [orders], all: [openid]}
      stepUp: {maxAge: 5m, acr: [gold], amr: [[mfa], [otp, hwk]]}
      features: [orders]
      entitledPermissions: [orders.read]
    shadow: false
  - {name: me, match: {path: /me/}, public: identify}
  - {name: signed-in, match: {path: '/any/*'}, require: {}}
  - {name: old, match: {path: '/v1/**'}, deny: true}
  - {name: raw, match: {connection: tcp}, deny: true, shadow: true}
responses:
  identity: {x-auth-subject: subject, x-auth-tenant: tenant}
  removeCredential: false
  format: problem
  login: {url: 'https://app.acme.example/login?return_to={url}'}
  status: {missing_feature: 402}
log: {level: info, decisions: denied}
`;
