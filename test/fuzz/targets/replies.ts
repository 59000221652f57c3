// What other services answer: an answer as documented, or an outage; nothing else is thrown, and a yes must be in it.
import {checkSettings} from '../../../src/config/schema.ts';
import {makeEntitlementIndex} from '../../../src/core/entitlement/entitlementIndex.ts';
import {reasons} from '../../../src/core/refusals.ts';
import type {RemoteAnswer, RemoteCall} from '../../../src/core/remote.ts';
import {Unavailable} from '../../../src/core/unavailable.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';
import type {Authentication} from '../../../src/providers/provider.ts';
import {makeAccessTokens} from '../../../src/vendors/frontegg/accessTokens.ts';
import {makeFronteggApi} from '../../../src/vendors/frontegg/api.ts';
import {makeFronteggSource} from '../../../src/vendors/frontegg/entitlements.ts';
import type {FronteggSettings} from '../../../src/vendors/frontegg/settings.ts';
import {makeFrontierApi} from '../../../src/vendors/frontier/api.ts';
import {makeProviderOf} from '../../../src/vendors/index.ts';
import {makeKindeSource} from '../../../src/vendors/kinde/entitlements.ts';
import type {VendorParts} from '../../../src/vendors/vendor.ts';
import {principal} from '../../support/requests.ts';
import {authenticateAs, makeTestParts} from '../../support/vendors/parts.ts';
import {must, type Target} from '../target.ts';

/** An input is answers with `---` lines between: a status, header lines, an empty line, a body. The last one stays. */
const answersOf = (input: Buffer): readonly Omit<RemoteAnswer, 'asked'>[] =>
  input
    .toString('utf8')
    .split('\n---\n')
    .map((text) => {
      const [head = '', ...rest] = text.split('\n\n');
      const [status = '', ...lines] = head.split('\n');
      const headers = new Map<string, string[]>();
      for (const line of lines.slice(0, 50)) {
        const [name = '', value = ''] = line.split(/: ?(.*)/s, 2);
        headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
      }
      return {status: Number(status) || 200, headers, body: rest.join('\n\n')};
    });

/** A token of our own is had without ado, so that what is fuzzed is the answer that counts. */
const ownToken = {
  '/oauth2/token': '{"access_token":"own","expires_in":3600}',
  '/auth/vendor': '{"token":"own","expiresIn":3600}',
};

const callOf = (input: Buffer): RemoteCall => {
  const answers = answersOf(input);
  let at = 0;
  return async (_, {method, url}) => {
    const asked = `${method} ${url.split('?', 1)[0]}`;
    for (const [path, body] of Object.entries(ownToken)) {
      if (url.endsWith(path)) return {asked, status: 200, headers: new Map(), body};
    }
    const answer = answers[Math.min(at++, answers.length - 1)] as (typeof answers)[number];
    return {asked, ...answer};
  };
};

const {parts: testParts} = makeTestParts();
const noCache = {get: () => undefined, set: () => {}};
/** Nothing is remembered, or the first answer would be the only one. */
const makeNoCache: VendorParts['makeCache'] = () => ({
  ...noCache,
  fetch: (_key, load) => load(),
  renew: (_key, load) => load(),
  delete: () => {},
});
const partsOf = (input: Buffer): VendorParts => ({
  ...testParts,
  cache: noCache,
  call: callOf(input),
  makeCache: makeNoCache,
});

const settingsOf = (provider: object) => {
  const {settings, findings} = checkSettings({providers: [provider], rules: [{name: 'all', match: {}, require: {}}]});
  const [first] = settings?.providers ?? [];
  if (first === undefined) throw new Error(JSON.stringify(findings));
  return first;
};

/** Undefined for an outage; whatever else is thrown is a bug. */
const orOutage = async <T>(made: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await made();
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
};

const jsonIn = (input: Buffer): Record<string, unknown> | undefined => {
  for (const {body} of answersOf(input)) {
    try {
      const value: unknown = JSON.parse(body);
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {
      // The next one.
    }
  }
  return undefined;
};

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** A principal as everything behind it takes it to be. */
const mustBeWhole = (said: Authentication | string | undefined): boolean => {
  if (said === undefined || typeof said === 'string') return false;
  if (said.verified === undefined) {
    must(reasons.includes(said.rejected), `an unknown reason ${said.rejected}`);
    return false;
  }
  const {subject, kind, roles, permissions, scopes, amr, tenant, email} = said.verified;
  must(typeof subject === 'string' && subject !== '', 'nobody is verified');
  must(kind === 'user' || kind === 'service', 'a principal of no kind');
  must([roles, permissions, scopes, amr].every(isTexts), 'a list that is none');
  must(
    [tenant, email].every((text) => text === undefined || typeof text === 'string'),
    'a tenant that is no text',
  );
  return true;
};

const jsonReply = (body: unknown, status = 200): string =>
  `${status}\ncontent-type: application/json\n\n${JSON.stringify(body)}`;
const longest = 65_536;

const asked = (provider: object, headers: Record<string, string>) => {
  const settings = settingsOf(provider);
  return (input: Buffer) => orOutage(() => authenticateAs(makeProviderOf(settings, partsOf(input)), headers));
};

export const introspectionReplies: Target = {
  name: 'introspectionReplies',
  seeds: [
    jsonReply({
      active: true,
      sub: 'u1',
      exp: 4_000_000_000,
      iat: 1,
      scope: 'a b',
      client_id: 'c',
      aud: ['api'],
      token_type: 'Bearer',
      username: 'x',
      roles: ['r'],
      org_id: 't1',
    }),
    jsonReply({active: false}),
    jsonReply({active: true, sub: 'u1', aud: 'api', exp: null, nbf: 1, cnf: {jkt: 'x'}}),
    jsonReply({error: 'invalid_client'}, 401),
  ],
  words: ['active', 'true', '"true"', 'sub', 'exp', 'iat', 'nbf', 'aud', 'api', 'iss', 'jti', 'scope', 'client_id', 'token_type', 'Bearer', 'cnf', 'act', '4000000000'], // biome-ignore format: a table
  longest,
  async open() {
    const ask = asked(
      {
        name: 'in',
        type: 'introspection',
        endpoint: 'https://id.acme.example/introspect',
        clientId: 'c',
        clientSecret: 's',
        audience: ['api'],
        claims: {tenant: 'org_id', roles: 'roles'},
      },
      {authorization: 'Bearer opaque'},
    );
    return {
      async run(input) {
        if (!mustBeWhole(await ask(input))) return undefined;
        const body = jsonIn(input) ?? {};
        must(body.active === true, 'verified, and the reply does not say active');
        must([body.aud].flat().includes('api'), 'verified for another audience');
        must(endOf(body.exp) > Date.now() - 10_000, 'verified beyond its end');
      },
    };
  },
};

/** Milliseconds since the epoch at which a reply says that its token ends: -1 and the largest numbers say never. */
const endOf = (exp: unknown): number => {
  if (exp === undefined || exp === null) return Number.POSITIVE_INFINITY;
  const seconds = Number(exp);
  if (Number.isNaN(seconds)) return Date.parse(String(exp));
  return seconds === -1 || seconds >= Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : seconds * 1_000;
};

export const kindeReplies: Target = {
  name: 'kindeReplies',
  seeds: [
    jsonReply({
      is_valid: true,
      status: 'active',
      key_id: 'k',
      scopes: ['a'],
      org_code: 'o',
      user_id: null,
      verification_count: 3,
    }),
    `${jsonReply({is_valid: true, status: 'active', key_id: 'k', user_id: 'u'})}\n---\n${jsonReply({api_key: {id: 'k', api_ids: ['api']}})}`,
    jsonReply({is_valid: false, status: 'revoked'}),
    jsonReply({errors: [{code: 'INVALID'}]}, 400),
    jsonReply({
      data: {org_code: 't1', entitlements: [{feature_key: 'orders', entitlement_limit_max: 1}]},
      metadata: {has_more: false},
    }),
    jsonReply({data: {entitlements: []}, metadata: {has_more: true, next_page_starting_after: 'x'}}),
  ],
  words: ['is_valid', 'status', 'active', 'key_id', 'scopes', 'org_code', 'user_id', 'api_key', 'api_ids', 'data', 'entitlements', 'feature_key', 'metadata', 'has_more', 'next_page_starting_after', '\n---\n', '400\n', '404\n'], // biome-ignore format: a table
  longest,
  async open() {
    const ask = asked(
      {
        name: 'ki',
        type: 'kinde',
        domain: 'https://acme.kinde.com',
        audience: ['api'],
        apiKeys: {clientId: 'c', clientSecret: 's'},
      },
      {authorization: 'Bearer k_live_abc'},
    );
    const user = principal({claims: {iss: 'https://acme.kinde.com'}});
    return {
      async run(input) {
        if (mustBeWhole(await ask(input))) {
          const body = jsonIn(input) ?? {};
          must(body.is_valid === true && body.status === 'active', 'verified, and the reply does not say so');
        }
        const source = makeKindeSource(
          {type: 'kinde', domain: 'https://acme.kinde.com', from: ['billing'], insecure: false},
          callOf(input),
        );
        const granted = await orOutage(() => source.lookup(user, 'orders', 'token', Number.POSITIVE_INFINITY));
        for (const feature of Object.keys(granted?.features ?? {}))
          must(input.includes('feature_key') && feature !== '', 'a feature from nowhere');
      },
    };
  },
};

const conditions = (op: string, value: object) => ({
  conditionLogic: 'and',
  treatment: 'true',
  conditions: [{attribute: 'email', op, negate: false, value}],
});

export const fronteggReplies: Target = {
  name: 'fronteggReplies',
  seeds: [
    `${jsonReply({id: 'id1', tenantId: 't1', roles: ['r'], permissions: ['p'], expires: '2099-01-31T00:00:00Z'})}\n---\n${jsonReply(['id1'])}`,
    `${jsonReply({errors: ['Api tokens are disabled']}, 403)}`,
    `${jsonReply({errors: ['gone']}, 404)}\n---\n${jsonReply(['id1'])}`,
    jsonReply({
      snapshotOffset: 7,
      data: {
        features: [['f1', 'orders', ['orders.read']], ['f2', 'reports', null]],
        featureBundles: [['b1', ['f1'], 'false', [conditions('matches', {string: '^a+$'}), conditions('in_list', {list: ['a']})]]],
        entitlements: [['b1', 't1', null, null], ['b1', 't2', 'u1', '2099-01-31T00:00:00Z']],
        featureFlags: [['reports', true, null, 'true', 'false', [conditions('between_numeric', {start: 1, end: 2})]]],
      },
    }),
  ], // biome-ignore format: documents
  words: ['snapshotOffset', 'data', 'features', 'featureBundles', 'entitlements', 'featureFlags', 'orders', 'orders.read', 'roles', 'permissions', 'expires', 'id1', 'matches', 'starts_with', 'ends_with', 'contains', 'in_list', 'on', 'between_dates', 'string', 'list', 'number', '(a+)+$', '(?:x{1000}){1000}', '\n---\n', '403\n', '404\n'], // biome-ignore format: a table
  longest,
  // The source is read in slices of its own; what is counted here is all of them together.
  step: 60,
  async open() {
    const provider = settingsOf({
      name: 'fe',
      type: 'frontegg',
      clientId: 'c',
      apiKey: 'k',
      audience: ['c'],
    }) as FronteggSettings;
    const user = principal({email: 'a@acme.example', permissions: ['*', 'orders.read']} as never);
    return {
      async run(input) {
        const call = callOf(input);
        const api = makeFronteggApi(provider, {call, now: Date.now});
        const tokens = makeAccessTokens(provider, api, partsOf(input));
        const rights = await orOutage(() =>
          tokens.rightsOf(
            principal({claims: {type: 'tenantAccessToken'}}),
            'id1',
            Date.now(),
            Number.POSITIVE_INFINITY,
          ),
        );
        if (rights !== undefined) {
          must(isTexts(rights.roles) && isTexts(rights.permissions), 'rights that are none');
          must(input.includes('id1'), 'rights of a token that is on no list');
        }
        const source = makeFronteggSource(
          {...provider, type: 'frontegg', timeout: 1_000, maxBytes: 1_048_576} as never,
          {call: callOf(input), now: Date.now},
        );
        const loaded = await orOutage(() => source.load(undefined));
        if (loaded === undefined || loaded === 'unchanged') return undefined;
        const index = makeEntitlementIndex(loaded.snapshot, {compilePattern});
        for (const feature of ['orders', 'reports', '__proto__'])
          await index.entitled(user, {feature}, new Map(), Date.now());
        await index.entitled(user, {permission: 'orders.read'}, new Map(), Date.now());
      },
    };
  },
};

export const frontierReplies: Target = {
  name: 'frontierReplies',
  seeds: [
    jsonReply({access_token: 'x.y.z'}), jsonReply({accessToken: 'x.y.z'}), jsonReply({status: true}), jsonReply({}),
    jsonReply({keys: []}), jsonReply({code: 'unauthenticated', message: 'not authenticated'}, 401), jsonReply({code: 5, message: 'Not Found'}, 404),
  ], // biome-ignore format: documents
  words: ['status', 'true', 'access_token', 'accessToken', 'keys', 'code', 'message', 'unauthenticated', 'permission_denied', 'not_found', '401\n', '403\n', '404\n', '501\n'], // biome-ignore format: a table
  longest,
  async open() {
    return {
      async run(input) {
        for (const api of ['connect', 'rest'] as const) {
          const frontier = () => makeFrontierApi(callOf(input), 'frontier:fr', {url: 'https://frontier.example', api});
          const never = Number.POSITIVE_INFINITY;
          await orOutage(() => frontier().keys({}));
          const token = await orOutage(() => frontier().token({headers: {}, body: {}}, never));
          must(token?.refused !== undefined || token === undefined || token.value !== '', 'an empty token');
          for (const ask of ['isPermitted', 'hasFeature'] as const) {
            const said = await orOutage(() => frontier()[ask]('t', 'a', 'b', never));
            must(said?.value !== true || jsonIn(input)?.status === true, 'a yes that the reply does not say');
          }
        }
      },
    };
  },
};

export const authgearReplies: Target = {
  name: 'authgearReplies',
  seeds: [
    '200\nx-authgear-session-valid: true\nx-authgear-user-id: u1\nx-authgear-user-anonymous: false\nx-authgear-user-verified: true\nx-authgear-session-amr: pwd mfa\nx-authgear-session-authenticated-at: 1700000000\nx-authgear-user-roles: a,b\n\n',
    '200\nx-authgear-session-valid: false\n\n',
    '200\nset-cookie: session=; Max-Age=0\n\n',
    '404\n\n404 page not found',
  ],
  words: ['x-authgear-session-valid', 'x-authgear-user-id', 'x-authgear-user-anonymous', 'x-authgear-user-verified', 'x-authgear-session-amr', 'x-authgear-user-roles', 'x-authgear-session-authenticated-at', 'true', 'false', 'set-cookie: ', '\n', '\n\n'], // biome-ignore format: a table
  longest,
  async open() {
    const ask = asked(
      {name: 'ag', type: 'authgear', endpoint: 'https://id.acme.example', mode: 'resolver'},
      {authorization: `Bearer ${'a'.repeat(32)}`},
    );
    return {
      async run(input) {
        if (!mustBeWhole(await ask(input))) return undefined;
        const [{status, headers}] = answersOf(input) as [Omit<RemoteAnswer, 'asked'>];
        must(
          status === 200 && headers.get('x-authgear-session-valid')?.join() === 'true',
          'a session that the resolver does not say',
        );
      },
    };
  },
};
