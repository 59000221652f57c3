// What a cache in Redis does when Redis does not: every trouble is a miss, costs little, and ends by itself.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {connect, createServer, type Server} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createServer as createTlsServer} from 'node:tls';
import {openRedis} from '../../src/store/redis.ts';
import {entryName, makeSeal} from '../../src/store/seal.ts';
import {endingAfterEach, type Fact, measure, openStore, settingsOf, until} from '../store/rig.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {startRedis} from '../support/redis.ts';

const minute = 60_000;
const works = async (store: ReturnType<typeof openStore>): Promise<boolean> => {
  await store.cache.set('probe', {fact: 'alive'}, minute);
  return ((await store.cache.get('probe')) as Fact | undefined)?.fact === 'alive';
};

describe('Redis in order', () => {
  const kept = endingAfterEach();

  it('a fact that counts for no time any more takes away what was shared before', async () => {
    const redis = kept(await startRedis());
    const {cache, ...store} = kept(openStore(settingsOf({url: redis.url, timeout: '500ms'})));
    await until('it works', () => works({cache, ...store}));
    await cache.set('k', {fact: 'old'}, minute);
    assert.deepEqual(await cache.get('k'), {fact: 'old'});
    await cache.set('k', {fact: 'over'}, 0);
    assert.equal(await cache.get('k'), undefined);
  });
});

describe('Redis out of order', () => {
  const kept = endingAfterEach();
  const report = (what: string, line: string) => console.log(`      ${what}: ${line}`);

  it('gone at the start: misses at once; used as soon as it is there', async () => {
    const port = await freePort();
    const store = kept(openStore(settingsOf({url: `redis://127.0.0.1:${port}`})));
    assert.equal(await store.cache.get('k'), undefined);
    report('without Redis', await measure(500, () => store.cache.get('k')));
    assert.equal(store.redis.health().state, 'degraded');
    kept(await startRedis({port}));
    report('back after', `${(await until('the cache works', () => works(store))).toFixed(0)} ms`);
    assert.equal(store.redis.health().state, 'ready');
  });

  it('killed and back', async () => {
    const redis = kept(await startRedis());
    const store = kept(openStore(settingsOf({url: redis.url})));
    await until('the cache works', () => works(store));
    await redis.kill();
    report('while killed', await measure(500, () => store.cache.get('probe')));
    assert.equal(await store.cache.get('probe'), undefined);
    await until('it is told', () => store.redis.health().state === 'degraded');
    kept(await startRedis({port: redis.port}));
    report('back after', `${(await until('the cache works', () => works(store))).toFixed(0)} ms`);
  });

  it('hanging: after a few time-outs the breaker opens, and a miss costs nothing', async () => {
    const redis = kept(await startRedis());
    const store = kept(openStore(settingsOf({url: redis.url})));
    await until('the cache works', () => works(store));
    redis.pause();
    report('until the breaker opens', await measure(3, () => store.cache.get('probe')));
    await until('the breaker opens', async () => {
      await store.cache.get('probe');
      return store.redis.circuit() !== 'closed';
    });
    report('while it hangs', await measure(2_000, () => store.cache.get('probe')));
    assert.equal(store.redis.available(), false);
    assert.equal(store.cache.get('probe'), undefined, 'a miss without even a promise');
    redis.resume();
    report('back after', `${(await until('the cache works', () => works(store))).toFixed(0)} ms`);
    assert.equal(store.redis.circuit(), 'closed');
  });

  it('hanging for long: the connection is given up and made anew', async () => {
    const redis = kept(await startRedis());
    const store = kept(openStore(settingsOf({url: redis.url})));
    await until('the cache works', () => works(store));
    redis.pause();
    for (let at = 0; at < 4; at++) await store.cache.get('probe');
    await until('the connection is given up', () => !store.connection.ready(), 10_000);
    redis.resume();
    await until('the cache works', () => works(store), 10_000);
  });

  it('a fact that never ends is kept as any other, sealed or not', async () => {
    const redis = kept(await startRedis());
    for (const sealKey of [undefined, 'a seal key of the tests']) {
      const store = kept(openStore(settingsOf({url: redis.url, ...(sealKey && {sealKey})})));
      await until('the cache works', () => works(store));
      for (const life of [Number.POSITIVE_INFINITY, 1e300, 2 ** 63, 9e15]) {
        await store.cache.set(`${life}`, {fact: 'endless'}, life);
        assert.deepEqual(await store.cache.get(`${life}`), {fact: 'endless'}, `${life}`);
      }
    }
  });

  it('full (OOM): nothing can be written, what is there can be read', async () => {
    const redis = kept(await startRedis());
    const store = kept(openStore(settingsOf({url: redis.url})));
    await until('the cache works', () => works(store));
    await store.connection.call('CONFIG', 'SET', 'maxmemory', '1');
    await store.cache.set('more', {fact: 'too much'}, minute);
    assert.equal(await store.cache.get('more'), undefined);
    assert.deepEqual(await store.cache.get('probe'), {fact: 'alive'});
    assert.equal(store.redis.circuit(), 'closed', 'an error that Redis answers is an answer');
    await store.connection.call('CONFIG', 'SET', 'maxmemory', '0');
    assert.ok(await works(store));
  });

  it('a read-only replica: reads go on', async () => {
    // A replication leaves a file, which a Redis in the same folder would load.
    const dir = ['--dir', temporaryFolder()];
    const master = kept(await startRedis({args: dir}));
    const writer = kept(openStore(settingsOf({url: master.url})));
    await until('the cache works', () => works(writer));
    const replica = kept(await startRedis({args: [...dir, '--replicaof', '127.0.0.1', `${master.port}`]}));
    const store = kept(openStore(settingsOf({url: replica.url})));
    await until('the replica has it', async () => (await store.cache.get('probe')) !== undefined);
    await store.cache.set('own', {fact: 'not here'}, minute);
    await until('reads go on', async () => (await store.cache.get('probe')) !== undefined);
    assert.equal(await store.cache.get('own'), undefined);
  });

  it('restarted empty: misses, then used again', async () => {
    const redis = kept(await startRedis());
    const store = kept(openStore(settingsOf({url: redis.url})));
    await until('the cache works', () => works(store));
    await redis.kill();
    kept(await startRedis({port: redis.port}));
    await until('it is connected', () => store.connection.ready());
    assert.equal(await store.cache.get('probe'), undefined);
    assert.ok(await until('the cache works', () => works(store)));
  });

  const rubbish: [string, (chunk: Buffer) => string | Buffer][] = [
    ['a web server', () => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>'],
    ['noise', () => Buffer.from([0, 255, 13, 10, 36, 45, 57, 57, 13, 10, 128, 7])],
    ['an echo, secrets included', (chunk) => chunk],
    ['lengths that never end', () => '$999999999\r\nabc'],
    ['arrays within arrays', () => '*1\r\n'.repeat(20_000)],
    ['the wrong types', () => ':1\r\n:2\r\n'],
  ];
  for (const [what, answer] of rubbish) {
    it(`speaking garbage: ${what}`, async () => {
      const server: Server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => socket.write(answer(chunk)));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const {port} = server.address() as {port: number};
      const store = openStore(settingsOf({url: `redis://postern:c4n4ry-secret@127.0.0.1:${port}`}));
      try {
        for (let at = 0; at < 30; at++) {
          assert.equal(await store.cache.get('probe'), undefined);
          await store.cache.set('probe', {fact: 'x'}, minute);
          await sleep(10);
        }
        report(what, await measure(200, () => store.cache.get('probe')));
        const told = JSON.stringify([store.log, store.redis.health()]);
        assert.ok(!told.includes('c4n4ry-secret'), told);
      } finally {
        await store.close();
        server.close();
      }
    });
  }

  it('values of the wrong type, foreign values, other versions, too long ones: misses', async () => {
    const redis = kept(await startRedis());
    const settings = settingsOf({url: redis.url});
    const store = kept(openStore(settings));
    await until('the cache works', () => works(store));
    const name = entryName('postern:', 'facts', 'k');
    const {connection} = store;
    const pack = (text: string) => makeSeal(undefined).pack(name, text, Date.now() + minute);
    const rows: [string, () => Promise<unknown>][] = [
      ['a list', () => connection.call('RPUSH', name, 'x')],
      ['a hash', () => connection.call('HSET', name, 'x', 'y')],
      ['a text that is not ours', () => connection.call('SET', name, 'hello')],
      ['bytes', () => connection.call('SET', name, Buffer.from([0, 200, 255, 10]))],
      ['another version', () => connection.call('SET', name, pack('{"fact":"x"}').replace(/^1/, '2'))],
      ['not JSON', () => connection.call('SET', name, pack('{"fact":'))],
      ['another shape', () => connection.call('SET', name, pack('{"fact":7}'))],
      [
        'past its end',
        () => connection.call('SET', name, makeSeal(undefined).pack(name, '{"fact":"x"}', Date.now() - 1)),
      ],
      ['too long', () => connection.call('SET', name, pack(`{"fact":"${'x'.repeat(300_000)}"}`))],
    ];
    for (const [what, write] of rows) {
      await connection.call('DEL', name);
      await write();
      assert.equal(await store.cache.get('k'), undefined, what);
    }
    await connection.call('SET', name, pack('{"fact":"good"}'));
    assert.deepEqual(await store.cache.get('k'), {fact: 'good'}, 'the same way, unspoilt, it is a hit');
  });

  it('sealed: tampered, moved, prolonged and unsealed entries are misses', async () => {
    const redis = kept(await startRedis());
    const store = kept(openStore(settingsOf({url: redis.url, sealKey: 'a seal key of the tests'})));
    await until('the cache works', () => works(store));
    const {connection} = store;
    const [here, there] = ['probe', 'other'].map((key) => entryName('postern:', 'facts', key)) as [string, string];
    const good = String(await connection.call('GET', here));
    const [version, end, mac, ...text] = good.split('.');
    const rows: [string, string, string][] = [
      ['probe', here, good.replace('alive', 'alivE')],
      ['other', there, good],
      ['probe', here, [version, Number(end) + 1_000, mac, ...text].join('.')],
      ['probe', here, [version, end, '', ...text].join('.')],
      ['probe', here, [version, end, mac?.slice(1), ...text].join('.')],
    ];
    for (const [key, name, value] of rows) {
      await connection.call('SET', name, value);
      assert.equal(await store.cache.get(key), undefined, value);
    }
    await connection.call('SET', here, good);
    assert.deepEqual(await store.cache.get('probe'), {fact: 'alive'});
    const other = kept(openStore(settingsOf({url: redis.url, sealKey: 'another key of the tests'})));
    await until('it is connected', () => other.connection.ready());
    assert.equal(await other.cache.get('probe'), undefined, 'sealed with another key');
  });

  it('an ACL user; a wrong password is a miss that names no password', async () => {
    const acl = ['--user', 'postern', 'on', '>s3cret-of-acl', '~postern:*', '+@all', '--user', 'default', 'off'];
    const redis = kept(await startRedis({args: acl}));
    const at = `127.0.0.1:${redis.port}`;
    const store = kept(openStore(settingsOf({url: `redis://postern:s3cret-of-acl@${at}`})));
    await until('the cache works', () => works(store));
    const stranger = kept(openStore(settingsOf({url: `redis://postern:wr0ng-password@${at}`})));
    await sleep(300);
    assert.equal(await stranger.cache.get('probe'), undefined);
    assert.ok(!JSON.stringify([stranger.log, stranger.redis.health()]).includes('wr0ng-password'));
  });

  it('TLS: with the right authority it works; with another it is a miss that says so', async () => {
    const redis = kept(await startRedis());
    const folder = join(import.meta.dirname, '../remote/tls');
    const pem = {cert: readFileSync(join(folder, 'server.pem')), key: readFileSync(join(folder, 'server-key.pem'))};
    const server = createTlsServer(pem, (near) => {
      const far = connect(redis.port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
      near.pipe(far).pipe(near);
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    kept({close: () => server.close()});
    const url = `rediss://localhost:${(server.address() as {port: number}).port}`;
    const store = kept(openStore(settingsOf({url, tls: {ca: join(folder, 'server.pem')}})));
    await until('the cache works', () => works(store));
    const stranger = kept(openStore(settingsOf({url})));
    await until('it is told', () => /certificate/.test(stranger.redis.health().detail ?? ''));
    assert.equal(await stranger.cache.get('probe'), undefined);
  });

  it('a transaction and a pipeline give each reply', async () => {
    const redis = kept(await startRedis());
    const connection = kept(
      openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 1_000, random: Math.random}),
    );
    await until('it is connected', () => connection.ready());
    assert.deepEqual(
      await connection.transaction([
        ['SET', 'a', '1'],
        ['INCR', 'a'],
      ]),
      ['OK', 2],
    );
    const [first, second] = await connection.pipeline([
      ['INCR', 'a'],
      ['LPUSH', 'a', 'x'],
    ]);
    assert.equal(first, 3);
    assert.ok(second instanceof Error && second.message.startsWith('WRONGTYPE'));
  });
});
