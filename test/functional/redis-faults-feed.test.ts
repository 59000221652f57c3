// The feed of revocations on a real Redis: three instances hear what one publishes, and after every fault again.
import assert from 'node:assert/strict';
import {connect, createServer, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeRevocationIndex} from '../../src/core/revocation.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {openRedis} from '../../src/store/redis.ts';
import {endingAfterEach, openFeed, revoke, settingsOf, until} from '../store/rig.ts';
import {startRedis} from '../support/redis.ts';
import {principal} from '../support/requests.ts';

type Opened = ReturnType<typeof openFeed>;

/** A way to Redis that can be cut in the middle. */
const startCuttable = async (port: number) => {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as {port: number}).port}`,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
};

describe('the feed of revocations', () => {
  const kept = endingAfterEach();
  const openThree = async (url: string, settings: Record<string, unknown> = {}) => {
    const three = [1, 2, 3].map(() => kept(openFeed(settingsOf({url, ...settings})))) as [Opened, Opened, Opened];
    await Promise.all(three.map(({feed}) => feed.start()));
    return three;
  };
  const allHear = async (feeds: readonly Opened[], what: string) => {
    const took = await until(`all hear ${what}`, () => feeds.every(({heard}) => heard.includes(what)));
    console.log(`      ${what}: everywhere after ${took.toFixed(0)} ms`);
    return took;
  };
  /** Each tries again with back-off; the wait is over when all follow. */
  const allFollow = (feeds: readonly Opened[]) =>
    until('all follow', () => feeds.every(({feed, reading}) => reading.ready() && feed.lag() === 0));

  it('reaches the others within a second, also after Redis was killed and restarted', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    assert.deepEqual(await three[0].feed.publish(revoke('u1')), {announced: true});
    assert.ok((await allHear(three, 'revoke u1')) < 1_000);
    await three[1].feed.publish({kind: 'drop', drop: {tenant: 't1'}});
    assert.ok((await allHear(three, 'drop t1')) < 1_000);

    await redis.kill();
    kept(await startRedis({port: redis.port}));
    await allFollow(three);
    await three[2].feed.publish(revoke('u2'));
    assert.ok((await allHear(three, 'revoke u2')) < 1_000);
  });

  it('catches up after a connection was cut in the middle', async () => {
    const redis = kept(await startRedis());
    const way = kept(await startCuttable(redis.port));
    const [one] = await openThree(redis.url);
    const cut = kept(openFeed(settingsOf({url: way.url})));
    await cut.feed.start();
    way.cut();
    for (let at = 0; at < 50; at++) await one.feed.publish(revoke(`c${at}`));
    await allHear([cut], 'revoke c49');
    assert.deepEqual(
      cut.heard,
      Array.from({length: 50}, (_, at) => `revoke c${at}`),
      'all, once, in order',
    );
  });

  it('an instance that starts later knows the live ones; those past keeping are trimmed', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const first = kept(openFeed(settings, {keep: '1m'}));
    await first.feed.start();
    const raw = kept(openRedis(settings, {purpose: 'test', timeout: 1_000, random: Math.random}));
    await until('it is connected', () => raw.ready());
    const old = Date.now() - 120_000;
    for (let at = 0; at < 300; at++) await raw.call('XADD', 'postern:feed', `${old + at}-0`, 'm', 'x');
    await first.feed.publish(revoke('u1'));
    assert.ok(Number(await raw.call('XLEN', 'postern:feed')) < 300, 'trimmed');
    const later = kept(openFeed(settings, {keep: '1m'}));
    await later.feed.start();
    assert.deepEqual(later.heard, ['revoke u1']);
  });

  it('a Redis that came back empty is given the live ones again, for instances that start later', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    await three[0].feed.publish(revoke('u1'));
    await allHear(three, 'revoke u1');
    await redis.kill();
    kept(await startRedis({port: redis.port}));
    await allFollow(three);
    const later = kept(openFeed(settingsOf({url: redis.url})));
    await later.feed.start();
    await allHear([later], 'revoke u1');
  });

  it('a FLUSHALL is noticed although no connection breaks', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    await three[0].feed.publish(revoke('u1'));
    await allHear(three, 'revoke u1');
    const raw = kept(openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 1_000, random: Math.random}));
    await until('it is connected', () => raw.ready());
    await raw.call('FLUSHALL');
    await until('given back', async () => Number(await raw.call('XLEN', 'postern:feed')) > 0);
    await three[1].feed.publish(revoke('u2'));
    await allHear(three, 'revoke u2');
  });

  it('what is published without Redis counts here at once and elsewhere when Redis is back', async () => {
    const redis = kept(await startRedis());
    const three = await openThree(redis.url);
    await redis.kill();
    assert.deepEqual(await three[0].feed.publish(revoke('u1')), {announced: false});
    assert.deepEqual(three[0].heard, ['revoke u1']);
    kept(await startRedis({port: redis.port}));
    await allHear(three, 'revoke u1');
  });

  for (const onFeedLost of ['keep', 'refuse'] as const) {
    it(`lost, onFeedLost: ${onFeedLost}`, async () => {
      const redis = kept(await startRedis());
      const {feed, log} = kept(openFeed(settingsOf({url: redis.url}), {onFeedLost, lostAfter: '1s'}));
      await feed.start();
      const revocations = feed.guard(makeRevocationIndex());
      assert.equal(revocations.revoked(principal()), false);
      assert.deepEqual(feed.health(), {part: 'revocation feed', state: 'ready'});
      redis.pause();
      await until('it is lost', () => feed.lost());
      assert.equal(feed.health().state, onFeedLost === 'keep' ? 'degraded' : 'unready');
      assert.ok(feed.lag() >= 1);
      if (onFeedLost === 'keep') assert.equal(revocations.revoked(principal()), false);
      else assert.throws(() => revocations.revoked(principal()), Unavailable);
      redis.resume();
      await until('it is back', () => !feed.lost());
      assert.equal(revocations.revoked(principal()), false);
      assert.ok(
        log.some((line) => line.includes('back, and caught up')),
        log.join('\n'),
      );
    });
  }

  it('what others write into the stream is not believed', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url, sealKey: 'a seal key of the tests'});
    const sealed = kept(openFeed(settings));
    await sealed.feed.start();
    const unsealed = kept(openFeed(settingsOf({url: redis.url})));
    await unsealed.feed.publish(revoke('forged'));
    const raw = kept(openRedis(settings, {purpose: 'test', timeout: 1_000, random: Math.random}));
    await until('it is connected', () => raw.ready());
    const rows = ['', 'hello', '1.9999999999999..{"at":1}', `1.9999999999999..${'['.repeat(5_000)}`];
    for (const row of rows) await raw.call('XADD', 'postern:feed', '*', 'm', row);
    await raw.call('XADD', 'postern:feed', '*', 'other', 'field', 'and', 'more');
    await sealed.feed.publish(revoke('u1'));
    await until('the true one is heard', () => sealed.heard.length >= 2);
    await sleep(50);
    // At once by itself, and once more from the stream.
    assert.deepEqual(sealed.heard, ['revoke u1', 'revoke u1']);
  });

  it('a key of the wrong type is a lost feed, not an end', async () => {
    const redis = kept(await startRedis());
    const raw = kept(openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 1_000, random: Math.random}));
    await until('it is connected', () => raw.ready());
    await raw.call('SET', 'postern:feed', 'x');
    const {feed, heard} = kept(openFeed(settingsOf({url: redis.url})));
    await feed.start();
    assert.equal(feed.health().state, 'degraded');
    await raw.call('DEL', 'postern:feed');
    await until('it follows', () => feed.health().state === 'ready');
    await feed.publish(revoke('u1'));
    assert.ok(heard.includes('revoke u1'));
  });
});
