// `entitlements load` is all or nothing: broken off at every step, robbed of what it wrote, refused by Redis.
import assert from 'node:assert/strict';
import {Unavailable} from '../../src/core/unavailable.ts';
import {countsIn, type RecordCalls, recordKeys} from '../../src/entitlements/record.ts';
import {readHead, readTenants, readVersion} from '../../src/entitlements/recordRead.ts';
import {restoreRecord} from '../../src/entitlements/recordSwap.ts';
import {loadRecord} from '../../src/entitlements/recordWrite.ts';
import {openRedis} from '../../src/store/redis.ts';
import {grant, snapshot} from '../entitlements/rig.ts';
import {endingAfterEach, settingsOf, until} from '../store/rig.ts';
import {startRedis} from '../support/redis.ts';

const prefix = 'postern:';
const keys = recordKeys(prefix);
const flags = new Map([['orders', {on: true, default: false, off: false, rules: []}]]);
const old = {...snapshot(grant('t1'), grant('t2')), flags};
/** Without flags: a part that is replaced by none is a step, too. */
const other = snapshot(grant('t2', 'max'), grant('t3'), grant('t3', 'max', {user: 'u1'}));

describe('a load into Redis', () => {
  const kept = endingAfterEach();
  const open = async () => {
    const redis = kept(await startRedis());
    const calls = kept(openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 5_000, random: Math.random}));
    await until('it is connected', () => calls.ready());
    return calls;
  };
  /** All that Redis holds, as readers see it. */
  const whole = async (redis: RecordCalls) => {
    const head = await readHead(redis, prefix);
    const found: unknown[] = [];
    for await (const {grants} of readTenants(redis, prefix, head.plans)) found.push(...grants);
    const version = await readVersion(redis, prefix);
    return {version: version?.split(';')[0], head, grants: found.map((each) => JSON.stringify(each)).sort()};
  };

  it('broken off after each command, before or after Redis has done it, leaves the old or the new', async () => {
    const redis = await open();
    await loadRecord(redis, prefix, old, 'old');
    const before = await whole(redis);
    await loadRecord(redis, prefix, other, 'new');
    const after = await whole(redis);
    const seen = new Set<string | undefined>();
    for (let steps = 0, ended = false; !ended; steps++) {
      for (const answered of [false, true]) {
        await redis.call('FLUSHALL');
        await loadRecord(redis, prefix, old, 'old');
        let left = steps;
        const gone = () => {
          throw new Error('the connection is gone');
        };
        /** The last command arrives, and its answer does not. */
        const run = async <T>(send: () => Promise<T>): Promise<T> => {
          if (left < 0) gone();
          if (left-- > 0) return send();
          if (answered) await send();
          return gone() as never;
        };
        const cut: RecordCalls = {
          call: (...command) => run(() => redis.call(...command)),
          // Each command of several may be the last that arrives.
          pipeline: async (commands) => {
            const replies: unknown[] = [];
            for (const command of commands) replies.push(await run(() => redis.call(...command)));
            return replies;
          },
          transaction: (commands) => run(() => redis.transaction(commands)),
        };
        ended = await loadRecord(cut, prefix, other, 'new').then(
          () => true,
          () => false,
        );
        const found = await whole(redis);
        assert.deepEqual(found, found.version === 'old' ? before : after, `broken off at ${steps}, ${answered}`);
        seen.add(found.version);
      }
      assert.ok(steps < 100);
    }
    assert.deepEqual(seen, new Set(['old', 'new']));
  });

  it('what it wrote is gone before it is done: nothing is replaced, and it says so', async () => {
    for (const part of ['features', 'plans', 'grants'] as const) {
      const redis = await open();
      await loadRecord(redis, prefix, old, 'old');
      const before = await whole(redis);
      const robbed: RecordCalls = {
        ...redis,
        call: async (...command) => {
          if (command[0] === 'EVAL') await redis.call('DEL', keys.loading('new', part));
          return redis.call(...command);
        },
      };
      await assert.rejects(loadRecord(robbed, prefix, other, 'new'), (error: Unavailable) => {
        assert.ok(error instanceof Unavailable);
        assert.match(String((error.cause as Error).message), new RegExp(`has lost some .*\\(0 of 2 ${part}\\)`));
        return true;
      });
      assert.deepEqual(await whole(redis), before);
    }
  });

  it('grants that were lost at half, and others written after', async () => {
    const redis = await open();
    await loadRecord(redis, prefix, old, 'old');
    const before = await whole(redis);
    const grants = Array.from({length: 2_000}, (_, at) => grant(`n${at}`));
    let told = 0;
    const load = loadRecord(redis, prefix, snapshot(...grants), 'new', () => {
      if (told++ === 1) void redis.call('DEL', keys.loading('new', 'grants'));
    });
    await assert.rejects(load, Unavailable);
    assert.deepEqual(await whole(redis), before);
  });

  it('a key of another type in the way changes nothing at all', async () => {
    for (const key of [keys.changes, keys.version, keys.loading('new', 'flags')]) {
      const redis = await open();
      await loadRecord(redis, prefix, old, 'old');
      await redis.call('DEL', key);
      await redis.call('SADD', key, 'x');
      const hashes = async () => [await readHead(redis, prefix), await redis.call('HGETALL', keys.grants)];
      const before = await hashes();
      await assert.rejects(loadRecord(redis, prefix, other, 'new'), Unavailable);
      assert.deepEqual(await hashes(), before, key);
    }
  });

  it('says in the version what belongs to it', async () => {
    const redis = await open();
    await loadRecord(redis, prefix, old, 'old');
    assert.deepEqual(countsIn((await readVersion(redis, prefix)) ?? ''), [2, 2, 1, 2]);
    assert.equal(countsIn('v1'), undefined);
  });

  it('can be taken back for an hour, and that again', async () => {
    const redis = await open();
    assert.equal(await restoreRecord(redis, prefix), false);
    await loadRecord(redis, prefix, old, 'old');
    assert.equal(await restoreRecord(redis, prefix), false, 'there was nothing before');
    const first = await whole(redis);
    await loadRecord(redis, prefix, other, 'new');
    const second = await whole(redis);
    assert.equal(await restoreRecord(redis, prefix), true);
    assert.deepEqual(await whole(redis), first);
    assert.equal(await redis.call('PTTL', keys.grants), -1);
    assert.equal(await restoreRecord(redis, prefix), true);
    assert.deepEqual(await whole(redis), second);
    assert.equal(await redis.call('PTTL', keys.plans), -1);
    assert.ok(Number(await redis.call('PTTL', keys.before('flags'))) > 3_500_000);
    await redis.call('DEL', keys.before('grants'));
    await assert.rejects(restoreRecord(redis, prefix), /entitlements/);
    assert.deepEqual(await whole(redis), second);
  });
});
