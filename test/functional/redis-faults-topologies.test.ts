// A real Sentinel and a real three-node Cluster: found, failed over, and worked without while a part is away.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {readHead, readTenants} from '../../src/entitlements/recordRead.ts';
import {loadRecord, writeTenant} from '../../src/entitlements/recordWrite.ts';
import {openRedis} from '../../src/store/redis.ts';
import {entryName} from '../../src/store/seal.ts';
import type {RedisSettings} from '../../src/store/settings.ts';
import {grant, snapshot} from '../entitlements/rig.ts';
import {type Fact, measure, openFeed, openStore, revoke, settingsOf, until} from '../store/rig.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {type Running, start} from '../support/processes.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {tool} from '../support/tools.ts';

const minute = 60_000;
const keeps = async (store: ReturnType<typeof openStore>, key: string): Promise<boolean> => {
  await store.cache.set(key, {fact: 'alive'}, minute);
  return ((await store.cache.get(key)) as Fact | undefined)?.fact === 'alive';
};

describe('Redis topologies', function () {
  this.timeout(60_000);
  const ends: (() => unknown)[] = [];
  const kept = <T extends {close(): unknown} | {stop(): unknown}>(thing: T): T => {
    ends.push(() => ('close' in thing ? thing.close() : thing.stop()));
    return thing;
  };
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const raw = async (settings: RedisSettings) => {
    const connection = kept(openRedis(settings, {purpose: 'test', timeout: 2_000, random: Math.random}));
    await until('it is connected', () => connection.ready());
    return connection;
  };

  const startSentinel = async (master: number): Promise<{port: number; process: Running}> => {
    const port = await freePort();
    const folder = temporaryFolder();
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${master} 1`,
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 3000',
    ];
    writeFileSync(file, lines.join('\n'));
    const command = await tool('redis-server');
    const process = kept(
      await start({
        name: 'sentinel',
        command,
        args: [file, '--sentinel'],
        ready: (output) => output.includes('+monitor'),
      }),
    );
    return {port, process};
  };

  it('Sentinel: the master is found, and after it was killed the new one', async () => {
    const master: Redis = kept(await startRedis({args: ['--dir', temporaryFolder()]}));
    const replica = kept(
      await startRedis({args: ['--dir', temporaryFolder(), '--replicaof', '127.0.0.1', `${master.port}`]}),
    );
    const toReplica = await raw(settingsOf({url: replica.url}));
    await until('the replica is in step', async () =>
      String(await toReplica.call('INFO', 'replication')).includes('master_link_status:up'),
    );
    const {port, process} = await startSentinel(master.port);
    await until('the Sentinel knows the replica', () => process.output().includes('+slave'), 15_000);

    const settings = settingsOf({sentinel: {master: 'main', nodes: [`127.0.0.1:${port}`]}});
    const store = kept(openStore(settings));
    const feed = kept(openFeed(settings));
    const other = kept(openFeed(settings));
    await until('the cache works', () => keeps(store, 'probe'));
    await Promise.all([feed.feed.start(), other.feed.start()]);
    await feed.feed.add(revoke('before'));

    await master.kill();
    console.log(`      while the master is away: ${await measure(500, () => store.cache.get('probe'))}`);
    const took = await until('the new master is used', () => keeps(store, 'probe'), 30_000);
    console.log(`      failed over after ${took.toFixed(0)} ms`);
    assert.equal(store.redis.health().state, 'ready');
    await until('the feeds follow the new master', () => feed.inStep() && other.inStep(), 15_000);
    const later = kept(openFeed(settings));
    await later.feed.start();
    await until('a later one knows what was said before', () => later.heard().includes('before'), 15_000);
    await feed.feed.add(revoke('u1'));
    await until('the other hears it', () => other.heard().includes('u1'), 15_000);
  });

  it('Cluster of three: used throughout; with one node away its keys are misses, the others go on', async () => {
    const nodes: Redis[] = [];
    for (let at = 0; at < 3; at++) {
      const args = [
        '--cluster-enabled',
        'yes',
        '--cluster-node-timeout',
        '1000',
        '--cluster-require-full-coverage',
        'no',
      ];
      nodes.push(kept(await startRedis({args: [...args, '--dir', temporaryFolder()]})));
    }
    const each = await Promise.all(nodes.map(({url}) => raw(settingsOf({url}))));
    for (const [at, node] of each.entries()) {
      const [from, to] = [Math.ceil((16_384 * at) / 3), Math.ceil((16_384 * (at + 1)) / 3)];
      await node.call('CLUSTER', 'ADDSLOTS', ...Array.from({length: to - from}, (_, slot) => from + slot));
      await node.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0);
    }
    await until(
      'they are one',
      async () => {
        const states = await Promise.all(each.map((node) => node.call('CLUSTER', 'INFO')));
        return states.every((state) => /cluster_state:ok.*cluster_known_nodes:3/s.test(String(state)));
      },
      20_000,
    );

    const settings = settingsOf({cluster: nodes.map(({port}) => `127.0.0.1:${port}`), timeout: '100ms'});
    const store = kept(openStore(settings));
    await until('the cache works', () => keeps(store, 'probe'), 15_000);
    const keys = Array.from({length: 60}, (_, at) => `k${at}`);
    for (const key of keys) assert.ok(await keeps(store, key), key);
    const sizes = await Promise.all(each.map((node) => node.call('DBSIZE')));
    assert.ok(
      sizes.every((size) => Number(size) > 0),
      `spread over all: ${sizes}`,
    );

    const [feed, other] = [kept(openFeed(settings)), kept(openFeed(settings))];
    await Promise.all([feed.feed.start(), other.feed.start()]);
    await feed.feed.add(revoke('u1'));
    await until('the other hears it', () => other.heard().includes('u1'));

    const record = await raw(settings);
    await loadRecord(record, 'postern:', snapshot(grant('t1'), grant('t2', 'max')), 'one');
    await writeTenant(record, 'postern:', 't1', []);
    const {plans} = await readHead(record, 'postern:');
    const tenants = [];
    for await (const {tenant} of readTenants(record, 'postern:', plans)) tenants.push(tenant);
    assert.deepEqual(tenants, ['t2'], 'the record of entitlements spans keys of one slot');

    // The node without the feed, so that both can be seen to go on.
    const slotOf = async (key: string) => Number(await each[0]?.call('CLUSTER', 'KEYSLOT', key));
    const ofFeed = Math.floor((3 * (await slotOf('postern:{revocations}'))) / 16_384);
    const away = (ofFeed + 1) % 3;
    await nodes[away]?.kill();
    const found = async () => {
      const here: string[] = [];
      for (const key of keys) if ((await store.cache.get(key)) !== undefined) here.push(key);
      return here;
    };
    let some: string[] = [];
    await until(
      'the others go on',
      async () => {
        some = await found();
        return some.length > 0;
      },
      15_000,
    );
    for (const key of some) {
      const slot = await slotOf(entryName('postern:', 'facts', key));
      assert.notEqual(Math.floor((3 * slot) / 16_384), away, 'a key of the node that is away');
    }
    let hits = 0;
    const look = async (at: number) => {
      await sleep(5);
      if ((await store.cache.get(keys[at % keys.length] ?? '')) !== undefined) hits++;
    };
    let at = 0;
    console.log(
      `      with a node away: ${await measure(300, () => look(at++))} (5 ms of them sleep); ${hits} hits of 300`,
    );
    await feed.feed.add(revoke('u2'));
    await until('the feed goes on', () => other.heard().includes('u2'), 15_000);
  });
});
