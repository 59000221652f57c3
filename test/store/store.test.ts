// The store without Redis: the memory cache, the layers, the seal, the settings, the breaker, the feed in one process.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import fc from 'fast-check';
import {makeFeed} from '../../src/store/feed.ts';
import {packMessage, unpackMessage} from '../../src/store/feedMessage.ts';
import {makeGuardedRedis} from '../../src/store/guarded.ts';
import {jittered, makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import type {RedisConnection} from '../../src/store/redis.ts';
import {entryName, makeSeal} from '../../src/store/seal.ts';
import {redisSettings, revocationSettings} from '../../src/store/settings.ts';
import {entriesOf, isAfter} from '../../src/store/stream.ts';
import {type Fact, revoke, until} from './rig.ts';

describe('the memory cache', () => {
  it('keeps for the time given, and no longer', () => {
    let now = 1_000;
    const cache = makeMemoryCache<string>({entries: 10}, () => now);
    cache.set('k', 'v', 50);
    now = 1_049;
    assert.equal(cache.get('k'), 'v');
    now = 1_050;
    assert.equal(cache.get('k'), undefined);
    assert.equal(cache.entries(), 0);
  });

  for (const ttl of [0, -1, Number.NaN]) {
    it(`a time of ${ttl} keeps nothing, and removes what was there`, () => {
      const cache = makeMemoryCache<string>({entries: 10}, () => 0);
      cache.set('k', 'old', 50);
      cache.set('k', 'new', ttl);
      assert.equal(cache.get('k'), undefined);
    });
  }

  it('is bounded by entries, least recently used first', () => {
    const cache = makeMemoryCache<number>({entries: 2}, () => 0);
    cache.set('a', 1, 9);
    cache.set('b', 2, 9);
    cache.get('a');
    cache.set('c', 3, 9);
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3]);
  });

  it('is bounded by bytes', () => {
    const cache = makeMemoryCache<string>({bytes: 100_000, bytesOf: (value) => value.length}, () => 0);
    for (let at = 0; at < 1_000; at++) cache.set(`k${at}`, 'x'.repeat(1_000), 9);
    assert.ok(cache.entries() > 50 && cache.entries() < 100, `${cache.entries()}`);
    cache.set('huge', 'x'.repeat(200_000), 9);
    assert.equal(cache.get('huge'), undefined);
  });
});

describe('the layers', () => {
  const rig = (remote?: Map<string, Fact>) => {
    const looks: string[] = [];
    let loads = 0;
    const layered = makeLayeredCache<Fact>({
      name: 'facts',
      memory: makeMemoryCache<Fact>({entries: 10}, () => 0),
      remote: remote && {get: async (key) => remote.get(key), set: async (key, value) => void remote.set(key, value)},
      observer: {request: (_cache, layer, result) => looks.push(`${layer} ${result}`)},
    });
    const load = async (): Promise<Fact> => {
      loads += 1;
      await sleep(5);
      return {fact: `load ${loads}`};
    };
    return {layered, looks, load, loads: () => loads};
  };

  it('one load however many wait', async () => {
    const {layered, load, loads} = rig();
    const all = await Promise.all(Array.from({length: 100}, () => layered.fetch('k', load, () => 1_000)));
    assert.equal(loads(), 1);
    assert.ok(all.every(({fact}) => fact === 'load 1'));
    assert.deepEqual(
      layered.fetch('k', load, () => 1_000),
      {fact: 'load 1'},
      'then at once',
    );
  });

  it('memory, then Redis, then the source', async () => {
    const remote = new Map<string, Fact>();
    const [one, two] = [rig(remote), rig(remote)];
    await one.layered.fetch('k', one.load, () => 1_000);
    assert.deepEqual(await two.layered.fetch('k', two.load, () => 1_000), {fact: 'load 1'});
    assert.equal(two.loads(), 0);
    assert.deepEqual(one.looks, ['memory miss', 'source hit']);
  });

  it('a failure is not kept, and reaches all who wait', async () => {
    const {layered, load, looks} = rig();
    const fail = async () => {
      throw new Error('no');
    };
    const both = await Promise.allSettled([layered.fetch('k', fail, () => 1), layered.fetch('k', fail, () => 1)]);
    assert.deepEqual(
      both.map(({status}) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(looks.at(-1), 'source error');
    assert.deepEqual(await layered.fetch('k', load, () => 1_000), {fact: 'load 1'});
  });

  it('what has no time left is not kept in any layer', async () => {
    const {layered, load, loads} = rig();
    await layered.fetch('k', load, () => 0);
    await layered.fetch('k', load, () => 0);
    assert.equal(loads(), 2);
  });

  it('jitter shortens by a tenth at most, and never lengthens', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}), (ttl, chance) => {
        const life = jittered(ttl, () => chance);
        return life <= ttl && life >= ttl * 0.9;
      }),
    );
  });
});

describe('the seal', () => {
  const seals = {sealed: makeSeal('a seal key of the tests'), unsealed: makeSeal(undefined)};
  for (const [what, seal] of Object.entries(seals)) {
    it(`${what}: opens what it packed, for this key and until its end`, () => {
      fc.assert(
        fc.property(fc.string(), fc.string({unit: 'binary'}), fc.integer({min: 2, max: 2 ** 45}), (key, text, end) => {
          const packed = seal.pack(key, text, end);
          assert.equal(seal.open(key, packed, end - 1), text);
          assert.equal(seal.open(key, packed, end), undefined);
        }),
      );
    });
  }

  it('sealed: no change of one character is opened', () => {
    const {sealed} = seals;
    const packed = sealed.pack('key', '{"fact":"x"}', 5_000);
    for (let at = 0; at < packed.length; at++) {
      for (const other of ['0', 'A', '.', '"']) {
        if (packed[at] === other) continue;
        const changed = packed.slice(0, at) + other + packed.slice(at + 1);
        assert.equal(sealed.open('key', changed, 1), undefined, changed);
      }
    }
    assert.equal(sealed.open('other', packed, 1), undefined);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string({unit: 'binary'}), (text) => seals.sealed.open('k', text, 0) === undefined));
  });

  it('names of entries hold nothing of the key', () => {
    assert.match(entryName('postern:', 'facts', 'a secret \r\n key'), /^postern:facts:[A-Za-z0-9_-]{43}$/);
  });
});

describe('the settings redis and revocation', () => {
  const bad: [object, RegExp][] = [
    [{}, /exactly one of url, cluster and sentinel/],
    [{url: 'redis://a', cluster: ['b:1']}, /exactly one/],
    [{url: 'http://a'}, /not a Redis URL/],
    [{url: 'redis://a/x'}, /not a Redis URL/],
    [{url: 'redis://a?x=1'}, /not a Redis URL/],
    [{url: 'redis://a', tls: {}}, /rediss/],
    [{url: 'rediss://a', tls: {cert: 'x'}}, /cert and key together/],
    [{url: 'redis://a', timeout: '50'}, /not a duration/],
    [{url: 'redis://a', timeout: '0ms'}, /at least 1ms/],
    [{url: 'redis://a', prefix: 'a{b}'}, /mean something in Redis keys/],
    [{url: 'redis://a', sealKey: 'short'}, /shorter than 16/],
    [{cluster: []}, /empty list/],
    [{cluster: ['a']}, /not host:port/],
    [{cluster: ['a:99999']}, /above 65535/],
    [{sentinel: {nodes: ['a:1']}}, /./],
    [{url: 'redis://a', urll: 'x'}, /urll/],
  ];
  for (const [settings, message] of bad) {
    it(`refuses ${JSON.stringify(settings)}`, () => {
      const read = redisSettings.safeParse(settings);
      assert.match(JSON.stringify(read.error?.issues), message);
    });
  }
  it('takes IPv6 nodes, and has the documented defaults', () => {
    const read = redisSettings.parse({cluster: ['[::1]:7000', 'redis-1:7001']});
    assert.deepEqual(read.cluster, [
      {host: '::1', port: 7_000},
      {host: 'redis-1', port: 7_001},
    ]);
    assert.deepEqual([read.prefix, read.timeout], ['postern:', 50]);
    assert.equal(revocationSettings.parse({}).onFeedLost, 'keep');
  });
});

describe('the breaker', () => {
  const rig = (answer: () => Promise<unknown>) => {
    const sent: string[] = [];
    const circuits: string[] = [];
    const connection: RedisConnection = {
      call: (name) => {
        sent.push(name);
        return answer();
      },
      pipeline: async () => [],
      transaction: async () => [],
      ready: () => true,
      fault: () => undefined,
      onReady: () => () => undefined,
      close: async () => undefined,
    };
    const redis = makeGuardedRedis({
      connection,
      now: Date.now,
      random: () => 0,
      observer: {called: () => undefined, circuit: (_dependency, state) => circuits.push(state)},
    });
    return {redis, sent, circuits};
  };
  const fails = (redis: {call(name: string): Promise<unknown>}) =>
    redis.call('GET').catch((error: Error) => error.message);

  it('opens after three time-outs in a row, tries in the background, and closes', async () => {
    let hanging = true;
    const {redis, sent, circuits} = rig(async () => {
      if (hanging) throw new Error('Command timed out');
      return 'PONG';
    });
    for (let at = 0; at < 3; at++) assert.equal(await fails(redis), 'Command timed out');
    assert.equal(redis.available(), false);
    assert.equal(await fails(redis), 'redis is out of order');
    assert.deepEqual(sent, ['GET', 'GET', 'GET'], 'no request goes out');
    hanging = false;
    await until('it is closed', () => redis.available());
    assert.deepEqual([sent.at(-1), circuits], ['PING', ['open', 'half_open', 'closed']]);
    await redis.close();
  });

  it('an answer between them, or an error that Redis answers, does not open it', async () => {
    let turn = 0;
    const {redis} = rig(async () => {
      turn += 1;
      if (turn % 3 === 0) throw Object.assign(new Error('OOM command not allowed'), {name: 'ReplyError'});
      throw new Error('Command timed out');
    });
    for (let at = 0; at < 12; at++) await fails(redis);
    assert.equal(redis.circuit(), 'closed');
    await redis.close();
  });
});

describe('the feed', () => {
  it('without Redis works inside the one process', async () => {
    const feed = makeFeed({
      settings: revocationSettings.parse({onFeedLost: 'refuse'}),
      now: Date.now,
      random: Math.random,
      sleep: (ms) => sleep(ms),
    });
    const heard: unknown[] = [];
    const end = feed.onMessage((message) => heard.push(message));
    await feed.start();
    const message = revoke('u1');
    assert.deepEqual(await feed.publish(message), {announced: true});
    end();
    await feed.publish(message);
    assert.deepEqual(heard, [message]);
    assert.deepEqual([feed.lag(), feed.lost(), feed.health().state], [0, false, 'ready']);
    await feed.close();
  });

  it('messages come back as they were; everything else is none', () => {
    for (const message of [
      revoke('u1'),
      {kind: 'drop', drop: {tenant: 't'}} as const,
      {kind: 'drop', drop: {}} as const,
    ]) {
      assert.deepEqual(unpackMessage(packMessage(message, 7)), {message, at: 7});
    }
    const bad = [
      '',
      'null',
      '[]',
      '{}',
      '{"at":1}',
      '{"at":1,"kind":"revoke"}',
      '{"at":1,"kind":"revoke","revocation":{"before":1,"expires":2}}',
      '{"at":"1","kind":"drop","drop":{}}',
      '{"at":1,"kind":"allow","drop":{}}',
    ];
    for (const text of bad) assert.equal(unpackMessage(text), undefined, text);
    fc.assert(fc.property(fc.json(), (text) => unpackMessage(text) === undefined));
  });

  it('ids of a stream are ordered by number, not by text', () => {
    const rows: [string, string, boolean][] = [
      ['10-0', '9-0', true],
      ['9-0', '10-0', false],
      ['5-10', '5-9', true],
      ['5-1', '5-1', false],
    ];
    for (const [a, b, expected] of rows) assert.equal(isAfter(a, b), expected, `${a} ${b}`);
    assert.deepEqual(entriesOf([['1-0', ['m', 'x']], ['2-0', ['n', 'x']], ['bad', ['m', 'x']], 7, ['3-0', null]]), [
      {id: '1-0', value: 'x'},
      {id: '2-0', value: ''},
      {id: '3-0', value: ''},
    ]);
  });
});
