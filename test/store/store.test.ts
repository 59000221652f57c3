// The store without Redis: the memory cache, the layers, the seal, the settings, the breaker, the feed in one process.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import fc from 'fast-check';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import {changesOf} from '../../src/store/changes.ts';
import {makeFeed} from '../../src/store/feed.ts';
import {comparedAfter} from '../../src/store/follow.ts';
import {makeGuardedRedis} from '../../src/store/guarded.ts';
import {jittered, makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {makeMoment} from '../../src/store/moment.ts';
import type {RedisConnection} from '../../src/store/redis.ts';
import {makeRevocationForm, named} from '../../src/store/revocationForm.ts';
import {entryName, makeSeal} from '../../src/store/seal.ts';
import {redisSettings, revocationSettings} from '../../src/store/settings.ts';
import {principal} from '../support/requests.ts';
import {type Fact, remove, revoke, until} from './rig.ts';

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

  it('several keys: the first seals, each opens; they are changed in use', () => {
    const [a, b] = ['the key of before', 'the key of after'];
    const old = makeSeal(a).pack('k', 'text', 5_000);
    const seal = makeSeal([a, b]);
    assert.equal(seal.pack('k', 'text', 5_000), old, 'the first seals');
    const opened = (keys: string | readonly string[] | undefined, packed: string) => {
      seal.renew(keys);
      return seal.open('k', packed, 1);
    };
    const rows: [string | readonly string[] | undefined, boolean][] = [
      [a, true],
      [[b, a], true],
      [b, false],
      [[], true],
      [undefined, true],
    ];
    for (const [keys, opens] of rows) assert.equal(opened(keys, old), opens ? 'text' : undefined, String(keys));
    seal.renew([b, a]);
    const next = seal.pack('k', 'text', 5_000);
    assert.equal(next, makeSeal(b).pack('k', 'text', 5_000));
    assert.equal(opened([b, a], makeSeal(undefined).pack('k', 'text', 5_000)), undefined, 'unsealed');
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
    [{url: 'redis://a', sealKey: ['0123456789abcdef', 'short']}, /shorter than 16/],
    [{url: 'redis://a', sealKey: []}, /empty list/],
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
    const set = makeRevocationSet();
    const feed = makeFeed({
      set,
      settings: revocationSettings.parse({onFeedLost: 'refuse'}),
      dropsMatter: 1_000,
      now: Date.now,
      steady: () => performance.now(),
      random: Math.random,
      newId: () => 'id',
      sleep: (ms) => sleep(ms),
      pause: async () => {},
    });
    const heard: unknown[] = [];
    const end = feed.onDrop(({drop}) => heard.push(drop));
    await feed.start();
    assert.deepEqual(await feed.add(revoke('u1')), {announced: true});
    assert.equal(feed.revoked(principal({subject: 'u1', issuedAt: 1}), 0), true);
    assert.deepEqual(await feed.drop({tenant: 't1'}), {announced: true});
    end();
    await feed.drop({});
    assert.deepEqual(heard, [{tenant: 't1'}]);
    assert.deepEqual([feed.lag(), feed.lost(), feed.unannounced(), feed.health().state], [0, false, 0, 'ready']);
    await feed.close();
  });
});

describe('the whole set', () => {
  it('is compared anew every ten seconds, or a millisecond for each member, if that is longer', () => {
    for (const [members, after] of [
      [0, 10_000],
      [10_000, 10_000],
      [10_001, 10_001],
      [1_000_000, 1_000_000],
    ] as const)
      assert.equal(comparedAfter(members), after);
  });
});

describe('an element in Redis', () => {
  const form = makeRevocationForm('set', makeSeal(undefined));
  const sealed = makeRevocationForm('set', makeSeal('a seal key of the tests'));

  it('comes back as it was, under the same id, and two that differ in anything have two', () => {
    const rows = [
      revoke('u1'),
      revoke('u1', {tenant: 't1', provider: 'acme', reason: 'left \u2603', by: 'ops "1"', before: 7}),
      remove(revoke('u1')),
    ];
    for (const row of rows) {
      assert.deepEqual(form.open(form.pack(row)), {element: row});
      assert.deepEqual(sealed.open(sealed.pack(row)), {element: row});
    }
    const {id: _, ...content} = revoke('u1');
    const ids = [
      content,
      {...content, at: content.at + 1},
      {...content, reason: 'x'},
      {...content, before: 1},
      {...content, expires: 1},
      {...content, tenant: 't1'},
    ].map((one) => named(one).id);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(
      named(Object.fromEntries(Object.entries(content).reverse()) as typeof content).id,
      ids[0],
      'whatever the order of the keys',
    );
  });

  it('that is anything else is not ours, and says so when a newer version wrote it', () => {
    const good = '"at":1,"expires":2';
    const bad = [
      '',
      'null',
      '[]',
      `{${good}}`,
      `{${good},"subject":""}`,
      `{${good},"subject":"u","removes":"x"}`,
      `{${good},"subject":"u","before":"1"}`,
      `{"at":1e300,"expires":2,"subject":"u"}`,
      `{${good},"subject":"u","more":1}`,
    ];
    for (const text of bad) assert.deepEqual(form.open(`1.2..${text}`), {foreign: 'not ours'}, text);
    assert.deepEqual(form.open('2.5.abc.{"whatever":1}'), {foreign: 'newer'});
    assert.deepEqual(sealed.open(form.pack(revoke('u1'))), {foreign: 'not ours'});
    fc.assert(fc.property(fc.string(), (text) => 'foreign' in form.open(text)));
    fc.assert(fc.property(fc.json(), (text) => 'foreign' in form.open(`1.2..${text}`)));
  });
});

describe('entries of the streams', () => {
  it('are read if they are ours, and passed over if not', () => {
    const reply = [
      ['1-0', ['p', '', 'n', '1 a', 'c', '1', 'a', '1', 'm', 'x', 'm', 'y']],
      ['2-0', ['m', 'x']],
      ['3-0', null],
      7,
      ['4-0', ['p', '1 a', 'n', 'b', 'd', 'z']],
      ['5-0', ['p', 'x', 'n', ['y']]],
    ];
    assert.deepEqual(changesOf(reply), {
      changes: [
        {before: '', after: '1 a', count: 1, asked: true, members: ['x', 'y'], drop: undefined, at: 1},
        {before: '1 a', after: 'b', count: Number.NaN, asked: false, members: [], drop: 'z', at: 4},
      ],
      last: '5-0',
    });
    for (const empty of [null, undefined, [], 'x']) assert.deepEqual(changesOf(empty), {changes: [], last: undefined});
  });
});

describe('the moment', () => {
  it('is the later or the earlier of two clocks, whichever steps', () => {
    const clock = {wall: 1_000_000, steady: 50};
    const moment = makeMoment({now: () => clock.wall, steady: () => clock.steady});
    const both = (wall: number, steady: number) => {
      Object.assign(clock, {wall, steady});
      return [moment.earliest(), moment.latest()];
    };
    assert.deepEqual(both(1_000_010, 60), [1_000_010, 1_000_010]);
    assert.deepEqual(both(1_000_010 - 3_600_000, 60), [-2_599_990, 1_000_010], 'an hour back');
    assert.deepEqual(both(91_000_010, 60), [1_000_010, 91_000_010], 'a day ahead');
    assert.deepEqual(both(1_000_010, 60), [1_000_010, 1_000_010], 'and right again');
  });
});
