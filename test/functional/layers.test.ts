// What each layer tells Prometheus, in real runs: hits, stale ones, misses, errors, age, lag.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {scraped} from '../observe/exposition.ts';
import {json, startServer} from '../remote/servers.ts';
import {until} from '../store/rig.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {type Kinde, startKinde} from '../support/vendors/kinde.ts';

const rules = [
  {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
  {name: 'rest', match: {path: '/**'}, require: {}},
];

describe('the metrics of each layer', function () {
  this.timeout(60_000);
  // Times of seconds: a machine that stops for that long spoils one run.
  this.retries(1);
  const ends: (() => unknown)[] = [];
  const kept = <T>(thing: T, end: (thing: T) => unknown): T => {
    ends.push(() => end(thing));
    return thing;
  };
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const startKindeProvider = async (): Promise<{kinde: Kinde; providers: readonly object[]}> => {
    const kinde = kept(await startKinde(), ({close}) => close());
    return {kinde, providers: [{name: 'ki', type: 'kinde', domain: kinde.domain, audience: ['orders-api']}]};
  };
  const start = async (settings: Record<string, unknown>): Promise<{postern: Postern; client: CheckClient}> => {
    const postern = kept(await startPostern({rules, ...settings}), (one) => one.stop());
    return {postern, client: kept(makeCheckClient(postern.address), (one) => one.close())};
  };
  const says = async (client: CheckClient, path: string, token: string): Promise<string> => {
    const answer = await client.check(checkRequestOf({path, headers: [['authorization', `Bearer ${token}`]]}));
    if (answer.okResponse !== undefined) return 'allow';
    return JSON.parse((answer.deniedResponse ?? answer.errorResponse)?.body ?? '{}').code;
  };
  const read = async ({adminUrl}: Postern) => scraped(await (await fetch(`${adminUrl}/metrics`)).text());
  /** What `act` adds to a cache's counters: `memory hit` -> how many. */
  const added = async (
    postern: Postern,
    cache: string,
    act: () => Promise<unknown>,
  ): Promise<Record<string, number>> => {
    const counts = async () => {
      const {samples} = await read(postern);
      const own = samples.filter(({name, labels}) => name === 'postern_cache_requests_total' && labels.cache === cache);
      return new Map(own.map(({labels, value}) => [`${labels.layer} ${labels.result}`, value]));
    };
    const before = await counts();
    await act();
    const after = await counts();
    const grown = [...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)] as const);
    return Object.fromEntries(grown.filter(([, value]) => value > 0));
  };

  it('entitlements asked per principal: memory, Redis, source; two instances', async () => {
    const {kinde, providers} = await startKindeProvider();
    kinde.bought.set('org_1', ['reports']);
    const redis = kept(await startRedis(), (one) => one.stop());
    const entitlements = {source: {type: 'kinde', domain: kinde.domain}, cache: {fresh: '2s', stale: '6s'}};
    const settings = {providers, redis: {url: redis.url, timeout: '1s'}, entitlements};
    const one = await start(settings);
    const two = await start(settings);
    const token = await kinde.token();
    const ask = (of: typeof one) => () => says(of.client, '/reports', token);

    assert.deepEqual(await added(one.postern, 'entitlements', ask(one)), {
      'memory miss': 1,
      'redis miss': 1,
      'source hit': 1,
    });
    assert.deepEqual(await added(one.postern, 'entitlements', ask(one)), {'memory hit': 1});
    assert.deepEqual(await added(two.postern, 'entitlements', ask(two)), {'memory miss': 1, 'redis hit': 1});
    assert.deepEqual(await added(one.postern, 'principals', ask(one)), {'memory hit': 1});
    assert.equal((await read(one.postern)).value('postern_cache_entries', {cache: 'entitlements'}), 1);

    kinde.faults.set('/account_api/v1/entitlements', {status: 500});
    await sleep(2_100);
    const stale = await added(one.postern, 'entitlements', async () => {
      assert.equal(await ask(one)(), 'allow');
      await sleep(500);
    });
    assert.equal(stale['memory stale'], 1, JSON.stringify(stale));
    assert.equal(stale['source error'], 1, JSON.stringify(stale));
    await sleep(4_500);
    const gone = await added(one.postern, 'entitlements', async () => assert.equal(await ask(one)(), 'unavailable'));
    assert.equal(gone['memory miss'], 1, JSON.stringify(gone));

    kinde.faults.clear();
    assert.equal((await read(one.postern)).value('postern_circuit_state', {dependency: 'redis'}), 0);
    await redis.kill();
    const {value} = await read(one.postern);
    assert.ok((value('postern_dependency_requests_total', {dependency: 'redis', result: 'ok'}) ?? 0) > 0);
    const away = await added(two.postern, 'entitlements', () => ask(two)());
    assert.equal(away['redis error'] ?? away['redis miss'], 1, JSON.stringify(away));
    await until('the circuit of Redis is shown open', async () => {
      const found = await read(one.postern);
      return found.value('postern_circuit_state', {dependency: 'redis'}) === 2;
    });
    await until('the lag of the feed grows', async () => {
      const found = await read(one.postern);
      return (found.value('postern_revocation_feed_lag_seconds') ?? 0) > 2;
    });
    const keys = (await read(one.postern)).value('postern_keys_age_seconds', {provider: 'ki'});
    assert.ok(keys !== undefined && keys > 5, `${keys}`);
  });

  it('entitlements as a snapshot: fresh, stale, too old, and their age', async () => {
    const {kinde, providers} = await startKindeProvider();
    const document = {
      features: {reports: {}},
      plans: {pro: {features: ['reports']}},
      grants: [{plan: 'pro', tenant: 'org_1'}],
    };
    let isUp = true;
    const source = kept(
      await startServer((_request, response) => (isUp ? json(response, document) : json(response, {}, 500))),
      ({close}) => close(),
    );
    const cache = {fresh: '1s', stale: '4s'};
    const {postern, client} = await start({providers, entitlements: {source: {type: 'http', url: source.url}, cache}});
    const token = await kinde.token();
    const ask = () => says(client, '/reports', token);

    assert.equal((await added(postern, 'entitlements', ask))['memory hit'], 1);
    assert.equal((await read(postern)).value('postern_entitlements_grants'), 1);
    isUp = false;
    await sleep(1_800);
    const stale = await added(postern, 'entitlements', async () => {
      assert.equal(await ask(), 'allow');
      await until('a fetch has failed', async () => {
        const {value} = await read(postern);
        const labels = {cache: 'entitlements', layer: 'source', result: 'error'};
        return (value('postern_cache_requests_total', labels) ?? 0) > 0;
      });
    });
    assert.equal(stale['memory stale'], 1, JSON.stringify(stale));
    assert.ok(((await read(postern)).value('postern_entitlements_age_seconds') ?? 0) > 1);
    await until('they are too old', async () => (await ask()) === 'unavailable', 10_000);
    assert.ok((await added(postern, 'entitlements', ask))['memory miss'], 'too old is a miss');
    isUp = true;
    await until('they are back', async () => (await ask()) === 'allow', 20_000);
    await until(
      'they are young',
      async () => ((await read(postern)).value('postern_entitlements_age_seconds') ?? 9) < 1,
    );
  });
});
