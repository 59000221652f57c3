// A stand-in for Frontegg's cloud, built from its published API: vendor authentication, keys, access tokens, entitlements,
// audits. It refuses what the real one refuses, and misbehaves as it is told.
import type {IncomingHttpHeaders} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import {type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT} from 'jose';
import {json, startServer} from '../../remote/servers.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How an answer goes wrong: a status, or something else than the documented JSON. */
export type Fault =
  | number
  | 'html'
  | 'malformed'
  | 'hang'
  | 'slow'
  | {readonly body: unknown; readonly status?: number};

interface Answer {
  readonly body: unknown;
  readonly status?: number;
}

export interface AccessToken {
  readonly id: string;
  readonly tenantId: string;
  readonly userId?: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly expires?: string;
}

export interface SigningKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly pem: string;
  readonly privateKey: CryptoKey;
}

export const makeSigningKey = async (kid: string): Promise<SigningKey> => {
  const {publicKey, privateKey} = await generateKeyPair('RS256', {extractable: true});
  const jwk = {...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig'};
  return {kid, jwk, pem: await exportSPKI(publicKey), privateKey};
};

export const clientId = 'b6adfe4c-d695-4c04-b95f-3ec9fd0c6cca';
export const apiKey = 'only-for-tests-api-key';

export interface Frontegg {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The keys that it signs with, the newest first; `pem` of the first is in the configuration. */
  keys: SigningKey[];
  /** Whether `/.well-known/jwks.json` is there. */
  published: boolean;
  /** Seconds for which a vendor token is good. */
  vendorTokenLife: number;
  /** Every vendor token so far is refused from now on. */
  forgetVendorTokens(): void;
  readonly accessTokens: {readonly users: Map<string, AccessToken>; readonly tenants: Map<string, AccessToken>};
  /** Active ones, besides those of `accessTokens`, unless listed in `inactive`. */
  readonly inactive: Set<string>;
  apiTokensDisabled: boolean;
  entitlements: {data: Record<string, unknown[]>; snapshotOffset: unknown};
  readonly audits: Record<string, unknown>[];
  readonly asked: Asked[];
  /** Paths asked since the last call of this, each as `GET /path`. */
  news(): string[];
  /** What is wrong with an answer; undefined: nothing. */
  fault: (path: string) => Fault | undefined;
  /** A token of claims; signed with the first key unless another is given. */
  sign(claims: object, options?: {readonly key?: SigningKey; readonly header?: object}): Promise<string>;
  stop(): Promise<void>;
}

/** Made once: making one takes longer than most tests. */
let firstKey: Promise<SigningKey> | undefined;

export const startFrontegg = async (): Promise<Frontegg> => {
  firstKey ??= makeSigningKey('first');
  const vendorTokens = new Map<string, number>();
  let read = 0;

  const accessTokenRoute = /^\/identity\/resources\/vendor-only\/(users|tenants)\/access-tokens\/v1\/([^/]+)$/;

  const answerTo = (asked: Asked): Answer => {
    const {method, path, headers, body} = asked;
    if (path === '/.well-known/jwks.json') {
      return frontegg.published
        ? {body: {keys: frontegg.keys.map(({jwk}) => jwk)}}
        : {body: {errors: ['Not Found']}, status: 404};
    }
    if (method === 'POST' && path === '/auth/vendor') {
      const given = JSON.parse(body) as {clientId?: unknown; secret?: unknown};
      if (given.clientId !== clientId || given.secret !== apiKey) {
        return {body: {errors: ['Invalid credentials']}, status: 401};
      }
      const token = `vendor-${vendorTokens.size + 1}`;
      vendorTokens.set(token, Date.now() + frontegg.vendorTokenLife * 1_000);
      return {body: {token, expiresIn: frontegg.vendorTokenLife}};
    }
    const ends = vendorTokens.get(String(headers['x-access-token']));
    if (ends === undefined || ends <= Date.now()) return {body: {errors: ['Unauthenticated']}, status: 401};

    if (path === '/identity/resources/configurations/v1') {
      return {body: {defaultTokenExpiration: 86_400, publicKey: frontegg.keys[0]?.pem}};
    }
    const [, holder, id = ''] = accessTokenRoute.exec(path) ?? [];
    if (holder === 'users' || holder === 'tenants') {
      if (frontegg.apiTokensDisabled) return {body: {errors: ['Api tokens are disabled']}, status: 403};
      const all = frontegg.accessTokens[holder];
      if (id === 'active') return {body: [...all.keys()].filter((one) => !frontegg.inactive.has(one))};
      const token = all.get(decodeURIComponent(id));
      return token === undefined ? {body: {errors: ['Not found']}, status: 404} : {body: token};
    }
    if (path === '/entitlements/api/v1/vendor-entitlements-snapshot-offset') {
      return {body: {snapshotOffset: frontegg.entitlements.snapshotOffset}};
    }
    if (path === '/entitlements/api/v1/vendor-entitlements') return {body: frontegg.entitlements};
    if (method === 'POST' && path === '/audits/') {
      frontegg.audits.push({...JSON.parse(body), header: headers['frontegg-tenant-id']});
      return {body: {}, status: 202};
    }
    return {body: {errors: ['Not Found']}, status: 404};
  };

  const answerUnder = (fault: Fault | undefined, asked: Asked): Answer | undefined => {
    if (fault === undefined || fault === 'slow') return answerTo(asked);
    if (typeof fault === 'number') return {body: {errors: ['fault']}, status: fault};
    return typeof fault === 'object' ? fault : undefined;
  };

  const server = await startServer(async (request, response, body) => {
    const asked: Asked = {method: `${request.method}`, path: `${request.url}`, headers: request.headers, body};
    frontegg.asked.push(asked);
    const fault = frontegg.fault(asked.path);
    if (fault === 'hang') return;
    if (fault === 'slow') await sleep(300);
    const answer = answerUnder(fault, asked);
    if (answer !== undefined) {
      json(response, answer.body, answer.status);
      return;
    }
    response.writeHead(200, {'content-type': fault === 'html' ? 'text/html' : 'application/json'});
    response.end(fault === 'html' ? '<html>Sign in</html>' : '{"keys": [');
  });

  const frontegg: Frontegg = {
    url: server.url,
    keys: [await firstKey],
    published: true,
    vendorTokenLife: 3_600,
    forgetVendorTokens: () => {
      for (const token of vendorTokens.keys()) vendorTokens.set(token, 0);
    },
    accessTokens: {users: new Map(), tenants: new Map()},
    inactive: new Set(),
    apiTokensDisabled: false,
    entitlements: {data: {features: [], featureBundles: [], entitlements: [], featureFlags: []}, snapshotOffset: 1},
    audits: [],
    asked: [],
    news() {
      const news = frontegg.asked.slice(read).map(({method, path}) => `${method} ${path}`);
      read = frontegg.asked.length;
      return news;
    },
    fault: () => undefined,
    sign: (claims, {key = frontegg.keys[0], header} = {}) =>
      new SignJWT(JSON.parse(JSON.stringify(claims)))
        .setProtectedHeader({alg: 'RS256', typ: 'JWT', kid: `${key?.kid}`, ...header})
        .sign((key as SigningKey).privateKey),
    stop: server.close,
  };
  return frontegg;
};

/** Claims of a good token of each type, good for five minutes; a claim that is undefined is left out. */
export const claimsOf = (type: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  const now = Math.floor(Date.now() / 1_000);
  const common = {iss: 'https://acme.frontegg.com', aud: clientId, iat: now - 10, exp: now + 300, tenantId: 't1', type};
  const rights = {roles: ['admin'], permissions: ['orders.read']};
  const byType: Readonly<Record<string, object>> = {
    userToken: {sub: 'u1', ...rights, email: 'u1@acme.example', email_verified: true},
    userApiToken: {sub: 'api1', createdByUserId: 'u1', userId: 'u1', email: 'u1@acme.example', ...rights},
    tenantApiToken: {sub: 'api2', createdByUserId: 'u1', ...rights},
    userAccessToken: {sub: 'at1', userId: 'u1'},
    tenantAccessToken: {sub: 'at2'},
  };
  return {...common, ...(byType[type] ?? {sub: 'u1', ...rights}), ...more};
};
