// What is asked in the benchmark: a CheckRequest of 1.9 kB as a mesh sends it, and the settings that decide it.
import {writeFileSync} from 'node:fs';
import {type CheckRequest, checkMethod} from '../../test/support/checkClient.ts';
import type {IdentityProvider} from '../../test/support/identityProvider.ts';

/** The size that requests are brought to, bytes. */
const wantedSize = 1_900;

export const people = {
  alice: {org_id: 'acme', roles: ['admin', 'member'], permissions: ['orders.read', 'orders.write', 'reports.read']},
};

/** Postern's settings: a token, a tenant from the path, a permission and a feature that was bought. */
export const settings = (issuer: string) => ({
  providers: [
    {
      name: 'acme',
      type: 'oidc',
      issuer,
      audience: ['orders-api'],
      algorithms: ['RS256'],
      claims: {tenant: 'org_id'},
    },
  ],
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
  rules: [
    {name: 'health', match: {path: '/healthz'}, public: true},
    {name: 'admin', match: {path: '/admin/**'}, deny: true},
    {
      name: 'orders',
      match: {methods: ['GET', 'HEAD'], path: '/orgs/{org}/orders/**'},
      require: {tenant: '{org}', permissions: ['orders.read'], features: ['orders']},
    },
  ],
  responses: {identity: {'x-auth-subject': 'subject', 'x-auth-tenant': 'tenant', 'x-auth-roles': 'roles'}},
});

export const entitlements = {
  features: {orders: {permissions: ['orders.read']}, reports: {permissions: []}},
  plans: {pro: {features: ['orders', 'reports']}},
  grants: [{plan: 'pro', tenant: 'acme'}],
};

const requestWith = (token: string, padding: number): CheckRequest => {
  const headers = {
    ':authority': 'api.acme.example',
    ':method': 'GET',
    ':path': '/orgs/acme/orders/4711?expand=lines&page=2',
    ':scheme': 'https',
    accept: 'application/json, text/plain, */*',
    'accept-encoding': 'gzip, deflate, br',
    'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
    authorization: `Bearer ${token}`,
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-request-id': '7d4c1f9e-2f0a-4b5e-9f4b-6a0f4f8f7a11',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'x-client-state': 'x'.repeat(padding),
  };
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

/** Writes `count` messages with a token each into `file`, for bench/support/load.ts. Answers their size in bytes. */
export const writeMessages = async (
  identityProvider: IdentityProvider,
  file: string,
  count: number,
): Promise<number> => {
  const {requestSerialize} = checkMethod();
  const serialized: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const token = await identityProvider.sign({
      sub: 'alice',
      jti: `token-${n}`,
      scope: 'orders.read',
      sid: `session-${n}`,
    });
    const bare = requestSerialize(requestWith(token, 0)).length;
    serialized.push(requestSerialize(requestWith(token, Math.max(0, wantedSize - bare))));
  }
  writeFileSync(file, serialized.map((message) => message.toString('base64')).join('\n'));
  return serialized[0]?.length ?? 0;
};
