// Calls to other services: every way in which the other side can fail is Unavailable, within the deadline.
import assert from 'node:assert/strict';
import {createServer} from 'node:net';
import {brotliCompressSync, deflateSync, gzipSync} from 'node:zlib';
import {jsonOf, type RemoteRequest} from '../../src/core/remote.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import type {Remote} from '../../src/remote/client.ts';
import {type Answer, json, startServer, type TestServer, testRemote, tlsFile} from './servers.ts';

const never = Number.POSITIVE_INFINITY;
const ends: (() => Promise<void>)[] = [];
const serve = async (answer: Answer, scheme?: 'https', address?: string): Promise<TestServer> => {
  const server = await startServer(answer, scheme, address);
  ends.push(server.close);
  return server;
};
const client = (parts?: Parameters<typeof testRemote>[0]): Remote & {seen: string[]} => {
  const remote = testRemote(parts);
  ends.push(remote.close);
  return remote;
};
const anything = {safeParse: (value: unknown) => ({success: true as const, data: value})};
const get = (url: string, more: Partial<RemoteRequest> = {}): RemoteRequest => ({method: 'GET', url, ...more});
const outage =
  (words: RegExp, dependency = 'it') =>
  (error: unknown): boolean =>
    error instanceof Unavailable && error.dependency === dependency && words.test(error.message);

describe('remote calls', () => {
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it('gives the whole answer of any status', async () => {
    const server = await serve((request, response, body) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(request.url === '/missing' ? 404 : 200, {'X-Echo': `${request.method} ${body}`});
      response.end('héllo');
    });
    const {call} = client();
    const answer = await call('it', {method: 'POST', url: `${server.url}/a?b=c`, body: 'in'}, never);
    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'héllo');
    assert.deepEqual(answer.headers.get('x-echo'), ['POST in']);
    assert.deepEqual(answer.headers.get('set-cookie'), ['a=1', 'b=2']);
    assert.equal((await call('it', get(`${server.url}/missing`), never)).status, 404);
    assert.deepEqual(server.asked, ['POST /a?b=c', 'GET /missing']);
  });

  it('does not follow redirects', async () => {
    const elsewhere = await serve((_, response) => response.end('secret'));
    const server = await serve((_, response) => response.writeHead(302, {location: elsewhere.url}).end());
    const answer = await client().call('it', get(server.url), never);
    assert.equal(answer.status, 302);
    assert.deepEqual(elsewhere.asked, []);
  });

  it('says where a redirect leads, without what may be secret in it', async () => {
    const rows: [location: string, words: RegExp][] = [
      [
        'https://id.example/keys?secret=canary',
        /status 301, which leads to https:\/\/id\.example\/keys: set that address/,
      ],
      ['/other', /which leads to http:\/\/127\.0\.0\.1:\d+\/other: set/],
      ['::', /status 301, which leads to http/],
    ];
    for (const [location, words] of rows) {
      const server = await serve((_, response) => response.writeHead(301, {location}).end());
      const answer = await client().call('it', get(server.url), never);
      assert.throws(() => jsonOf('it', answer, anything), outage(words));
      assert.throws(
        () => jsonOf('it', answer, anything),
        (error: Error) => !error.message.includes('canary'),
      );
    }
    const bare = await serve((_, response) => response.writeHead(304).end());
    const answer = await client().call('it', get(bare.url), never);
    assert.throws(() => jsonOf('it', answer, anything), outage(/answered with status 304$/));
  });

  it('a byte order mark before JSON is no fault', async () => {
    const server = await serve((_, response) => response.end('\ufeff{"a":1}'));
    assert.deepEqual(jsonOf('it', await client().call('it', get(server.url), never), anything), {a: 1});
  });

  describe('what is packed although nobody asked for it', () => {
    const text = JSON.stringify({keys: 'x'.repeat(50_000)});
    const packed: [encoding: string, bytes: Buffer][] = [
      ['gzip', gzipSync(text)],
      ['GZIP', gzipSync(text)],
      ['x-gzip', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['br', brotliCompressSync(text)],
      ['identity', Buffer.from(text)],
    ];
    for (const [encoding, bytes] of packed) {
      it(`${encoding}: is read`, async () => {
        let asked: string | undefined;
        const server = await serve((request, response) => {
          asked = `${request.headers['accept-encoding']}`;
          response.writeHead(200, {'content-encoding': encoding}).end(bytes);
        });
        const answer = await client().call('it', get(server.url), never);
        assert.equal(answer.body, text);
        assert.equal(asked, 'identity');
      });
    }
    const bad: [what: string, encoding: string, bytes: Buffer, words: RegExp][] = [
      [
        'unpacks to more than is read',
        'gzip',
        gzipSync(Buffer.alloc(50_000_000)),
        /longer than 1048576 bytes, unpacked/,
      ],
      ['is no gzip', 'gzip', Buffer.from(text), /is no gzip, as it says it is/],
      ['ends early', 'gzip', gzipSync(text).subarray(0, 60), /is no gzip/],
      ['is of an encoding that is not known', 'zstd', Buffer.from(text), /content-encoding that is not known/],
      ['is packed twice', 'gzip, gzip', gzipSync(gzipSync(text)), /content-encoding that is not known/],
    ];
    for (const [what, encoding, bytes, words] of bad) {
      it(`an answer that ${what} is an outage`, async () => {
        const server = await serve((_, response) => response.writeHead(200, {'content-encoding': encoding}).end(bytes));
        await assert.rejects(client().call('it', get(server.url), never), outage(words));
      });
    }
  });

  it('takes no proxy from the environment', async () => {
    const proxy = await serve((_, response) => response.end('proxied'));
    const server = await serve((_, response) => response.end('direct'));
    const names = ['HTTP_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY'];
    for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url;
    try {
      assert.equal((await client().call('it', get(server.url), never)).body, 'direct');
    } finally {
      for (const name of names) delete process.env[name];
    }
  });

  it('caps the bytes of an answer, whether or not its length is announced', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 2000);
      response.write('x'.repeat(1000));
      response.end('x'.repeat(1000));
    });
    const {call, seen} = client();
    for (const path of ['/announced', '/chunked']) {
      await assert.rejects(
        call('it', get(server.url + path, {maxBytes: 1999}), never),
        outage(/longer than 1999 bytes/),
      );
      assert.equal((await call('it', get(server.url + path, {maxBytes: 2000}), never)).body.length, 2000);
    }
    assert.ok(seen.includes('it too_large'));
    const huge = await serve((_, response) => response.end(Buffer.alloc(1_048_577)));
    await assert.rejects(call('it', get(huge.url), never), outage(/longer than 1048576 bytes/));
  });

  it('waits for the time-out, or for the deadline if that is sooner', async () => {
    const hanging = await serve(() => {});
    const trickling = await serve((_, response) => {
      response.write('x');
    });
    const {call, seen} = client();
    for (const {url} of [hanging, trickling]) {
      const begun = Date.now();
      await assert.rejects(call('it', get(url, {timeout: 60, idempotent: false}), never), outage(/in 60 ms/));
      await assert.rejects(call('it', get(url), Date.now() + 60), outage(/no answer|deadline/));
      assert.ok(Date.now() - begun < 2_000);
    }
    await assert.rejects(call('it', get(hanging.url), Date.now() - 1), outage(/deadline has passed/));
    assert.equal(seen.filter((line) => line === 'it timeout').length, 4);
    assert.equal(hanging.asked.length, 2, 'past the deadline nothing is sent');
  });

  it('makes an outage of refused and broken connections', async () => {
    const server = await startServer((request) => request.socket.destroy());
    const {call, seen} = client();
    await assert.rejects(call('it', get(server.url, {idempotent: false}), never), outage(/no answer from/));
    await server.close();
    await assert.rejects(call('gone', get(server.url, {idempotent: false}), never), outage(/no answer from/, 'gone'));
    const garbage = createServer((socket) => socket.resume().end('not http\r\n\r\n'));
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve));
    ends.push(() => new Promise((resolve) => garbage.close(() => resolve())));
    const {port} = garbage.address() as {port: number};
    await assert.rejects(call('odd', get(`http://127.0.0.1:${port}`, {idempotent: false}), never), outage(/./, 'odd'));
    assert.deepEqual(
      seen.filter((line) => !line.includes('circuit')),
      ['it error', 'gone refused', 'odd error'],
    );
  });

  it('tries idempotent calls again, others not', async () => {
    const rows: [Partial<RemoteRequest>, number, number][] = [
      [{method: 'GET'}, 503, 3],
      [{method: 'GET'}, 502, 3],
      [{method: 'GET'}, 500, 1],
      [{method: 'GET'}, 429, 1],
      [{method: 'GET', idempotent: false}, 503, 1],
      [{method: 'POST'}, 503, 1],
      [{method: 'POST', idempotent: true}, 504, 3],
    ];
    for (const [more, status, times] of rows) {
      const server = await serve((_, response) => response.writeHead(status).end());
      const answer = await client().call('it', get(server.url, more), never);
      assert.equal(answer.status, status);
      assert.equal(server.asked.length, times, JSON.stringify([more, status]));
    }
    let asked = 0;
    const recovering = await serve((request, response) =>
      ++asked < 3 ? request.socket.destroy() : response.end('ok'),
    );
    assert.equal((await client().call('it', get(recovering.url), never)).body, 'ok');
  });

  it('does not try again when the deadline would pass', async () => {
    const server = await serve((_, response) => response.writeHead(503).end());
    const stopped = Date.now();
    const {call} = client({now: () => stopped, random: () => 0.999});
    assert.equal((await call('it', get(server.url), stopped + 40)).status, 503);
    assert.equal(server.asked.length, 1);
  });

  it('opens the circuit of one host after failures in a row, and closes it when it works again', async () => {
    let broken = true;
    const server = await serve((_, response) => response.writeHead(broken ? 500 : 200).end());
    const other = await serve((_, response) => response.end('ok'));
    const remote = client({circuit: {failures: 3, shortest: 150, longest: 150}});
    const call = () => remote.call('it', get(server.url), never);
    for (let failure = 0; failure < 3; failure++) assert.equal((await call()).status, 500);
    await assert.rejects(call(), outage(/failed repeatedly/));
    assert.equal(server.asked.length, 3);
    assert.deepEqual([...remote.circuits()], [['it', 'open']]);
    assert.equal((await remote.call('it', get(other.url), never)).body, 'ok', 'another host has its own circuit');
    assert.equal((await remote.call('else', get(server.url), never)).status, 500, 'and so has another dependency');

    broken = false;
    for (const until = Date.now() + 5_000; remote.circuits().get('it') !== 'closed' && Date.now() < until; ) {
      await call().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await call()).status, 200);
    assert.deepEqual(
      remote.seen.filter((line) => line.startsWith('it circuit ')),
      ['it circuit closed', 'it circuit open', 'it circuit open', 'it circuit half_open', 'it circuit closed'],
    );
  });

  it('lets one call try a circuit, and refuses the others at once', async () => {
    let answer: (() => void) | undefined;
    let broken = true;
    const server = await serve((_, response) => {
      if (broken) response.writeHead(500).end();
      else answer = () => response.end('ok');
    });
    const remote = client({circuit: {failures: 1, shortest: 30, longest: 30}});
    await remote.call('it', get(server.url), never);
    broken = false;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const trying = remote.call('it', get(server.url), never);
    await assert.rejects(remote.call('it', get(server.url), never), outage(/failed repeatedly/));
    while (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    answer();
    assert.equal((await trying).body, 'ok');
    assert.deepEqual([...remote.circuits()], [['it', 'closed']]);
  });

  it('blames no host for a deadline that was too short', async () => {
    const slow = await serve((_, response) => void setTimeout(() => response.end('ok'), 60));
    const remote = client({circuit: {failures: 1, shortest: 1_000, longest: 1_000}});
    await assert.rejects(remote.call('it', get(slow.url), Date.now() + 20), outage(/./));
    assert.equal((await remote.call('it', get(slow.url), never)).body, 'ok');
  });

  it('checks certificates, and trusts an authority that it is given', async () => {
    const server = await serve((_, response) => response.end('ok'), 'https');
    await assert.rejects(client().call('it', get(server.url, {idempotent: false}), never), outage(/self-signed/));
    const trusting = client({ca: tlsFile('server.pem')});
    assert.equal((await trusting.call('it', get(server.url), never)).body, 'ok');
  });

  it('wants the certificate of the machine that it dials, whatever host it is told to name', async () => {
    const server = await serve((request, response) => response.end(request.headers.host), 'https', '127.0.0.2');
    const trusting = client({ca: tlsFile('server.pem')});
    await assert.rejects(
      trusting.call('it', get(server.url, {idempotent: false}), never),
      outage(/not in the cert's list/),
    );
    const named = await serve((request, response) => response.end(request.headers.host), 'https');
    const hosts = Array.from({length: 20}, (_, at) => (at % 2 === 0 ? 'a.example' : 'b.example'));
    const answers = await Promise.all(
      hosts.map((host) => trusting.call('it', get(named.url, {headers: {host}}), never)),
    );
    assert.deepEqual(
      answers.map(({body}) => body),
      hosts,
    );
    assert.equal(
      trusting.seen.filter((seen) => seen === 'it error').length,
      1,
      'no connection is ended for another host',
    );
  });

  it('lets 64 calls be under way and 256 wait; what has no turn is refused at once, and is not the fault of the host', async () => {
    const held: (() => void)[] = [];
    const server = await serve((_, response) => void held.push(() => response.end('ok')));
    const remote = client({circuit: {failures: 1, shortest: 60_000, longest: 60_000}});
    const calls = Array.from({length: 332}, () =>
      remote.call('it', get(server.url), never).then(
        ({body}) => body,
        (error: Error) => (outage(/64 calls to it are under way, and 256 wait/)(error) ? 'busy' : error.message),
      ),
    );
    while (held.length < 64) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((await Promise.all(calls.slice(320))).join(), Array.from({length: 12}, () => 'busy').join());
    assert.equal(server.asked.length, 64);
    for (let answered = 0; answered < 320; answered++) {
      while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      held.shift()?.();
    }
    assert.ok((await Promise.all(calls.slice(0, 320))).every((body) => body === 'ok'));
    assert.deepEqual([...remote.circuits()], [['it', 'closed']]);
    assert.equal(remote.seen.filter((seen) => seen === 'it busy').length, 12);
  });

  it('asks nothing for a call whose time ran out before its turn, and gives every call its whole time', async () => {
    const held: (() => void)[] = [];
    const server = await serve((_, response) => void held.push(() => response.end('ok')));
    const remote = client({circuit: {failures: 1, shortest: 60_000, longest: 60_000}});
    const long = Array.from({length: 64}, () => remote.call('it', get(server.url, {timeout: 10_000}), never));
    while (held.length < 64) await new Promise((resolve) => setTimeout(resolve, 5));
    const late = remote.call('it', get(server.url), Date.now() + 30).then(
      () => 'answered',
      (error: unknown) => (outage(/the deadline has passed/)(error) ? 'late' : String(error)),
    );
    await new Promise((resolve) => setTimeout(resolve, 60));
    for (const answer of held.splice(0)) answer();
    assert.equal(await late, 'late');
    await Promise.all(long);
    assert.equal(server.asked.length, 64);
    assert.deepEqual([...remote.circuits()], [['it', 'closed']]);
  });

  it('leaves a host alone that says 429', async () => {
    const server = await serve((_, response) => response.writeHead(429).end());
    const remote = client({circuit: {failures: 3, shortest: 60_000, longest: 60_000}});
    for (let at = 0; at < 3; at++) assert.equal((await remote.call('it', get(server.url), never)).status, 429);
    await assert.rejects(remote.call('it', get(server.url), never), outage(/left alone/));
    assert.equal(server.asked.length, 3);
  });

  it('ends calls under way when it is closed', async () => {
    const hanging = await serve(() => {});
    const remote = client();
    const waiting = assert.rejects(remote.call('it', get(hanging.url, {idempotent: false}), never), outage(/./));
    while (hanging.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await remote.close();
    await waiting;
  });
});

describe('the JSON of an answer', () => {
  const anything = {safeParse: (value: unknown) => ({success: true, data: value}) as const};
  const picky = {safeParse: () => ({success: false, error: {message: 'canary'}}) as const};
  const answer = (status: number, body: string) => ({
    asked: 'GET https://it.example/x',
    status,
    body,
    headers: new Map([['content-type', ['text/html']]]),
  });

  it('is what was sent, if it has the shape', () => {
    assert.deepEqual(jsonOf('it', answer(200, '{"a":1}'), anything), {a: 1});
  });
  for (const [what, status, body, words] of [
    ['another status', 500, '{}', /status 500/],
    ['a redirect', 302, '{}', /status 302/],
    ['HTML', 200, '<html>canary', /not JSON \(text\/html\)/],
    ['nothing', 200, '', /not JSON/],
  ] as const) {
    it(`is an outage for ${what}`, () => {
      assert.throws(
        () => jsonOf('it', answer(status, body), anything),
        (error) => outage(words)(error) && !(error as Error).message.includes('canary'),
      );
    });
  }
  it('is an outage in another shape', () => {
    assert.throws(() => jsonOf('it', answer(200, '{}'), picky), outage(/expected shape/));
  });
  it('is read from a real server too', async () => {
    const server = await startServer((_, response) => json(response, {ok: true}));
    const remote = testRemote();
    try {
      assert.deepEqual(jsonOf('it', await remote.call('it', get(server.url), never), anything), {ok: true});
    } finally {
      await remote.close();
      await server.close();
    }
  });
});
