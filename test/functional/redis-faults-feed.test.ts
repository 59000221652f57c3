// The feed of revocations on a real Redis: three instances hear what one publishes, and after every fault again.
import assert from 'node:assert/strict';
import {cpSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {Unavailable} from '../../src/core/unavailable.ts';
import {openRedis} from '../../src/store/redis.ts';
import {named} from '../../src/store/revocationForm.ts';
import {endingAfterEach, openFeed, remove, revoke, settingsOf, until} from '../store/rig.ts';
import {temporaryFolder} from '../support/ports.ts';
import {type Redis, startCuttable, startRedis} from '../support/redis.ts';
import {principal} from '../support/requests.ts';

type Opened = ReturnType<typeof openFeed>;

describe('the feed of revocations', function () {
  this.timeout(60_000);
  const kept = endingAfterEach();
  const openThree = async (url: string, settings: Record<string, unknown> = {}) => {
    const three = [1, 2, 3].map(() => kept(openFeed(settingsOf({url, ...settings})))) as [Opened, Opened, Opened];
    await Promise.all(three.map(({feed}) => feed.start()));
    return three;
  };
  const openOne = async (url: string, revocation = {}, settings: Record<string, unknown> = {}) => {
    const one = kept(openFeed(settingsOf({url, ...settings}), revocation));
    await one.feed.start();
    return one;
  };
  const openRaw = async (url: string) => {
    const raw = kept(openRedis(settingsOf({url}), {purpose: 'test', timeout: 5_000, random: Math.random}));
    await until('it is connected', () => raw.ready());
    return raw;
  };
  const allHear = async (feeds: readonly Opened[], ...subjects: string[]) => {
    const took = await until(
      `all hear ${subjects}`,
      () => feeds.every(({heard}) => subjects.every((subject) => heard().includes(subject))),
      15_000,
    );
    console.log(`      ${subjects}: everywhere after ${took.toFixed(0)} ms`);
    return took;
  };
  /** Each tries again with back-off; the wait is over when all follow. */
  const allFollow = (feeds: readonly Opened[]) =>
    until('all follow', () => feeds.every(({inStep}) => inStep()), 15_000);
  const restart = async (redis: Redis, args: readonly string[] = []) => {
    await redis.kill();
    return kept(await startRedis({port: redis.port, args}));
  };
  const asked = (subject: string) => principal({subject, issuedAt: 1, authTime: 1});

  it('reaches the others within a second, also after Redis was killed and restarted', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    assert.deepEqual(await three[0].feed.add(revoke('u1')), {announced: true});
    assert.ok((await allHear(three, 'u1')) < 1_000);
    await restart(redis);
    await allFollow(three);
    await three[2].feed.add(revoke('u2'));
    assert.ok((await allHear(three, 'u2')) < 1_000);
  });

  it('a revocation is taken back everywhere, and the next of the same person is another', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    const first = revoke('u1');
    await three[0].feed.add(first);
    await allHear(three, 'u1');
    assert.deepEqual(await three[1].feed.add(remove(first)), {announced: true});
    await until('all let in', () => three.every(({heard}) => !heard().includes('u1')), 1_000);
    const later = await openOne(redis.url);
    assert.deepEqual([later.heard(), later.set.removalOf(first.id)?.removes], [[], first.id]);
    await three[2].feed.add(revoke('u1'));
    await allHear([...three, later], 'u1');
    assert.equal(three[0].set.size, 1);
  });

  it('catches up after a connection was cut in the middle', async () => {
    const redis = kept(await startRedis());
    const way = kept(await startCuttable(redis.port));
    const [one] = await openThree(redis.url);
    const cut = await openOne(way.url);
    way.cut();
    for (let at = 0; at < 50; at++) await one.feed.add(revoke(`c${at}`));
    await until('it has all', () => cut.set.size === 50);
  });

  for (const [how, args] of [
    ['empty', []],
    ['empty, and somebody else has revoked another there', []],
  ] as const) {
    it(`a Redis that came back ${how} is given what any instance knows, for those that start later`, async () => {
      const redis = kept(await startRedis({args}));
      const three = await openThree(redis.url);
      const mistake = revoke('u3');
      await three[0].feed.add(revoke('u1'));
      await three[1].feed.add(mistake);
      await three[1].feed.add(remove(mistake));
      await allHear(three, 'u1');
      await three[0].feed.close();
      await restart(redis);
      if (how !== 'empty') {
        // A command, which knows nothing of before and does not live on.
        const command = kept(openFeed(settingsOf({url: redis.url})));
        await until('it is connected', () => command.reading.ready());
        await until('written', () =>
          command.redis.write([revoke('u2')]).then(
            () => true,
            () => false,
          ),
        );
      }
      const later = await openOne(redis.url);
      await allHear([later], 'u1');
      await until('the removal too', () => later.set.removalOf(mistake.id) !== undefined);
      assert.equal(later.set.removalOf(mistake.id)?.removes, mistake.id);
      if (how !== 'empty') await allHear([...three.slice(1), later], 'u2');
    });
  }

  it('an older Redis (a dump was restored, a replica lagged) is given what was added since', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    await three[0].feed.add(revoke('old'));
    await allHear(three, 'old');
    // A replica that has the old state only, promoted: it has the same marks up to there.
    const replica = kept(await startRedis({args: ['--replicaof', '127.0.0.1', `${redis.port}`]}));
    const toReplica = await openRaw(replica.url);
    await until('the replica has it', async () => Number(await toReplica.call('ZCARD', 'postern:{revocations}')) === 1);
    await toReplica.call('REPLICAOF', 'NO', 'ONE');
    await three[1].feed.add(revoke('new'));
    await allHear(three, 'new');
    await redis.kill();
    await toReplica.call('SAVE');
    const [, folder] = (await toReplica.call('CONFIG', 'GET', 'dir')) as string[];
    const own = temporaryFolder();
    cpSync(`${folder}/dump.rdb`, `${own}/dump.rdb`);
    kept(await startRedis({port: redis.port, args: ['--dir', own]}));
    const later = await openOne(redis.url);
    await allHear([later], 'new', 'old');
  });

  for (const command of [
    ['FLUSHALL'],
    ['DEL', 'postern:{revocations}'],
    ['ZREMRANGEBYRANK', 'postern:{revocations}', '0', '0'],
    ['DEL', 'postern:{revocations}:mark'],
    ['SET', 'postern:{revocations}:mark', 'x'],
    ['DEL', 'postern:{revocations}:changes'],
  ] as const) {
    it(`after ${command.join(' ')} Redis is given back what is missing, though no connection breaks`, async () => {
      const redis = kept(await startRedis());
      const three = await openThree(redis.url);
      await three[0].feed.add(revoke('u1'));
      await three[0].feed.add(revoke('u2'));
      await allHear(three, 'u1', 'u2');
      const raw = await openRaw(redis.url);
      const [name, ...args] = command;
      await raw.call(name, ...args);
      await until('given back', async () => Number(await raw.call('ZCARD', 'postern:{revocations}')) === 2);
      await three[1].feed.add(revoke('u3'));
      assert.ok((await allHear(three, 'u3')) < 1_500);
      await allFollow(three);
      const later = await openOne(redis.url);
      assert.deepEqual(later.heard().sort(), ['u1', 'u2', 'u3']);
    });
  }

  it('what other hands exchange, so that the number stays, is put back within ten seconds or so', async () => {
    const redis = kept(await startRedis());
    const one = await openOne(redis.url);
    await one.feed.add(revoke('u1'));
    await until('it is in step', one.inStep);
    const raw = await openRaw(redis.url);
    const key = 'postern:{revocations}';
    await raw.transaction([
      ['ZREMRANGEBYRANK', key, 0, -1],
      ['ZADD', key, Date.now() + 60_000, 'foreign'],
    ]);
    await until('put back', async () => Number(await raw.call('ZCARD', key)) === 2, 15_000);
    const later = await openOne(redis.url);
    assert.deepEqual(later.heard(), ['u1']);
  });

  it('what is said without Redis counts here at once and elsewhere when Redis is back', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    await redis.kill();
    assert.deepEqual(await three[0].feed.add(revoke('u1')), {announced: false});
    assert.equal(three[0].feed.revoked(asked('u1'), 0), true);
    assert.equal(three[0].feed.unannounced(), 1);
    kept(await startRedis({port: redis.port}));
    await allHear(three, 'u1');
    await until('announced', () => three[0].feed.unannounced() === 0);
  });

  it('30,000 that could not be announced are all announced in the end', async () => {
    const redis = kept(await startRedis());
    const [one, two] = await openThree(redis.url);
    await redis.kill();
    for (let at = 0; at < 30_000; at++) one.set.add(revoke(`o${at}`));
    kept(await startRedis({port: redis.port}));
    await until('the other has all', () => two.set.size === 30_000, 40_000);
    assert.ok(two.heard().includes('o0'));
    await until('none is left', () => one.feed.unannounced() === 0);
  });

  for (const [what, break_, mend, why] of [
    ['full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /OOM/],
    ['read-only', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], /READONLY/],
    ['of the wrong type', ['SET', 'postern:{revocations}', 'x'], ['DEL', 'postern:{revocations}'], /WRONGTYPE/],
  ] as const) {
    it(`a Redis that is ${what} shows, and what could not be announced is announced afterwards`, async () => {
      const redis = kept(await startRedis());
      const [one, two] = await openThree(redis.url);
      const raw = await openRaw(redis.url);
      await raw.call(...(break_ as readonly [string, ...string[]]));
      assert.deepEqual(await one.feed.add(revoke('u1')), {announced: false});
      assert.deepEqual([one.feed.unannounced(), one.feed.revoked(asked('u1'), 0)], [1, true]);
      await until('it shows', () => one.feed.health().state === 'degraded');
      assert.match(one.feed.health().detail ?? '', why);
      await sleep(1_500);
      const lines = one.log.filter((line) => line.includes('cannot be written to'));
      assert.ok(lines.length <= 1, lines.join('\n'));
      // Between two reads it is that of the last; while one waits it is 0.
      if (what !== 'of the wrong type') await until('reading goes on', () => two.feed.lag() === 0);
      await raw.call(...(mend as readonly [string, ...string[]]));
      await allHear([two], 'u1');
      await until('all is well', () => [one, two].every(({feed}) => feed.health().state === 'ready'), 20_000);
    });
  }

  it('until it has been read nobody is let in; with keep until lostAfter, with refuse for good', async () => {
    const redis = kept(await startRedis());
    const knows = await openOne(redis.url);
    await knows.feed.add(revoke('u1'));
    redis.pause();
    const rows = (['keep', 'refuse'] as const).map((onFeedLost) =>
      kept(openFeed(settingsOf({url: redis.url}), {onFeedLost, lostAfter: '1s'})),
    ) as [Opened, Opened];
    const [keeps, refuses] = rows;
    const starting = rows.map(({feed}) => feed.start());
    for (const {feed} of rows) {
      assert.throws(() => feed.revoked(asked('u2'), 0), Unavailable);
      assert.equal(feed.health().state, 'unready');
    }
    await Promise.all(starting);
    await until('keep goes on', () => keeps.feed.health().state === 'degraded');
    assert.match(keeps.feed.health().detail ?? '', /letting in whoever was revoked before/);
    assert.equal(keeps.feed.revoked(asked('u2'), 0), false);
    assert.equal(refuses.feed.health().state, 'unready');
    assert.throws(() => refuses.feed.revoked(asked('u2'), 0), Unavailable);
    redis.resume();
    await until('both know', () => rows.every(({inStep}) => inStep()), 15_000);
    for (const {feed} of rows) {
      assert.deepEqual([feed.revoked(asked('u1'), 0), feed.revoked(asked('u2'), 0)], [true, false]);
    }
  });

  for (const onFeedLost of ['keep', 'refuse'] as const) {
    it(`lost, onFeedLost: ${onFeedLost}; the wall clock may be put back meanwhile`, async () => {
      const redis = kept(await startRedis());
      const clock = {off: 0};
      const {feed, log} = kept(openFeed(settingsOf({url: redis.url}), {onFeedLost, lostAfter: '1s'}, clock));
      await feed.start();
      assert.equal(feed.revoked(principal(), 0), false);
      assert.deepEqual(feed.health(), {part: 'revocation feed', state: 'ready'});
      redis.pause();
      clock.off = -3_600_000;
      await until('it is lost', () => feed.lost());
      assert.equal(feed.health().state, onFeedLost === 'keep' ? 'degraded' : 'unready');
      assert.ok(feed.lag() >= 1);
      if (onFeedLost === 'keep') assert.equal(feed.revoked(principal(), 0), false);
      else assert.throws(() => feed.revoked(principal(), 0), Unavailable);
      redis.resume();
      await until('it is back', () => !feed.lost());
      assert.equal(feed.revoked(principal(), 0), false);
      assert.ok(
        log.some((line) => line.includes('back, and caught up')),
        log.join('\n'),
      );
    });
  }

  it('a wall clock a day ahead for a while forgets nothing', async () => {
    const redis = kept(await startRedis());
    const clock = {off: 0};
    const one = kept(openFeed(settingsOf({url: redis.url}), {}, clock));
    await one.feed.start();
    await one.feed.add(revoke('u1'));
    clock.off = 25 * 3_600_000;
    await one.feed.prune();
    await one.feed.add(revoke('u2'));
    assert.deepEqual(one.heard(), ['u1', 'u2']);
    assert.ok(Math.abs((await one.feed.moment()) - Date.now()) < 1_000, 'the clock of Redis counts');
    assert.match(one.feed.health().detail ?? '', /clocks .* apart/);
    clock.off = 0;
    const later = await openOne(redis.url);
    assert.deepEqual(later.heard(), ['u1', 'u2']);
  });

  it('each element is trimmed at its own end, whatever anybody keeps', async () => {
    const redis = kept(await startRedis());
    const one = await openOne(redis.url, {keep: '1m'});
    const now = Date.now();
    await one.feed.add(revoke('long', {at: now - 7_200_000, expires: now + 3_600_000}));
    await one.feed.add(revoke('ended', {at: now - 7_200_000, expires: now - 3_600_000}));
    await one.feed.add(revoke('just ended', {at: now - 7_200_000, expires: now - 1_000}));
    await one.feed.add(revoke('next'));
    const raw = await openRaw(redis.url);
    assert.equal(Number(await raw.call('ZCARD', 'postern:{revocations}')), 3, 'the one that ended an hour ago is gone');
    await one.feed.prune();
    assert.deepEqual(one.heard().sort(), ['long', 'next']);
  });

  it('what others write is not believed, counted or stumbled over', async () => {
    const redis = kept(await startRedis());
    const sealKey = 'a seal key of the tests';
    const [sealed, other] = await openThree(redis.url, {sealKey});
    const unsealed = await openOne(redis.url);
    await unsealed.feed.add(revoke('forged'));
    const raw = await openRaw(redis.url);
    const key = 'postern:{revocations}';
    const rows = [
      '',
      'hello',
      '1.9999999999999..{"at":1}',
      `1.9999999999999..${'['.repeat(5_000)}`,
      'x'.repeat(100_000),
    ];
    for (const [at, row] of rows.entries()) await raw.call('ZADD', key, at % 2 ? 'inf' : Date.now() + 9_999_999, row);
    await raw.call('XADD', `${key}:changes`, '*', 'm', 'x');
    await raw.call('XADD', `${key}:changes`, '*', 'p', 'x', 'n', 'y', 'c', '0');
    await sealed.feed.add(revoke('u1'));
    await allHear([sealed, other], 'u1');
    await raw.call('XADD', `${key}:changes`, '18446744073709551615-18446744073709551615', 'm', 'x');
    await sleep(700);
    assert.deepEqual(await sealed.feed.add(revoke('u2')), {announced: true});
    assert.ok((await allHear([sealed, other], 'u2')) < 1_500);
    assert.deepEqual(other.heard().sort(), ['u1', 'u2']);
    await until('it says so', () => sealed.feed.health().detail?.includes('not ours') === true, 15_000);
    assert.equal(sealed.feed.health().state, 'degraded');
    const later = await openOne(redis.url, {}, {sealKey});
    assert.deepEqual(later.heard().sort(), ['u1', 'u2']);
  });

  it('what a newer version has written is honoured where it can be read, and nothing is changed', async () => {
    const redis = kept(await startRedis());
    const one = await openOne(redis.url);
    await one.feed.add(revoke('u1'));
    const raw = await openRaw(redis.url);
    await raw.call('SET', 'postern:{revocations}:mark', '2 whatever');
    const later = await openOne(redis.url);
    await until('both say so', () => [one, later].every(({feed}) => feed.health().detail?.includes('newer') === true));
    assert.equal(later.feed.revoked(asked('u1'), 0), true);
    assert.deepEqual(await later.feed.add(revoke('u2')), {announced: false});
    assert.equal(later.feed.health().state, 'degraded');
    assert.equal(await raw.call('GET', 'postern:{revocations}:mark'), '2 whatever');
    assert.equal(Number(await raw.call('ZCARD', 'postern:{revocations}')), 1);
  });

  it('a drop reaches all under one mark; what may have been missed is a drop of all', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    await three[1].feed.drop({tenant: 't1'});
    await until('all hear', () => three.every(({drops}) => drops.length === 1));
    assert.equal(new Set(three.map(({drops}) => drops[0]?.mark)).size, 1);
    const later = await openOne(redis.url);
    assert.deepEqual(
      later.drops.map(({drop, live}) => [drop, live]),
      [[{tenant: 't1'}, false]],
    );
    const raw = await openRaw(redis.url);
    await raw.call('DEL', 'postern:{revocations}:drops');
    await until('all drop all', () => three.every(({drops}) => JSON.stringify(drops.at(-1)?.drop) === '{}'));
    await restart(redis);
    await allFollow(three);
    await three[0].feed.drop({subject: 'u9'});
    await until('all hear again', () => three.every(({drops}) => drops.at(-1)?.drop.subject === 'u9'));
  });

  it('the clock of Redis gives the moment, and the same element twice is one', async () => {
    const redis = kept(await startRedis());
    const [one, two] = await openThree(redis.url);
    const same = named({subject: 'u1', at: 1, expires: Date.now() + 60_000});
    await Promise.all([one.feed.add(same), two.feed.add(same), one.feed.add(same)]);
    await allHear([one, two], 'u1');
    const raw = await openRaw(redis.url);
    assert.deepEqual([one.set.size, Number(await raw.call('ZCARD', 'postern:{revocations}'))], [1, 1]);
  });
});
