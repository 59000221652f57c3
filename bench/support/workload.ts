// What is asked in the benchmark: a CheckRequest of 1.9 kB as a mesh sends it, and the settings that decide it.
import {randomUUID} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {type CheckRequest, checkMethod} from '../../test/support/checkClient.ts';
import type {IdentityProvider} from '../../test/support/identityProvider.ts';

/** The size that requests are brought to, bytes. */
const wantedSize = 1_900;

export const people = {
  alice: {org_id: 'acme', roles: ['admin', 'member'], permissions: ['orders.read', 'orders.write', 'reports.read']},
};
export const audience = 'orders-api';

export const rules = [
  {name: 'health', match: {path: '/healthz'}, public: true},
  {name: 'admin', match: {path: '/admin/**'}, deny: true},
  {
    name: 'orders',
    match: {methods: ['GET', 'HEAD'], path: '/orgs/{org}/orders/**'},
    require: {tenant: '{org}', permissions: ['orders.read'], features: ['orders']},
  },
] as const;

export const identity = {'x-auth-subject': 'subject', 'x-auth-tenant': 'tenant', 'x-auth-roles': 'roles'};

/** Postern's settings: a token, a tenant from the path, a permission and a feature that was bought. */
export const settings = (issuer: string) => ({
  providers: [
    {
      name: 'acme',
      type: 'oidc',
      issuer,
      audience: [audience],
      algorithms: ['RS256'],
      claims: {tenant: 'org_id'},
    },
  ],
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
  rules,
  responses: {identity},
});

export const entitlements = {
  features: {orders: {permissions: ['orders.read']}, reports: {permissions: []}},
  plans: {pro: {features: ['orders', 'reports']}},
  grants: [{plan: 'pro', tenant: 'acme'}],
};

/** What differs between requests; the rest is as usual. */
export interface Asked {
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The headers of a request, pseudo-headers among them, filled up to `size` bytes with one that nobody looks at. */
export const headersOf = ({path = '/orgs/acme/orders/4711?expand=lines&page=2', headers}: Asked) => ({
  ':authority': 'api.acme.example',
  ':method': 'GET',
  ':path': path,
  ':scheme': 'https',
  accept: 'application/json, text/plain, */*',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-request-id': '7d4c1f9e-2f0a-4b5e-9f4b-6a0f4f8f7a11',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ...headers,
});

export const bearer = (token: string) => ({authorization: `Bearer ${token}`});

const requestOf = (asked: Asked, padding: number): CheckRequest => {
  const headers = {...headersOf(asked), 'x-client-state': 'x'.repeat(padding)};
  const peer = (port: number) => ({address: {socketAddress: {address: '10.0.3.17', portValue: port}}});
  return {
    attributes: {
      source: {...peer(48_212), principal: 'spiffe://cluster.local/ns/shop/sa/gateway'},
      destination: {...peer(8_080), principal: 'spiffe://cluster.local/ns/shop/sa/orders'},
      request: {
        time: {seconds: 1_795_000_000, nanos: 0},
        http: {
          id: '13359530607844510314',
          method: 'GET',
          headers,
          path: headers[':path'],
          host: headers[':authority'],
          scheme: 'https',
          protocol: 'HTTP/2',
          size: -1,
        },
      },
    },
  };
};

/** Writes a CheckRequest for each into `file`, for bench/support/load.ts, filled up to `size` bytes. */
export const writeChecks = (file: string, asked: readonly Asked[], size = wantedSize): void => {
  const {requestSerialize} = checkMethod();
  const lines = asked.map((one) => {
    const bare = requestSerialize(requestOf(one, 0)).length;
    return requestSerialize(requestOf(one, Math.max(0, size - bare))).toString('base64');
  });
  writeFileSync(file, lines.join('\n'));
};

/** As many tokens, all different. `claimsOf` says what else is in them. */
export const tokensOf = async (
  {sign}: Pick<IdentityProvider, 'sign'>,
  count: number,
  claimsOf: (at: number) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<string[]> => {
  const tokens: string[] = [];
  const atOnce = 64;
  const usual = (at: number) => ({sub: 'alice', jti: randomUUID(), scope: 'orders.read', sid: `session-${at}`});
  while (tokens.length < count) {
    const many = Math.min(atOnce, count - tokens.length);
    const from = tokens.length;
    const signing = Array.from({length: many}, (_, at) => sign({...usual(from + at), ...claimsOf(from + at)}));
    tokens.push(...(await Promise.all(signing)));
  }
  return tokens;
};
