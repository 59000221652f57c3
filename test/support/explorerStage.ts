// A Postern with something to look at: rules of each kind, a tenant that has bought something, decisions of each outcome.
import {type CheckClient, type CheckResponse, checkRequestOf, makeCheckClient} from './checkClient.ts';
import {startIdentityProvider} from './identityProvider.ts';
import {type Postern, startPostern} from './postern.ts';
import {acme} from './stage.ts';

export const adminToken = 'correct-horse-battery-staple';
export const host = 'api.acme.example';

export interface ExplorerStage {
  readonly postern: Postern;
  /** A token of the provider `acme`. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  ask(
    path: string,
    more?: {method?: string; token?: string; headers?: readonly [string, string][]},
  ): Promise<CheckResponse>;
  /** Decisions of each kind, some of them several times. */
  happen(): Promise<void>;
  stop(): Promise<void>;
}

const rules = [
  {name: 'health', match: {path: '/healthz'}, public: true},
  {
    name: 'read-orders',
    match: {hosts: [host], methods: ['GET', 'HEAD'], path: '/orgs/{org}/orders/**'},
    require: {tenant: '{org}', features: ['orders']},
  },
  {
    name: 'write-orders',
    match: {hosts: [host], methods: ['POST', 'PUT'], path: '/orgs/{org}/orders/**'},
    require: {tenant: '{org}', roles: ['admin', 'owner'], features: ['orders']},
  },
  {name: 'reports', match: {path: '/orgs/{org}/reports/**'}, require: {tenant: '{org}', features: ['reports']}},
  {name: 'admin', match: {path: '/admin/**'}, require: {roles: {all: ['admin']}, stepUp: {maxAge: '5m'}}},
  {name: 'beta', match: {path: '/beta/**'}, require: {roles: ['tester']}, shadow: true},
  {name: 'exports', match: {path: '/exports/**'}, require: {permissions: ['exports.read'], kind: 'service'}},
  {name: 'old-api', match: {path: '/v1/**'}, deny: true},
];

const entitlements = {
  features: {
    orders: {permissions: ['orders.read', 'orders.write']},
    reports: {permissions: ['reports.read']},
    seats: {value: 'number'},
    calls: {limit: {per: 'hour'}},
  },
  plans: {
    pro: {features: ['orders', 'seats', 'calls'], values: {seats: 25}, limits: {calls: 5000}, rank: 2},
    analytics: {features: ['reports'], rank: 1},
  },
  grants: [
    {plan: 'pro', tenant: 'acme', add: {seats: 10}},
    {plan: 'analytics', tenant: 'acme', expires: '2026-01-31'},
    {plan: 'pro', tenant: 'globex', expires: '2099-12-31'},
  ],
};

export const startExplorerStage = async (settings: object = {}): Promise<ExplorerStage> => {
  const identityProvider = await startIdentityProvider({people: {}, audience: 'orders-api'});
  const postern = await startPostern(
    {
      providers: [{...acme(identityProvider.issuer)}],
      rules,
      entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
      responses: {
        identity: {'x-seats': 'value.seats'},
        upgrade: {link: 'https://app.acme.example/upgrade?plan={plan}&return_to={url}'},
      },
      log: {decisions: 'none'},
      ...settings,
      admin: {token: adminToken, ...(settings as {admin?: object}).admin},
    },
    {files: {'entitlements.yaml': entitlements}},
  ).catch(async (error) => {
    await identityProvider.stop();
    throw error;
  });
  const client: CheckClient = makeCheckClient(postern.address);
  const sign: ExplorerStage['sign'] = (claims) => identityProvider.sign(claims);
  const ask: ExplorerStage['ask'] = (path, {method = 'GET', token, headers = []} = {}) =>
    client.check(
      checkRequestOf({
        method,
        path,
        host,
        headers: [...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]), ...headers],
      }),
    );
  return {
    postern,
    sign,
    ask,
    async happen() {
      const alice = await sign({sub: 'alice', org_id: 'acme', roles: ['viewer']});
      const bob = await sign({sub: 'bob', org_id: 'acme', roles: ['admin']});
      const carol = await sign({sub: 'carol', org_id: 'globex', roles: ['owner']});
      const late = await sign({sub: 'dave', org_id: 'acme', exp: 1_700_000_000});
      for (let n = 0; n < 6; n++) await ask('/healthz');
      for (let n = 1; n < 9; n++) await ask(`/orgs/acme/orders/${n}`, {token: alice});
      for (let n = 1; n < 4; n++) await ask(`/orgs/globex/orders/${n}`, {token: carol});
      await ask('/orgs/acme/orders/10', {method: 'POST', token: bob});
      await ask('/orgs/acme/orders/11', {method: 'POST', token: alice});
      await ask('/orgs/acme/reports/2026', {token: bob});
      await ask('/beta/search', {token: alice});
      await ask('/admin/users', {token: bob});
      await ask('/v1/orders');
      await ask('/orgs/acme/orders/12', {token: late});
      await ask('/nowhere', {token: alice});
      await ask('/orgs/acme/orders/13');
      await ask('/orgs/globex/orders/7', {token: alice});
    },
    async stop() {
      client.close();
      await postern.stop();
      await identityProvider.stop();
    },
  };
};
