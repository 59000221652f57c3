// A stand-in for Kinde, built from its published API: discovery, keys, tokens, API keys, the account API; and its faults.
import type {IncomingMessage} from 'node:http';
import {json, startServer} from '../../remote/servers.ts';
import {type Fault, makeFaults} from './faults.ts';
import {makeSigningKey, type SigningKey} from './signing.ts';

/** What `POST /api/v1/api_keys/verify` says of a key. */
export interface KindeKey {
  readonly status: 'active' | 'inactive' | 'revoked';
  readonly scopes?: readonly string[] | null;
  readonly org_code?: string | null;
  readonly user_id?: string | null;
  /** The APIs that it is for, which another call says. */
  readonly api_ids?: readonly string[];
}

export interface Kinde {
  /** `http://127.0.0.1:port`, the issuer. */
  readonly domain: string;
  /** `METHOD /path?query`, in order. */
  readonly asked: string[];
  /** API keys by value. */
  readonly keys: Map<string, KindeKey>;
  /** Feature keys by organisation, for billing; a number is the limit. */
  readonly bought: Map<string, readonly (string | readonly [feature: string, limit: number])[]>;
  /** Bearer tokens with which the account API was asked. */
  readonly accountTokens: string[];
  /** By path: what goes wrong there. */
  readonly faults: Map<string, Fault>;
  /** A user's access token unless `claims` say otherwise; undefined takes a claim out. */
  token(claims?: object, header?: object, key?: SigningKey): Promise<string>;
  /** A machine's token: no `sub`, `gty`. */
  machineToken(claims?: object): Promise<string>;
  /** Publishes a new key and signs with it from now on; `alone`: the old one is no longer published. */
  rotate(alone: boolean): Promise<void>;
  /** Refuses all management tokens issued so far. */
  expireManagementTokens(): void;
  /** Seconds that management tokens live. */
  life: number;
  /** Whether the machine-to-machine application has the scope read:api_keys. */
  scoped: boolean;
  close(): Promise<void>;
}

export const machine = {clientId: 'm2m', clientSecret: 'canary-m2m-secret'};
const pageSize = 2;

const keyIdOf = (value: string): string => `api_key_${value.slice(-4)}`;

interface Reply {
  readonly value: unknown;
  readonly status: number;
}
const reply = (value: unknown, status = 200): Reply => ({value, status});

/** Starts it on a free port. */
export const startKinde = async (): Promise<Kinde> => {
  let signing = await makeSigningKey('k1');
  let published = [signing.jwk];
  let managementTokens = new Set<string>();
  let issued = 0;
  const faults = makeFaults();

  const replyTo = (request: IncomingMessage, url: URL, body: string): Reply => {
    const bearer = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return reply({issuer: server.url, jwks_uri: `${server.url}/.well-known/jwks`});
      case 'GET /.well-known/jwks':
      case 'GET /.well-known/jwks.json':
        return reply({keys: published});
      case 'POST /oauth2/token': {
        const form = new URLSearchParams(body);
        const good =
          form.get('grant_type') === 'client_credentials' &&
          form.get('client_id') === machine.clientId &&
          form.get('client_secret') === machine.clientSecret &&
          form.get('audience') === `${server.url}/api`;
        if (!good) return reply({error: 'invalid_client'}, 401);
        const token = `management-${++issued}`;
        managementTokens.add(token);
        return reply({access_token: token, expires_in: kinde.life, scope: '', token_type: 'bearer'});
      }
      case 'POST /api/v1/api_keys/verify': {
        if (!managementTokens.has(bearer)) return reply({errors: [{code: 'TOKEN_INVALID'}]}, 401);
        if (!kinde.scoped) return reply({errors: [{code: 'FORBIDDEN'}]}, 403);
        const {api_key: value} = JSON.parse(body) as {api_key: string};
        const known = kinde.keys.get(value);
        if (known === undefined) return reply({code: 'API_KEY_INVALID', message: 'no', is_valid: false});
        const {api_ids: _, ...key} = known;
        return reply({
          code: 'API_KEY_VERIFIED',
          message: 'API key verified',
          is_valid: key.status === 'active',
          key_id: keyIdOf(value),
          scopes: [],
          org_code: null,
          user_id: null,
          ...key,
          last_verified_on: '2026-11-18T13:32:03+11',
          verification_count: kinde.asked.length,
        });
      }
      case 'GET /account_api/v1/entitlements': {
        kinde.accountTokens.push(bearer);
        const claims = claimsOf(bearer);
        if (claims === undefined) return reply({errors: [{code: 'TOKEN_INVALID'}]}, 401);
        const all = (kinde.bought.get(String(claims.org_code)) ?? []).map((of, index) => ({of, id: `ent_${index}`}));
        const after = url.searchParams.get('starting_after');
        const from = after === null ? 0 : all.findIndex(({id}) => id === after) + 1;
        const page = all.slice(from, from + pageSize);
        return reply({
          data: {
            org_code: claims.org_code,
            plans: [{key: 'pro', subscribed_on: '2024-11-18T13:32:03+11'}],
            entitlements: page.map(({of, id}) => {
              const [feature, limit] = typeof of === 'string' ? [of, null] : of;
              return {
                id,
                fixed_charge: 35,
                price_name: `Price of ${feature}`,
                unit_amount: 1,
                feature_key: feature,
                feature_name: feature,
                entitlement_limit_max: limit,
                entitlement_limit_min: 1,
              };
            }),
          },
          metadata: {has_more: from + pageSize < all.length, next_page_starting_after: page.at(-1)?.id ?? null},
        });
      }
      default: {
        const [, id] = /^GET \/api\/v1\/api_keys\/([^/]+)$/.exec(`${request.method} ${url.pathname}`) ?? [];
        if (id !== undefined) return keyReply(bearer, id);
        return reply({errors: [{code: 'ROUTE_NOT_FOUND'}]}, 404);
      }
    }
  };

  /** `GET /api/v1/api_keys/{key_id}`, which says what `verify` does not: the APIs. */
  const keyReply = (bearer: string, id: string): Reply => {
    if (!managementTokens.has(bearer)) return reply({errors: [{code: 'TOKEN_INVALID'}]}, 401);
    if (!kinde.scoped) return reply({errors: [{code: 'FORBIDDEN'}]}, 403);
    const [, key] = [...kinde.keys].find(([value]) => keyIdOf(value) === id) ?? [];
    if (key === undefined) return reply({errors: {code: 'NOT_FOUND', message: 'no'}}, 404);
    const {status, scopes = [], org_code = null, user_id = null, api_ids = []} = key;
    return reply({
      code: 'OK',
      message: 'Success',
      api_key: {
        id,
        name: 'A key',
        type: user_id === null ? 'organization' : 'user',
        status,
        key_prefix: 'k_live',
        created_on: '2026-11-18T13:32:03+11',
        api_ids,
        scopes,
        organization_id: org_code,
        user_id,
      },
    });
  };

  const server = await startServer((request, response, body) => {
    const url = new URL(request.url ?? '/', 'http://kinde');
    if (faults.applied(url.pathname, response)) return;
    const {value, status} = replyTo(request, url, body);
    json(response, value, status);
  });
  const sign = (claims: object, header: object, key: SigningKey) =>
    key.sign({iss: server.url, aud: ['orders-api'], azp: 'spa', jti: crypto.randomUUID(), ...claims}, header);
  const kinde: Kinde = {
    domain: server.url,
    asked: server.asked,
    keys: new Map(),
    bought: new Map(),
    accountTokens: [],
    faults: faults.at,
    life: 86_400,
    scoped: true,
    token: (claims = {}, header = {}, key = signing) =>
      sign({sub: 'kp_1', org_code: 'org_1', permissions: [], scp: ['openid'], ...claims}, {typ: 'JWT', ...header}, key),
    machineToken: (claims = {}) =>
      sign(
        {azp: 'robot', gty: ['client_credentials'], scope: 'a b', scp: ['a', 'b'], v: '2', ...claims},
        {typ: 'JWT'},
        signing,
      ),
    rotate: async (alone) => {
      signing = await makeSigningKey(`k${published.length + 1}`);
      published = alone ? [signing.jwk] : [...published, signing.jwk];
    },
    expireManagementTokens: () => {
      managementTokens = new Set();
    },
    close: server.close,
  };
  return kinde;
};

const claimsOf = (token: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
};
