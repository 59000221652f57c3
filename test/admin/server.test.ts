// The admin server over real sockets: pages, tokens, limits.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {lstat, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {request as httpRequest} from 'node:http';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {AdminRoute} from '../../src/admin/route.ts';
import {json} from '../../src/admin/route.ts';
import {livezRoute, metricsRoute, readyzRoute} from '../../src/admin/routes.ts';
import {type AdminServer, makeAdminServer} from '../../src/admin/server.ts';
import {adminSettings} from '../../src/admin/settings.ts';
import type {Health} from '../../src/core/health.ts';
import {makeMetrics} from '../../src/observe/metrics.ts';
import {scraped} from '../observe/exposition.ts';

const token = 'canary-admin-token';

const routes = (health: () => readonly Health[]): AdminRoute[] => [
  metricsRoute(makeMetrics({version: '0', node: '0'}).exposition),
  livezRoute,
  readyzRoute(health),
  {
    method: 'POST',
    path: '/revocations',
    token: true,
    about: 'Revoke',
    handle: ({body, query}) => json(200, {got: body.length, of: query.get('of')}),
  },
  {method: 'GET', path: '/revocations', token: true, about: 'List <all>', handle: () => json(200, [])},
  {
    method: 'GET',
    path: '/broken',
    token: false,
    about: 'Throws',
    handle: () => {
      throw new Error('canary-internal');
    },
  },
];

describe('admin server', () => {
  const open: AdminServer[] = [];
  let logged: string[] = [];
  let health: readonly Health[] = [];

  const start = async (settings: {token?: string; listen?: string} = {}) => {
    const server = makeAdminServer({
      settings: adminSettings.parse({listen: '127.0.0.1:0', ...settings}),
      routes: routes(() => health),
      log: {
        warn: (fields, sentence) => logged.push(JSON.stringify({fields, sentence})),
        error: (fields, sentence) => logged.push(JSON.stringify({fields, sentence})),
      },
    });
    open.push(server);
    return server.start();
  };
  const call = (url: string, method: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
    fetch(url, {method, headers, ...(body === undefined ? {} : {body})});
  /** Sends bytes as they are, and answers everything that came back until the connection ended. */
  const raw = (url: string, bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' ? resolve(text) : reject(error),
      );
      socket.on('error', () => {});
    });

  beforeEach(() => {
    logged = [];
    health = [];
  });
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });

  it('/metrics can be scraped, in both formats', async () => {
    const url = await start();
    const plain = await call(`${url}/metrics`, 'GET');
    assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const {types, value} = scraped(await plain.text());
    assert.equal(types.get('postern_decisions_total'), 'counter');
    assert.equal(value('postern_build_info', {version: '0', node: '0'}), 1);
    const open = await call(`${url}/metrics`, 'GET', {accept: 'application/openmetrics-text'});
    assert.match(open.headers.get('content-type') ?? '', /^application\/openmetrics-text/);
    assert.match(await open.text(), /# EOF\n$/);
  });

  it('/livez is 200, whatever the health', async () => {
    health = [{part: 'keys acme', state: 'unready'}];
    assert.equal((await call(`${await start()}/livez`, 'GET')).status, 200);
  });

  describe('/readyz', () => {
    const ready: Health = {part: 'entitlements', state: 'ready'};
    const degraded: Health = {part: 'redis', state: 'degraded', detail: 'no answer since 12:00'};
    const unready: Health = {part: 'keys acme', state: 'unready', detail: 'no keys yet'};
    const rows: [readonly Health[], number, string][] = [
      [[ready], 200, 'ready'],
      [[ready, degraded], 200, 'degraded'],
      [[ready, degraded, unready], 503, 'unready'],
      [[unready, ready], 503, 'unready'],
    ];
    for (const [parts, status, word] of rows) {
      it(`${parts.map(({state}) => state).join(' + ')}: ${status} ${word}`, async () => {
        health = parts;
        const answer = await call(`${await start()}/readyz`, 'GET');
        assert.equal(answer.status, status);
        assert.deepEqual(await answer.json(), {status: word, parts});
      });
    }
  });

  const rows: {name: string; method: string; path: string; status: number; has: RegExp}[] = [
    {
      name: 'the index page links the open pages',
      method: 'GET',
      path: '/',
      status: 200,
      has: /<a href="\/metrics">[\s\S]*List &#60;all&#62; \(needs the admin token\)/,
    },
    {name: 'an unknown page', method: 'GET', path: '/nothing', status: 404, has: /"not_found"[\s\S]*\/metrics/},
    {name: 'a page named like a property', method: 'GET', path: '/__proto__', status: 404, has: /not_found/},
    {name: 'a path that is none', method: 'GET', path: '//', status: 404, has: /not_found/},
    {name: 'a wrong method', method: 'POST', path: '/metrics', status: 405, has: /takes GET, HEAD/},
    {
      name: 'a wrong method on a guarded page',
      method: 'DELETE',
      path: '/revocations',
      status: 405,
      has: /takes POST, GET, HEAD/,
    },
    {name: 'a query is ignored where there is none', method: 'GET', path: '/livez?verbose', status: 200, has: /alive/},
    {
      name: 'a guarded page while no token is configured',
      method: 'POST',
      path: '/revocations',
      status: 403,
      has: /Set admin\.token/,
    },
    {name: 'a bug', method: 'GET', path: '/broken', status: 500, has: /"internal"/},
  ];
  for (const {name, method, path, status, has} of rows) {
    it(`${name}: ${status}`, async () => {
      const answer = await call(`${await start()}${path}`, method);
      const body = await answer.text();
      assert.equal(answer.status, status);
      assert.match(body, has);
      assert.ok(!body.includes('canary-internal'));
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      if (status === 405) assert.match(answer.headers.get('allow') ?? '', /HEAD/);
    });
  }

  it('HEAD is GET without the body', async () => {
    const url = await start();
    const answer = await call(`${url}/livez`, 'HEAD');
    assert.equal(answer.status, 200);
    assert.ok(Number(answer.headers.get('content-length')) > 10);
    assert.equal(await answer.text(), '');
  });

  describe('a guarded page', () => {
    const attempts: [string, string | undefined, number][] = [
      ['no header', undefined, 401],
      ['an empty header', '', 401],
      ['another token', 'Bearer canary-admin-tokem', 401],
      ['the beginning of the token', 'Bearer canary-admin', 401],
      ['the token and more', `Bearer ${token}x`, 401],
      ['the token without scheme', token, 401],
      ['another scheme', `Basic ${token}`, 401],
      ['two tokens', `Bearer ${token} ${token}`, 401],
      ['the token', `Bearer ${token}`, 200],
      ['the token, scheme in lower case', `bearer ${token}`, 200],
    ];
    for (const [name, authorization, status] of attempts) {
      it(`${name}: ${status}`, async () => {
        const url = await start({token});
        const headers = authorization === undefined ? {} : {authorization};
        const answer = await call(`${url}/revocations?of=alice`, 'POST', headers, 'body');
        const body = await answer.text();
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get('www-authenticate'), status === 401 ? 'Bearer realm="postern admin"' : null);
        assert.equal(logged.length, status === 401 ? 1 : 0);
        assert.ok(!`${logged}${body}`.includes('canary'), 'neither log nor answer shows what was sent');
        if (status === 200) assert.deepEqual(JSON.parse(body), {got: 4, of: 'alice'});
      });
    }
  });

  describe('limits', () => {
    const authorization = `Bearer ${token}`;

    it('a body of 64 KiB is taken, a longer one is 413, declared or not', async () => {
      const url = await start({token});
      const post = (size: number) => call(`${url}/revocations`, 'POST', {authorization}, Buffer.alloc(size, 97));
      assert.equal((await post(65_536)).status, 200);
      assert.equal((await post(65_537)).status, 413);
      const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
      const text = await raw(
        url,
        `POST /revocations HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(4)}`,
      );
      assert.match(text, /^HTTP\/1\.1 413 /);
    });

    it('what is refused before its body is read ends the connection, so that the body is no second request', async () => {
      const url = await start();
      const smuggled = 'GET /broken HTTP/1.1\r\nHost: x\r\n\r\n';
      const text = await raw(url, `POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${smuggled}`);
      assert.match(text, /^HTTP\/1\.1 405 [\s\S]*connection: close/i);
      assert.equal(logged.length, 0);
    });

    it('headers that are too long: 431', async () => {
      const text = await raw(await start(), `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.1 431 /);
    });

    it('bytes that are not HTTP: 400', async () => {
      assert.match(await raw(await start(), '\u0016\u0003\u0001 hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
    });

    it('a caller that sends its headers slowly is ended, and others are served meanwhile', async () => {
      const url = await start();
      const slow = raw(url, 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      assert.equal((await call(`${url}/livez`, 'GET')).status, 200);
      assert.match(await slow, /^HTTP\/1\.1 408 /);
    });

    it('a caller that goes away within its body is no bug', async () => {
      const url = await start({token});
      const gone = httpRequest(`${url}/revocations`, {
        method: 'POST',
        headers: {authorization, 'content-length': '1000'},
      });
      const ended = new Promise((resolve) => gone.once('close', resolve));
      gone.once('error', () => {});
      gone.write('part');
      setTimeout(() => gone.destroy(), 50);
      await ended;
      assert.equal((await call(`${url}/livez`, 'GET')).status, 200);
      assert.deepEqual(logged, []);
    });
  });

  describe('listening', () => {
    it('says where it listens; the end is the end, also with a connection kept alive', async () => {
      const url = await start();
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
      await (await call(`${url}/livez`, 'GET')).text();
      await open[0]?.close();
      await open[0]?.close();
      await assert.rejects(call(`${url}/livez`, 'GET'));
    });

    it('IPv6', async function () {
      const url = await start({listen: '[::1]:0'}).catch(() => this.skip());
      assert.match(url, /^http:\/\/\[::1\]:\d+$/);
      assert.equal((await call(`${url}/livez`, 'GET')).status, 200);
    });

    it('a port in use: an error that names setting and address', async () => {
      const {port} = new URL(await start());
      await assert.rejects(
        start({listen: `127.0.0.1:${port}`}),
        new RegExp(`admin\\.listen: 127\\.0\\.0\\.1:${port} is in use`),
      );
    });

    it('a Unix socket: served, taken over when abandoned, not while in use, and never another file', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'postern-admin-'));
      const path = join(folder, 'admin.sock');
      const listen = `unix://${path}`;
      try {
        assert.equal(await start({listen}), listen);
        const status = await new Promise((resolve, reject) => {
          httpRequest({socketPath: path, path: '/livez'}, (answer) => resolve(answer.resume().statusCode))
            .on('error', reject)
            .end();
        });
        assert.equal(status, 200);
        await assert.rejects(start({listen}), /admin\.listen: .*admin\.sock is in use/);
        await open[0]?.close();

        const killed = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
        spawnSync(process.execPath, ['-e', killed]);
        assert.ok((await lstat(path)).isSocket());
        assert.equal(await start({listen}), listen);
        await open.at(-1)?.close();

        await writeFile(path, 'a file of someone else');
        await assert.rejects(start({listen}), /in use/);
        await rm(path);
      } finally {
        await rm(folder, {recursive: true});
      }
    });
  });
});
