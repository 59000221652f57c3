// What a neighbour of the admin port can do: probes are answered all the same, guesses get nowhere, other sites read nothing.
import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import {readFileSync} from 'node:fs';
import {get, type Server} from 'node:http';
import {connect, type Socket} from 'node:net';
import {makeBearerCheck} from '../../src/admin/bearer.ts';
import {boundConnections} from '../../src/admin/connections.ts';
import {makePauseForGuess} from '../../src/admin/guesses.ts';
import {makeIsOwnHost} from '../../src/admin/hosts.ts';
import {type AdminStream, json} from '../../src/admin/route.ts';
import {livezRoute, metricsRoute} from '../../src/admin/routes.ts';
import {type AdminServer, makeAdminServer} from '../../src/admin/server.ts';
import {adminSettings} from '../../src/admin/settings.ts';
import {makeLimited} from '../../src/observe/limits.ts';

const token = 'canary-admin-token';

describe('limits of the admin port', () => {
  const open: AdminServer[] = [];
  const sockets: Socket[] = [];
  const streams: AdminStream[] = [];
  let limited: string[];
  beforeEach(() => {
    limited = [];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of open.splice(0)) await server.close();
  });
  const start = async (more: object = {}, steady?: () => number) => {
    const server = makeAdminServer({
      settings: adminSettings.parse({listen: '127.0.0.1:0', token, ...more}),
      routes: [
        livezRoute,
        {method: 'GET', path: '/secret', token: true, about: '', handle: () => json(200, {})},
        {
          method: 'GET',
          path: '/stream',
          token: false,
          about: '',
          handle: () => ({...json(200, {}), body: 'begun', stream: (out) => void streams.push(out)}),
        },
      ],
      log: {warn: () => {}, error: () => {}},
      limited: (limit) => void limited.push(limit),
      ...(steady && {steady}),
    });
    open.push(server);
    return new URL(await server.start());
  };
  const ask = (url: URL, path: string, headers: Record<string, string> = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      get({host: url.hostname, port: url.port, path, headers, agent: false}, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });

  it('connections that ask nothing: beyond 256 the oldest goes, and each probe is answered', async () => {
    const url = await start();
    let closed = 0;
    const silent = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(Number(url.port), url.hostname, () => {
          socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n');
          resolve();
        });
        socket.on('error', () => {});
        socket.on('close', () => closed++);
        sockets.push(socket);
      });
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({length: 60}, silent));
      assert.equal(await ask(url, '/livez'), 200);
    }
    for (let left = 500; closed < 344 && left > 0; left--) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(closed >= 344 && limited.every((limit) => limit === 'connections'), `${closed}`);
    assert.ok(!sockets.at(-1)?.destroyed, 'the youngest stays');
  });

  const held: [what: string, request: (url: URL) => string][] = [
    [
      'send no body after their headers',
      ({host}) => `GET /livez HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 10\r\n\r\n`,
    ],
    [
      'send a body that never ends',
      ({host}) => `GET /livez HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n`,
    ],
  ];
  for (const [what, text] of held)
    it(`connections that ${what}: beyond 256 the oldest goes, and each probe is answered`, async () => {
      const url = await start();
      const holding = (): Promise<void> =>
        new Promise((resolve) => {
          const socket = connect(Number(url.port), url.hostname, () => socket.write(text(url), () => resolve()));
          socket.pause().on('error', () => resolve());
          sockets.push(socket);
        });
      for (let round = 0; round < 8; round++) {
        await Promise.all(Array.from({length: 60}, holding));
        // So that the server has read what was sent.
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(await ask(url, '/livez'), 200, `round ${round}`);
      }
    });

  it('connections whose answer is not read: beyond 256 the oldest of them goes', () => {
    const server = new EventEmitter();
    boundConnections(server as Server, () => void limited.push('connections'));
    const gone: number[] = [];
    const connection = (number: number, writableLength: number) => {
      const socket = Object.assign(new EventEmitter(), {writableLength, destroy: () => void gone.push(number)});
      server.emit('connection', socket);
      server.emit('request', {socket, complete: true}, Object.assign(new EventEmitter(), {writableLength: 0}));
    };
    for (let number = 0; number < 256; number++) connection(number, number === 7 || number === 9 ? 1 : 0);
    assert.equal(gone.length, 0);
    for (let number = 256; number < 258; number++) connection(number, 0);
    assert.deepEqual([gone, limited.length], [[7, 9], 2]);
    server.emit(
      'connection',
      Object.assign(new EventEmitter(), {writableLength: 0, destroy: () => void gone.push(258)}),
    );
    assert.deepEqual(gone, [7, 9, 258], 'where all are being answered, the newest');
  });

  it('a stream ends with the token that it was asked for by', async () => {
    let tokens: readonly string[] = [token];
    const server = makeAdminServer({
      settings: adminSettings.parse({listen: '127.0.0.1:0'}),
      tokens: () => tokens,
      routes: [
        {
          method: 'GET',
          path: '/watch',
          token: true,
          about: '',
          handle: () => ({...json(200, {}), body: 'begun', stream: () => {}}),
        },
      ],
      log: {warn: () => {}, error: () => {}},
    });
    open.push(server);
    const url = new URL(await server.start());
    const watch = (by: string) =>
      new Promise<{ended: () => boolean}>((resolve, reject) => {
        const headers = {authorization: `Bearer ${by}`};
        get({host: url.hostname, port: url.port, path: '/watch', headers, agent: false}, (response) => {
          let isOver = false;
          response
            .on('error', () => {})
            .on('close', () => {
              isOver = true;
            });
          response.resume();
          resolve({ended: () => isOver});
        }).on('error', reject);
      });
    const before = await watch(token);
    tokens = ['the-token-of-after', token];
    const after = await watch('the-token-of-after');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.deepEqual([before.ended(), after.ended()], [false, false], 'while it is changed both count');
    tokens = ['the-token-of-after'];
    for (let left = 500; left > 0 && !before.ended(); left--) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual([before.ended(), after.ended()], [true, false]);
  });

  it('whoever is being answered, such as a stream, is not the oldest silent one', async () => {
    const url = await start();
    const ended = new Promise<string>((resolve, reject) => {
      get({host: url.hostname, port: url.port, path: '/stream', agent: false}, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
          if (text === 'begun') void crowd();
          if (text.endsWith('still there')) resolve(text);
        });
        response.on('error', reject);
      }).on('error', reject);
    });
    const crowd = async () => {
      const opened = Array.from(
        {length: 600},
        () =>
          new Promise<void>((resolve) => {
            const socket = connect(Number(url.port), url.hostname, () => resolve());
            socket.on('error', () => resolve());
            sockets.push(socket);
          }),
      );
      await Promise.all(opened);
      assert.equal(await ask(url, '/livez'), 200);
      streams[0]?.write('still there');
    };
    assert.equal(await ended, 'begunstill there');
  });

  it('a flood of wrong tokens keeps neither probes nor the right token waiting', async () => {
    const url = await start({}, () => 0);
    await ask(url, '/secret');
    const guesses = Array.from({length: 150}, () => ask(url, '/secret', {authorization: 'Bearer guessed-it-again'}));
    const probes = [];
    for (let n = 0; n < 20; n++) probes.push(await ask(url, '/livez'));
    const right = await ask(url, '/secret', {authorization: `Bearer ${token}`});
    assert.deepEqual([new Set(probes), right], [new Set([200]), 200]);
    assert.deepEqual(new Set(await Promise.all(guesses)), new Set([401]));
  });

  it('while it is changed both tokens count; then the old one does not', () => {
    const [old, next] = ['the token of before', 'the token of after'].map((one) => one.replaceAll(' ', '-'));
    let tokens: readonly string[] | undefined;
    const check = makeBearerCheck(() => tokens);
    const rows: [readonly string[] | undefined, boolean | undefined, boolean | undefined][] = [
      [[`${old}`], true, false],
      [[`${next}`, `${old}`], true, true],
      [[`${next}`], false, true],
      [undefined, undefined, undefined],
    ];
    for (const [now, ofOld, ofNext] of rows) {
      tokens = now;
      assert.deepEqual([check()?.(`Bearer ${old}`), check()?.(`Bearer ${next}`)], [ofOld, ofNext], String(now));
    }
  });

  it('the token is compared by hashes of one length, in constant time: no length and no beginning is special', () => {
    const check = makeBearerCheck(() => [token])();
    for (const guess of [
      '',
      'x',
      token.slice(0, -1),
      `${token}x`,
      `${token} `.repeat(2),
      'ä'.repeat(40),
      token.toUpperCase(),
    ])
      assert.equal(check?.(`Bearer ${guess}`), false, guess);
    assert.equal(check?.(`Bearer ${token}`), true);
    // What no run can show: how they are compared.
    const source = readFileSync(new URL('../../src/admin/bearer.ts', import.meta.url), 'utf8');
    assert.match(source, /shown = digest\(presented\);\n.*timingSafeEqual\(shown, one\)/);
    assert.doesNotMatch(source, /[!=]==? *(token|wanted)\b/);
  });

  describe('guesses of the token', () => {
    it('the first of a second is answered at once, the next ones later, and whoever has the token is let in at once', async () => {
      const url = await start({}, () => 0);
      assert.equal(await ask(url, '/secret'), 401);
      const order: string[] = [];
      const guesses = [1, 2, 3].map(async () =>
        order.push(`${await ask(url, '/secret', {authorization: 'Bearer x'})}`),
      );
      order.push(`${await ask(url, '/secret', {authorization: `Bearer ${token}`})}`);
      await Promise.all(guesses);
      assert.deepEqual(order, ['200', '401', '401', '401']);
      assert.deepEqual(limited, Array(4).fill('guesses'));
    });
    it('those that wait are bounded', async () => {
      const pause = makePauseForGuess(() => 0);
      await pause();
      let waiting = 0;
      for (let n = 0; n < 100; n++) {
        waiting += 1;
        void pause().then(() => waiting--);
      }
      await new Promise(setImmediate);
      assert.equal(waiting, 64);
    });
    it('one line a minute, which says how many there were', () => {
      const lines: object[] = [];
      let counted = 0;
      let clock = 0;
      const tell = makeLimited(
        'admin',
        {limited: () => void counted++},
        {warn: (fields: object) => void lines.push(fields)} as never,
        () => clock,
      );
      for (let n = 0; n < 7_732; n++) tell('guesses', {path: '/secret'});
      clock = 60_000;
      tell('guesses', {path: '/secret'});
      assert.equal(counted, 7_733);
      assert.deepEqual(
        lines.map((line) => (line as {count: number}).count),
        [1, 7_732],
      );
    });
    it('a short token is refused', () => {
      for (const token of ['short', ['short'], ['t0ken-of-sixteen-characters', 'short']]) {
        const {error} = adminSettings.safeParse({token});
        assert.match(JSON.stringify(error?.issues), /shorter than 16 characters/);
      }
    });
  });

  describe('names of the port', () => {
    const isOwn = makeIsOwnHost(['postern.acme.example', '0.0.0.0']);
    const rows: [string | undefined, boolean][] = [
      [undefined, true],
      ['localhost:9190', true],
      ['127.0.0.1:9190', true],
      ['10.2.3.4', true],
      ['[::1]:9190', true],
      ['[2001:db8::1]', true],
      ['postern:9190', true],
      ['postern.shop.svc', true],
      ['postern.shop.svc.cluster.local:9190', true],
      ['POSTERN.acme.example.:9190', true],
      ['rebound.evil.example', false],
      ['rebound.evil.example:9190', false],
      ['localhost.evil.example', false],
      ['127.0.0.1.evil.example', false],
      ['evil.example#.svc', false],
      ['svc.evil.example', false],
      ['a@b', false],
      ['[evil.example]', false],
    ];
    for (const [host, own] of rows)
      it(`${host}: ${own ? 'answered' : 'refused'}`, () => assert.equal(isOwn(host), own));

    it('another name: 421, for pages that need no token', async () => {
      const url = await start({hosts: ['postern.acme.example']});
      const evil = {host: 'rebound.evil.example'};
      assert.equal(await ask(url, '/livez', evil), 421);
      assert.equal(await ask(url, '/', evil), 421);
      assert.equal(await ask(url, '/livez', {host: 'postern.acme.example'}), 200);
      assert.equal(await ask(url, '/secret', evil), 401);
      assert.equal(await ask(url, '/secret', {...evil, authorization: `Bearer ${token}`}), 200);
      assert.deepEqual(limited, ['hosts', 'hosts', 'guesses']);
    });
  });

  it('/metrics: one exposition for all who ask at once; asked for too often, one a second', async () => {
    let clock = 0;
    let made = 0;
    const {promise, resolve} = Promise.withResolvers<void>();
    let ready: Promise<void> = promise;
    const route = metricsRoute(
      async (accept) => {
        made += 1;
        await ready;
        return {type: accept || 'plain', text: `${made}`};
      },
      () => clock,
    );
    const scrape = (accept?: string) =>
      Promise.resolve(route.handle({headers: {accept}} as never)).then(({body}) => body);
    const all = Array.from({length: 100}, () => scrape());
    resolve();
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['1']));
    ready = Promise.resolve();
    for (let n = 0; n < 49; n++) await scrape(`text/plain;q=0.${n}`);
    assert.equal(made, 50);
    const waited = await Promise.all(Array.from({length: 500}, () => scrape()));
    assert.deepEqual(new Set(waited), new Set(['51']));
    clock = 1_000;
    assert.equal(
      (await route.handle({headers: {accept: 'application/openmetrics-text'}} as never)).type,
      'application/openmetrics-text',
    );
  });
});
