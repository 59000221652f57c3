// Entitlements in Redis as the store of record: three instances see each change, and decide on through every fault.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {Unavailable} from '../../src/core/unavailable.ts';
import {recordKeys} from '../../src/entitlements/record.ts';
import {readHead, readSomeTenants, readTenants} from '../../src/entitlements/recordRead.ts';
import {loadRecord, writeTenant} from '../../src/entitlements/recordWrite.ts';
import {makeRedisSource} from '../../src/entitlements/redis.ts';
import {makeKeptSnapshots, makeSharedSnapshots} from '../../src/entitlements/shared.ts';
import type {SnapshotSource} from '../../src/entitlements/source.ts';
import {makePieces} from '../../src/store/pieces.ts';
import {openRedis} from '../../src/store/redis.ts';
import {makeSeal} from '../../src/store/seal.ts';
import type {RedisSettings} from '../../src/store/settings.ts';
import {grant, openEntitlements, snapshot} from '../entitlements/rig.ts';
import {endingAfterEach, measure, openStore, settingsOf, until} from '../store/rig.ts';
import {startRedis} from '../support/redis.ts';

const prefix = 'postern:';
const keys = recordKeys(prefix);

describe('entitlements in Redis', () => {
  const kept = endingAfterEach();
  const connect = (settings: RedisSettings, timeout = 5_000) =>
    kept(openRedis(settings, {purpose: 'entitlements', timeout, random: Math.random}));
  const writer = async (settings: RedisSettings) => {
    const redis = connect(settings);
    await until('it is connected', () => redis.ready());
    return redis;
  };
  const open = async (settings: RedisSettings, times = {fresh: 30_000, stale: 600_000}) => {
    const redis = connect(settings);
    const following = connect(settings, 2_500);
    await until('it is connected', () => redis.ready() && following.ready());
    const said: string[] = [];
    const log = (message: string) => void said.push(message);
    const source = makeRedisSource({redis, following, prefix, steady: Date.now, sleep: (ms) => sleep(ms), log});
    const entitlements = kept(openEntitlements({source, settings: times}));
    await entitlements.store.start();
    return {...entitlements, said};
  };
  type Opened = Awaited<ReturnType<typeof open>>;
  const allSay = async (three: readonly Opened[], tenant: string, feature: string, answer: string) => {
    const took = await until(`all say ${answer}`, () => three.every(({says}) => says(tenant, feature) === answer));
    console.log(`      ${tenant} ${feature} ${answer}: everywhere after ${took.toFixed(0)} ms`);
    return took;
  };

  it('changes that cannot be followed are told, although the load works; and that they can again', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const write = await writer(settings);
    await loadRecord(write, prefix, snapshot(grant('t1')), 'one');
    await write.call('ACL', 'SETUSER', 'postern', 'on', '>pw', '~postern:*', '&*', '+@all', '-xread');
    const {store} = await open({...settings, username: 'postern', password: 'pw'});
    await until('it is told', () => store.health().state === 'degraded');
    assert.match(
      store.health().detail ?? '',
      /^changes cannot be followed: its ACL does not let this user run xread \(NOPERM\): .*within 30 s$/,
    );
    await write.call('ACL', 'SETUSER', 'postern', '+xread');
    await until('it works', () => store.health().state === 'ready', 15_000);
  });

  it('a Redis that hangs is told, and so is the end of that', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    await loadRecord(await writer(settings), prefix, snapshot(grant('t1')), 'one');
    const {store, says} = await open(settings);
    const guarded = kept(openStore(settings)).redis;
    await until('both are ready', () => guarded.health().state === 'ready' && store.health().state === 'ready');
    redis.pause();
    // Nothing is asked of it meanwhile.
    await until('Redis is degraded', () => guarded.health().state === 'degraded', 10_000);
    assert.match(guarded.health().detail ?? '', /^it does not answer in time since /);
    await until('changes are not followed', () => store.health().state === 'degraded', 10_000);
    assert.match(store.health().detail ?? '', /^changes cannot be followed: it does not answer/);
    assert.equal(says('t1'), 'yes');
    redis.resume();
    await until('Redis is back', () => guarded.health().state === 'ready', 15_000);
    await until('changes are followed', () => store.health().state === 'ready', 15_000);
  });

  it('every instance sees a change within a second, also after Redis was killed and came back empty', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const write = await writer(settings);
    await loadRecord(write, prefix, snapshot(grant('t1'), grant('t2', 'max')), 'one');
    const three = [await open(settings), await open(settings), await open(settings)];
    assert.deepEqual(
      three.map(({says}) => [says('t1'), says('t1', 'reports'), says('t2', 'reports'), says('t3')]),
      Array(3).fill(['yes', 'missing-feature', 'yes', 'missing-feature']),
    );

    await writeTenant(write, prefix, 't1', [grant('t1', 'max')]);
    assert.ok((await allSay(three, 't1', 'reports', 'yes')) < 1_000);
    await writeTenant(write, prefix, 't1', []);
    assert.ok((await allSay(three, 't1', 'orders', 'missing-feature')) < 1_000);
    await loadRecord(write, prefix, snapshot(grant('t3', 'max', {user: 'u1'})), 'two');
    assert.ok((await allSay(three, 't3', 'reports', 'yes')) < 1_000);
    assert.ok((await allSay(three, 't2', 'reports', 'missing-feature')) < 1_000);
    assert.equal(three[0]?.says('t3', 'reports', 'u2'), 'missing-feature');

    await redis.kill();
    console.log(`      while Redis is away: ${await measure(2_000, () => three[0]?.says('t3', 'reports'))}`);
    assert.deepEqual(
      three.map(({says}) => says('t3', 'reports')),
      ['yes', 'yes', 'yes'],
    );
    kept(await startRedis({port: redis.port}));
    await until('all say that Redis is empty', () =>
      three.every(({store}) => /run postern entitlements load/.test(store.health().detail ?? '')),
    );
    assert.deepEqual(
      three.map(({says}) => says('t3', 'reports')),
      ['yes', 'yes', 'yes'],
      'the last good ones',
    );
    await until('the writer is back', () => write.ready());
    await loadRecord(write, prefix, snapshot(grant('t4')), 'three');
    assert.ok((await allSay(three, 't4', 'orders', 'yes')) < 6_000);
    await until('they are well', () => three.every(({store}) => store.health().state === 'ready'));
    await writeTenant(write, prefix, 't5', [grant('t5')]);
    assert.ok((await allSay(three, 't5', 'orders', 'yes')) < 1_000);
  });

  it('hanging: decides on, until too old; then unavailable; and back', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const write = await writer(settings);
    await loadRecord(write, prefix, snapshot(grant('t1')), 'one');
    const one = await open(settings, {fresh: 200, stale: 2_500});
    assert.equal(one.says('t1'), 'yes');
    redis.pause();
    await sleep(600);
    console.log(`      while it hangs: ${await measure(2_000, () => one.says('t1'))}`);
    assert.equal(one.says('t1'), 'yes');
    await until('too old', () => one.says('t1') === 'unavailable', 6_000);
    assert.equal(one.store.health().state, 'unready');
    redis.resume();
    await until('it is back', () => one.says('t1') === 'yes', 15_000);
  });

  it('what cannot be understood keeps the last good ones and is named', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const write = await writer(settings);
    await loadRecord(write, prefix, snapshot(grant('t1')), 'one');
    const rows: [string, () => Promise<unknown>, RegExp][] = [
      ['a grant that is not JSON', () => write.call('HSET', keys.grants, 't9', 'x'), /field "t9": is not a JSON list/],
      ['an unknown plan', () => write.call('HSET', keys.grants, 't9', '[{"plan":"no"}]'), /there is no plan "no"/],
      [
        'a wrong date',
        () => write.call('HSET', keys.grants, 't9', '[{"plan":"pro","expires":"soon"}]'),
        /is not a date/,
      ],
      ['null', () => write.call('HSET', keys.grants, 't9', '[null]'), /field "t9": /],
      [
        'a key twice',
        () => write.call('HSET', keys.plans, 'p', '{"features":[],"default":false,"default":true}'),
        /field "p": "default" stands here for the second time/,
      ],
      ['a plan that is none', () => write.call('HSET', keys.plans, 'p', '[]'), /field "p": /],
      ['grants of the wrong type', () => write.call('SET', keys.grants, 'x'), /WRONGTYPE/],
    ];
    for (const [what, spoil, message] of rows) {
      await loadRecord(write, prefix, snapshot(grant('t1')), `before ${what}`);
      const one = await open(settings);
      assert.equal(one.says('t1'), 'yes', what);
      await spoil();
      await write.call('XADD', keys.changes, '*', 'all', '1');
      await write.call('SET', keys.version, `spoilt by ${what}`);
      await until(`${what} is named`, () => message.test(one.store.health().detail ?? ''), 4_000).catch((error) => {
        throw new Error(`${error.message}: ${one.store.health().detail} ${one.log}`);
      });
      assert.equal(one.says('t1'), 'yes', what);
      const age = one.store.age();
      await sleep(1_200);
      assert.ok(one.store.age() > age + 1, `${what}: its age grows`);
      await one.close();
      await write.call('DEL', keys.grants, keys.plans);
    }
  });

  it('what cannot be understood of one tenant keeps no other from being followed', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const write = await writer(settings);
    await loadRecord(write, prefix, snapshot(grant('t1'), grant('bad')), 'one');
    const one = await open(settings);
    const announce = (tenant: string) => write.call('XADD', keys.changes, '*', 'tenant', tenant);
    await write.call('HSET', keys.grants, 'bad', '[{"plan":"pro","values":{"seats":-1}}]');
    await announce('bad');
    await until('it is named', () => /field "bad": /.test(one.store.health().detail ?? ''));
    for (const tenant of ['t2', 't3']) {
      await writeTenant(write, prefix, tenant, [grant(tenant)]);
      await until(`${tenant} is followed`, () => one.says(tenant) === 'yes', 10_000);
    }
    await write.call('HDEL', keys.grants, 't1');
    await announce('t1');
    await until('what is taken away is followed, too', () => one.says('t1') !== 'yes', 10_000);
    assert.equal(one.says('bad'), 'yes', 'it keeps what it had');
    assert.equal(one.store.health().state, 'degraded');
    const age = one.store.age();
    await sleep(2_500);
    assert.ok(one.store.age() > age + 2, 'nothing is confirmed');
    assert.equal(one.said.length, 1, `told once: ${one.said}`);
    await writeTenant(write, prefix, 'bad', []);
    await until('it is mended', () => one.store.health().state === 'ready', 15_000);
    assert.notEqual(one.says('bad'), 'yes');
  });

  it('a whole load while readers read is never seen in part', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const write = await writer(settings);
    const tenants = Array.from({length: 3_000}, (_, at) => `t${at}`);
    await loadRecord(write, prefix, snapshot(...tenants.map((tenant) => grant(tenant))), 'old');
    const one = await open(settings);
    let steps = 0;
    const loaded = await loadRecord(
      write,
      prefix,
      snapshot(...tenants.map((tenant) => grant(tenant, 'max'))),
      'new',
      () => {
        steps++;
        const answers = new Set(tenants.map((tenant) => one.says(tenant, 'reports')));
        assert.deepEqual([...answers], ['missing-feature']);
      },
    );
    assert.deepEqual(loaded, {grants: 3_000, tenants: 3_000});
    assert.ok(steps > 5);
    await until('all is new', () => tenants.every((tenant) => one.says(tenant, 'reports') === 'yes'));
    const left = (await write.call('KEYS', 'postern:*')) as string[];
    const before = ['features', 'grants', 'plans', 'version'].map(keys.before);
    assert.deepEqual(left.sort(), [...before, keys.changes, keys.features, keys.grants, keys.plans, keys.version]);
    for (const key of before) assert.ok(Number(await write.call('PTTL', key)) > 3_500_000, key);
  });

  it('reads back what was written, tenant by tenant', async () => {
    const redis = kept(await startRedis());
    const write = await writer(settingsOf({url: redis.url}));
    const odd = ['t1', 'with space', 'ünïcode', '__proto__', 'a/b%c', '"quoted"'];
    const grants = odd.flatMap((tenant) => [
      grant(tenant),
      grant(tenant, 'max', {user: 'u1', expires: 1_900_000_000_000}),
    ]);
    await loadRecord(write, prefix, snapshot(...grants), 'one');
    const head = await readHead(write, prefix);
    assert.deepEqual(head, {features: snapshot().features, plans: snapshot().plans, flags: new Map()});
    const found = [];
    for await (const {tenant, grants} of readTenants(write, prefix, head.plans)) found.push([tenant, grants]);
    const byName = (a: unknown[], b: unknown[]) => String(a[0]).localeCompare(String(b[0]));
    const expected = odd.map((tenant) => [tenant, grants.filter((each) => each.tenant === tenant)]);
    assert.deepEqual(found.sort(byName), expected.sort(byName));
    const [first, none] = await readSomeTenants(write, prefix, ['__proto__', 'nobody'], head.plans);
    assert.equal(first?.grants.length, 2);
    assert.deepEqual(none?.grants, []);
  });

  const openShared = (settings: RedisSettings, source: SnapshotSource, fresh = 30_000, make = makeSharedSnapshots) => {
    const redis = connect(settings, 1_000);
    const pieces = makePieces({
      redis,
      prefix,
      name: 'snapshot:test',
      keep: 600_000,
      seal: makeSeal(settings.sealKey),
      now: Date.now,
    });
    const cache = {fresh, stale: 600_000};
    const shared = make({
      pieces,
      now: Date.now,
      steady: Date.now,
      sleep: (ms) => sleep(ms),
      settings: cache,
      connected: async () => {},
    });
    return {redis, entitlements: kept(openEntitlements({source, shared, settings: cache}))};
  };

  describe('a snapshot that one instance fetches for all', () => {
    const countingSource = () => {
      const self = {loads: 0, version: 'v1', tenant: 't1'};
      const source: SnapshotSource = {
        name: 'slow',
        load: async (known) => {
          self.loads += 1;
          await sleep(300);
          return known === self.version ? 'unchanged' : {version: self.version, snapshot: snapshot(grant(self.tenant))};
        },
      };
      return {self, source};
    };

    it('five that start together fetch once', async () => {
      const redis = kept(await startRedis());
      const {self, source} = countingSource();
      const five = Array.from({length: 5}, () =>
        openShared(settingsOf({url: redis.url, sealKey: 'of the tests here'}), source),
      );
      await until('all are connected', () => five.every((each) => each.redis.ready()));
      await Promise.all(five.map(({entitlements}) => entitlements.store.start()));
      assert.deepEqual(
        five.map(({entitlements}) => entitlements.says('t1')),
        Array(5).fill('yes'),
      );
      assert.equal(self.loads, 1);
    });

    it('without Redis, and with a Redis that hangs, each fetches for itself', async () => {
      const redis = kept(await startRedis());
      const {self, source} = countingSource();
      const one = openShared(settingsOf({url: redis.url}), source);
      const two = openShared(settingsOf({url: redis.url}), source);
      await until('both are connected', () => one.redis.ready() && two.redis.ready());
      redis.pause();
      await Promise.all([one.entitlements.store.start(), two.entitlements.store.start()]);
      assert.deepEqual([one.entitlements.says('t1'), two.entitlements.says('t1'), self.loads], ['yes', 'yes', 2]);
      redis.resume();
    });

    it('a tampered piece is fetched anew', async () => {
      const redis = kept(await startRedis());
      const settings = settingsOf({url: redis.url, sealKey: 'of the tests here'});
      const {self, source} = countingSource();
      const one = openShared(settings, source);
      await until('it is connected', () => one.redis.ready());
      await one.entitlements.store.start();
      const names = (await one.redis.call('KEYS', 'postern:snapshot:test:*:1')) as string[];
      const [piece] = names as [string];
      const text = String(await one.redis.call('GET', piece));
      await one.redis.call('SET', piece, text.replace('"t1"', '"t2"'));
      const two = openShared(settings, source);
      await until('it is connected', () => two.redis.ready());
      await two.entitlements.store.start();
      assert.deepEqual(
        [two.entitlements.says('t1'), two.entitlements.says('t2'), self.loads],
        ['yes', 'missing-feature', 2],
      );
    });

    it('a refresh by one is the refresh of all', async () => {
      const redis = kept(await startRedis());
      const {self, source} = countingSource();
      const three = Array.from({length: 3}, () => openShared(settingsOf({url: redis.url}), source, 1_000));
      await until('all are connected', () => three.every((each) => each.redis.ready()));
      await Promise.all(three.map(({entitlements}) => entitlements.store.start()));
      self.version = 'v2';
      self.tenant = 't2';
      await until('all have the new one', () => three.every(({entitlements}) => entitlements.says('t2') === 'yes'));
      console.log(`      ${self.loads} loads for 3 instances`);
      assert.ok(three.every(({entitlements}) => entitlements.says('t1') === 'missing-feature'));
    });
  });

  describe('a snapshot of a local file, kept in Redis', () => {
    const openKept = async (url: string, load: SnapshotSource['load'], sealKey?: string) => {
      const opened = openShared(
        settingsOf({url, ...(sealKey && {sealKey})}),
        {name: 'file', load},
        30_000,
        makeKeptSnapshots,
      );
      await until('it is connected', () => opened.redis.ready());
      return opened;
    };
    const there = async () => ({version: 'v1', snapshot: snapshot(grant('t1'))});
    const gone = async () => {
      throw new Unavailable('entitlements', new Error('the file is gone'));
    };

    it('serves an instance that starts while the file is gone, which says so', async () => {
      const redis = kept(await startRedis());
      const one = await openKept(redis.url, there);
      await one.entitlements.store.start();
      await until('it is kept', async () => (await one.redis.call('EXISTS', 'postern:snapshot:test')) === 1);
      const two = await openKept(redis.url, gone);
      await two.entitlements.store.start();
      assert.equal(two.entitlements.says('t1'), 'yes');
      const {state, detail} = two.entitlements.store.health();
      assert.deepEqual([state, /the file is gone/.test(detail ?? '')], ['degraded', true]);
      assert.ok(two.entitlements.store.age() < 60);
    });

    it('never stands before the file, and is nothing without Redis or behind another seal', async () => {
      const redis = kept(await startRedis());
      const one = await openKept(redis.url, there, 'of the tests here');
      await one.entitlements.store.start();
      await until('it is kept', async () => (await one.redis.call('EXISTS', 'postern:snapshot:test')) === 1);
      const newer = async () => ({version: 'v2', snapshot: snapshot(grant('t2'))});
      const two = await openKept(redis.url, newer, 'of the tests here');
      await two.entitlements.store.start();
      assert.deepEqual([two.entitlements.says('t1'), two.entitlements.says('t2')], ['missing-feature', 'yes']);
      const three = await openKept(redis.url, gone, 'another key, of others');
      await three.entitlements.store.start();
      assert.equal(three.entitlements.store.health().state, 'unready');
    });
  });
});
