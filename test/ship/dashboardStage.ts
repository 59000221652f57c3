// Two Posterns at work, and a Prometheus that scrapes them: traffic of all kinds, and what goes wrong in a day within a minute.
import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {stringify} from 'yaml';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {makeEndings} from '../support/endings.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';
import {start} from '../support/processes.ts';
import {startRedis} from '../support/redis.ts';
import {tool} from '../support/tools.ts';

const alerts = fileURLToPath(new URL('../../deploy/prometheus/alerts.yaml', import.meta.url));

/** An issuer of opaque tokens: those that begin with `dead` are not active. `answers = false`: it says 503. */
const startIntrospection = async () => {
  const self = {answers: true};
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const token = new URLSearchParams(body).get('token') ?? '';
      response.writeHead(self.answers ? 200 : 503, {'content-type': 'application/json'});
      response.end(
        JSON.stringify(token.startsWith('dead') ? {active: false} : {active: true, sub: token, client_id: 'partner'}),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`,
    turn: (answers: boolean) => {
      self.answers = answers;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** The same for both instances, so that it has the same hash: where they listen, the environment says. */
const settingsOf = (issuer: string, endpoint: string, redis: string) => ({
  server: {listen: '${CHECK_ADDRESS}'},
  admin: {listen: '${ADMIN_ADDRESS}'},
  providers: [
    {name: 'acme', type: 'oidc', issuer, audience: ['orders-api'], claims: {tenant: 'org_id', roles: 'roles'}},
    {
      name: 'partner',
      type: 'introspection',
      endpoint,
      clientId: 'postern',
      clientSecret: 'only-a-test',
      ttl: '10s',
      timeout: '500ms',
    },
  ],
  redis: {url: redis, timeout: '50ms'},
  state: {dir: 'state', sealKey: 'a key of the stage, 32 characters'},
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}, cache: {fresh: '5s', stale: '10m'}},
  rules: [
    {name: 'health', match: {path: '/healthz'}, public: true},
    {name: 'read-orders', match: {methods: ['GET'], path: '/orgs/{org}/orders/**'}, require: {tenant: '{org}'}},
    {name: 'change-orders', match: {path: '/orgs/{org}/orders/**'}, require: {tenant: '{org}', roles: ['admin']}},
    {name: 'reports', match: {path: '/orgs/{org}/reports/**'}, require: {tenant: '{org}', features: ['reports']}},
    {name: 'calls', match: {path: '/orgs/{org}/calls'}, require: {tenant: '{org}'}, limits: ['api']},
    {name: 'payouts', match: {path: '/orgs/{org}/payouts'}, require: {tenant: '{org}', stepUp: {amr: [['otp']]}}},
    {name: 'partners', match: {path: '/partners/**'}, require: {providers: ['partner']}},
    {
      name: 'invoices',
      match: {path: '/orgs/{org}/invoices/**'},
      require: {permissions: ['invoices.read']},
      shadow: true,
    },
    {name: 'old', match: {path: '/v1/**'}, deny: true},
  ],
  responses: {upgrade: {link: 'https://app.example/upgrade?plan={plan}'}},
  log: {level: 'warn', decisions: 'none'},
});

const entitlements = {
  features: {reports: {}, api: {limit: {per: 'minute'}}},
  plans: {pro: {features: ['reports', 'api'], limits: {api: 600}}},
  grants: [
    {plan: 'pro', tenant: 'acme'},
    {plan: 'pro', tenant: 'slow', expires: new Date(Date.now() - 60_000).toISOString(), grace: '24h'},
    {plan: 'pro', tenant: 'late', expires: '2020-01-31'},
  ],
};

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
}

/** What is asked, each with how often it comes. */
const makeTraffic = async (
  identityProvider: IdentityProvider,
): Promise<{usual: (round: number) => Sent; forged: Sent}> => {
  const sign = (sub: string, org_id: string, more: object = {}) =>
    identityProvider.sign({sub, org_id, roles: ['viewer'], ...more});
  const users = await Promise.all(Array.from({length: 80}, (_, at) => sign(`user-${at}`, 'acme')));
  const admin = await sign('alice', 'acme', {roles: ['admin']});
  const stranger = await sign('carol', 'tiny');
  const late = await sign('walter', 'late');
  const slow = await sign('paula', 'slow');
  const revoked = await sign('mallory', 'acme');
  const careful = await sign('alice', 'acme', {amr: ['pwd', 'otp']});
  const accountant = await sign('anne', 'acme', {permissions: ['invoices.read']});
  const now = Math.floor(Date.now() / 1_000);
  const expired = await sign('bob', 'acme', {iat: now - 7_200, exp: now - 3_600});
  const forged = `${admin.slice(0, -8)}AAAAAAAA`;
  const user = (round: number) => users[(round * 7) % users.length] as string;

  const mix: readonly (readonly [often: number, sent: (round: number) => Sent])[] = [
    [10, () => ({path: '/healthz'})],
    [40, (round) => ({path: '/orgs/acme/orders/1', token: user(round)})],
    [8, () => ({method: 'POST', path: '/orgs/acme/orders', token: admin})],
    [3, (round) => ({method: 'POST', path: '/orgs/acme/orders', token: user(round)})],
    [3, () => ({path: '/orgs/acme/orders/2', token: stranger})],
    [8, (round) => ({path: '/orgs/acme/reports/q3', token: user(round)})],
    [2, () => ({path: '/orgs/tiny/reports/q3', token: stranger})],
    [1, () => ({path: '/orgs/late/reports/q3', token: late})],
    [2, () => ({path: '/orgs/slow/reports/q3', token: slow})],
    [4, (round) => ({path: '/orgs/acme/calls', token: user(round)})],
    [2, () => ({method: 'POST', path: '/orgs/acme/payouts', token: careful})],
    [1, () => ({method: 'POST', path: '/orgs/acme/payouts', token: admin})],
    [14, (round) => ({path: '/partners/feed', token: `opaque-${round % 61}`})],
    [1, (round) => ({path: '/partners/feed', token: `dead-${round % 20}`})],
    [3, () => ({path: '/orgs/acme/invoices/7', token: accountant})],
    [3, (round) => ({path: '/orgs/acme/invoices/7', token: user(round)})],
    [1, () => ({path: '/v1/orders', token: admin})],
    [1, () => ({path: '/nowhere', token: admin})],
    [1, () => ({path: '/orgs//orders'})],
    [3, () => ({path: '/orgs/acme/orders'})],
    [2, () => ({path: '/orgs/acme/orders', token: expired})],
    [2, () => ({path: '/orgs/acme/orders', token: forged})],
    [2, () => ({path: '/orgs/acme/orders/3', token: revoked})],
  ];
  const all = mix.flatMap(([often, sent]) => Array<(round: number) => Sent>(often).fill(sent));
  // A prime above their number has no factor in common with it, so that all come, and mixed.
  const usual = (round: number) => (all[(round * 997) % all.length] as (round: number) => Sent)(round);
  return {usual, forged: {path: '/orgs/acme/orders/4', token: forged}};
};

interface Instance {
  readonly address: string;
  readonly admin: string;
  readonly folder: string;
  stop(): Promise<unknown>;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const startInstance = async (settings: object): Promise<Instance> => {
  const folder = temporaryFolder();
  const address = `127.0.0.1:${await freePort()}`;
  const admin = `127.0.0.1:${await freePort()}`;
  writeFiles(folder, {'postern.yaml': settings, 'entitlements.yaml': entitlements});
  const running = await start({
    name: 'postern',
    command: process.execPath,
    args: [main, 'serve', '-c', join(folder, 'postern.yaml')],
    env: {...process.env, CHECK_ADDRESS: address, ADMIN_ADDRESS: admin},
    ready: async () => (await fetch(`http://${admin}/readyz`)).ok,
  });
  return {address, admin, folder, stop: () => running.stop(15_000)};
};

export interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since the epoch, and numbers as Prometheus writes them. */
  readonly values: readonly (readonly [number, string])[];
}

export interface Span {
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** Prometheus' HTTP API. Rejects with its words. */
const makeAsk = (url: string) => async (path: string, query: Readonly<Record<string, string>>) => {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
  const answer = (await response.json()) as {status: string; error?: string; data: unknown};
  if (answer.status !== 'success') throw new Error(`${answer.error}: ${query.query ?? path}`);
  return answer.data;
};

export interface DashboardStage {
  /** Lets traffic and mishaps happen for so many seconds, and answers when that was. */
  happen(seconds: number): Promise<Span>;
  range(query: string, span: Span): Promise<readonly Answer[]>;
  /** At the end of the span. */
  instant(query: string, span: Span): Promise<readonly Answer[]>;
  labelValues(label: string, matcher: string): Promise<readonly string[]>;
  rules(): Promise<readonly {readonly name: string; readonly health: string; readonly lastError?: string}[]>;
  stop(): Promise<void>;
}

const startPrometheus = async (posterns: readonly Instance[]): Promise<{url: string; stop(): Promise<unknown>}> => {
  const folder = temporaryFolder();
  const port = await freePort();
  const targets = posterns.map(({admin}, at) => ({
    targets: [admin],
    labels: {namespace: 'shop', pod: `orders-${at}`},
  }));
  const configuration = {
    global: {scrape_interval: '1s', evaluation_interval: '5s'},
    rule_files: [alerts],
    scrape_configs: [{job_name: 'orders', static_configs: targets}],
  };
  writeFileSync(join(folder, 'prometheus.yml'), stringify(configuration));
  const url = `http://127.0.0.1:${port}`;
  const running = await start({
    name: 'prometheus',
    command: await tool('prometheus'),
    args: [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    ready: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  return {url, stop: () => running.stop()};
};

/** Rejects with ToolMissing where there is no Prometheus or no Redis; what had been started is ended then. */
export const startDashboardStage = async (): Promise<DashboardStage> => {
  const {keep, end: stop} = makeEndings();
  try {
    await tool('prometheus');
    const redis = keep(await startRedis());
    const identityProvider = keep(await startIdentityProvider({people: {}, audience: 'orders-api'}));
    const issuer = keep(await startIntrospection());
    const settings = settingsOf(identityProvider.issuer, issuer.url, redis.url);
    const posterns = [keep(await startInstance(settings)), keep(await startInstance(settings))] as const;
    const prometheus = keep(await startPrometheus(posterns));
    const traffic = await makeTraffic(identityProvider);
    const clients = posterns.map(({address}) => makeCheckClient(address));
    for (const client of clients) keep(client);

    const configurationOf = ({folder}: Instance) => join(folder, 'postern.yaml');
    const good = posterns.map((postern) => readFileSync(configurationOf(postern), 'utf8'));
    const configure = (at: 0 | 1, change: (text: string) => string) =>
      writeFileSync(configurationOf(posterns[at]), change(good[at] as string));
    const renamed = (text: string) => text.replace('/v1/**', '/v0/**');

    /** The command line wants the whole configuration to be good, though it listens nowhere. */
    const anywhere = {CHECK_ADDRESS: '127.0.0.1:1', ADMIN_ADDRESS: '127.0.0.1:1'};
    /** What happens, and when: from 0, the start, to 1, the end. */
    const events: readonly (readonly [number, () => unknown])[] = [
      [0.1, () => runPostern(['revoke', '-c', configurationOf(posterns[0]), '--subject', 'mallory'], anywhere)],
      [0.2, () => configure(0, renamed)],
      [0.3, () => configure(1, renamed)],
      [0.35, () => issuer.turn(false)],
      [0.5, () => issuer.turn(true)],
      [0.55, () => configure(1, (text) => `${renamed(text)}\nnonsense: true\n`)],
      [0.62, () => redis.pause()],
      [0.72, () => redis.resume()],
      [0.8, () => configure(1, renamed)],
      [0.84, () => attack(true)],
      [0.92, () => attack(false)],
    ];

    /** Every third request is then one with a forged token, whatever it would have been. */
    let attacked = false;
    const attack = (on: boolean) => {
      attacked = on;
    };

    const send = async (round: number): Promise<void> => {
      const {token, ...sent} = attacked && round % 3 === 0 ? traffic.forged : traffic.usual(round);
      const headers: [string, string][] = token === undefined ? [] : [['authorization', `Bearer ${token}`]];
      await clients[round % 2]?.check(checkRequestOf({...sent, headers})).catch(() => undefined);
    };

    const ask = makeAsk(prometheus.url);
    return {
      happen: async (seconds) => {
        const from = Math.floor(Date.now() / 1_000) + 1;
        const waiting = [...events];
        const done: unknown[] = [];
        const began = performance.now();
        for (let round = 0; ; ) {
          const at = (performance.now() - began) / 1_000 / seconds;
          if (at >= 1) break;
          while (waiting[0] !== undefined && waiting[0][0] <= at) done.push(waiting.shift()?.[1]());
          // Between 12 and 48 requests each 300 ms, in waves.
          const many = Math.round(30 + 18 * Math.sin(at * 9) * Math.cos(at * 31));
          await Promise.all(Array.from({length: many}, (_, one) => send(round + one)));
          round += many;
          await sleep(300);
        }
        await Promise.all(done);
        return {from, to: Math.floor(Date.now() / 1_000), step: 1};
      },
      range: async (query, {from, to, step}) => {
        const data = await ask('query_range', {query, start: `${from}`, end: `${to}`, step: `${step}`});
        return (data as {result: Answer[]}).result;
      },
      instant: async (query, {to}) => {
        const {result} = (await ask('query', {query, time: `${to}`})) as {
          result: {metric: Answer['metric']; value: [number, string]}[];
        };
        return result.map(({metric, value}) => ({metric, values: [value]}));
      },
      labelValues: async (label, matcher) =>
        (await ask(`label/${label}/values`, {'match[]': matcher})) as readonly string[],
      rules: async () => {
        const {groups} = (await ask('rules', {})) as {
          groups: {rules: {name: string; health: string; lastError?: string}[]}[];
        };
        return groups.flatMap((group) => group.rules);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** A query with Grafana's variables filled in, the way Grafana does: all values are `.*`, several are `(a|b)`. */
export const filledIn = (query: string, chosen: Readonly<Record<string, string>>, {from, to}: Span): string => {
  const values: Readonly<Record<string, string>> = {
    namespace: '.*',
    workload: '.*',
    pod: '.*',
    rule: '.*',
    compare: '20s',
    __rate_interval: '10s',
    __range: `${to - from}s`,
    ...chosen,
  };
  return query.replace(/\$(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${query} uses $${name}, which the dashboard does not have`);
    return value;
  });
};
