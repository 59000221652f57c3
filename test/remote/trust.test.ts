// Authorities and client certificates of one provider or source: trusted and shown by its calls alone, read again as they change.
import assert from 'node:assert/strict';
import {copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {createServer as createPlainServer} from 'node:http';
import {createServer, type Server} from 'node:https';
import {type AddressInfo, connect, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {PeerCertificate, TLSSocket} from 'node:tls';
import type {RemoteCall} from '../../src/core/remote.ts';
import {makeAuthority, makeCertificate} from '../envoy/certificatesFor.ts';
import {testRemote} from './servers.ts';

describe('whom calls trust', () => {
  const ends: (() => unknown)[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-trust-'));
    ends.push(() => rmSync(folder, {recursive: true}));
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const everywhere = 'DNS:localhost,IP:127.0.0.1,IP:::1';
  const pair = (authority: string, name: string) => makeCertificate(folder, authority, name, everywhere);
  const contents = ({cert, key}: {cert: string; key: string}) => ({cert: readFileSync(cert), key: readFileSync(key)});
  /** Answers with the name in the client's certificate, `nobody` without one. */
  const startServer = async (authority: string, clients?: string, address = '127.0.0.1') => {
    const own = contents(pair(authority, `server-${authority}`));
    const ca = clients === undefined ? {} : {ca: readFileSync(clients), requestCert: true, rejectUnauthorized: true};
    const server: Server = createServer({...own, ...ca}, (request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate() as Partial<PeerCertificate> | undefined;
      response.end(String(peer?.subject?.CN ?? 'nobody'));
    });
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    ends.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const host = address.includes(':') ? `[${address}]` : address;
    const {port} = server.address() as AddressInfo;
    return {server, sockets, port, url: `https://${host}:${port}/`};
  };
  const remoteOf = (parts: Parameters<typeof testRemote>[0] = {}) => {
    const remote = testRemote({lookEvery: 20, circuit: {failures: 2, shortest: 60_000, longest: 60_000}, ...parts});
    ends.push(remote.close);
    return remote;
  };
  const ask = async (call: RemoteCall, url: string) =>
    (await call('it', {method: 'GET', url, idempotent: false}, Number.POSITIVE_INFINITY)).body;
  const until = async (what: () => Promise<boolean> | boolean) => {
    for (let left = 1_000; left > 0; left--) {
      if (await what()) return;
      await sleep(10);
    }
    assert.fail('did not come true in time');
  };

  /** A look may fall between the moment when a file is emptied and that when it is written: what it says then passes. */
  const untilSaid = async (detail: () => string | undefined, said: RegExp) => {
    await until(() => said.test(detail() ?? '')).catch(() => undefined);
    assert.match(detail() ?? '', said);
  };

  it('an authority of one provider is that of its calls alone', async () => {
    const ca = makeAuthority(folder, 'ca');
    const {url} = await startServer('ca');
    const remote = remoteOf();
    const own = remote.trusting({ca}, 'certificates acme');
    assert.equal(await ask(own.call, url), 'nobody');
    await assert.rejects(ask(remote.call, url), /nobody who is trusted here/);
    await assert.rejects(
      ask(remote.trusting({ca: makeAuthority(folder, 'other')}, 'x').call, url),
      /nobody who is trus/,
    );
    assert.deepEqual(own.health(), [{part: 'certificates acme', state: 'ready'}]);
    assert.deepEqual(remote.trusting({}, 'none').health(), []);
  });

  it('two with one host and different certificates share no connection', async () => {
    const ca = makeAuthority(folder, 'ca');
    const clients = makeAuthority(folder, 'clients');
    const {url, sockets} = await startServer('ca', clients);
    const remote = remoteOf({caFile: ca});
    const [one, two] = ['one', 'two'].map(
      (name) => remote.trusting({clientCertificate: pair('clients', name)}, name).call,
    ) as [RemoteCall, RemoteCall];
    const said = await Promise.all(
      Array.from({length: 20}, async (_, index) => [index % 2, await ask(index % 2 === 0 ? one : two, url)]),
    );
    for (const [index, name] of said) assert.equal(name, index === 0 ? 'one' : 'two');
    const before = sockets.size;
    assert.equal(await ask(one, url), 'one');
    assert.equal(await ask(two, url), 'two');
    assert.equal(sockets.size, before, 'each has kept its own');
    await assert.rejects(ask(remote.call, url), /refuses our certificate, or wants one|cut by the other side/);
  });

  it('equal files are one call, so that what hangs on it is shared', () => {
    const ca = makeAuthority(folder, 'ca');
    const remote = remoteOf();
    assert.equal(remote.trusting({ca}, 'a').call, remote.trusting({ca}, 'b').call);
    assert.equal(remote.trusting({}, 'a').call, remote.call);
  });

  it('a certificate that was renewed is shown at once, in the middle of calls', async () => {
    const ca = makeAuthority(folder, 'ca');
    const clients = makeAuthority(folder, 'clients');
    const {url} = await startServer('ca', clients);
    const files = pair('clients', 'first');
    const own = remoteOf({caFile: ca}).trusting({clientCertificate: files}, 'certificates acme');
    assert.equal(await ask(own.call, url), 'first');
    const second = pair('clients', 'second');
    // The pair does not fit in between.
    copyFileSync(second.cert, files.cert);
    await untilSaid(
      () => own.health()[0]?.detail,
      /first\.crt and .*first\.key are no certificate and its key: the key is/,
    );
    assert.equal(own.health()[0]?.state, 'degraded');
    assert.match(own.health()[0]?.detail ?? '', /^clientCertificate\.cert: .*What was read last is in use/);
    assert.equal(await ask(own.call, url), 'first');
    copyFileSync(second.key, files.key);
    await until(async () => (await ask(own.call, url)) === 'second');
    assert.equal(own.health()[0]?.state, 'ready');
  });

  const breaks: readonly [what: string, spoil: (file: string) => void, said: RegExp][] = [
    ['gone', (file) => rmSync(file), /ca: .*ca\.crt cannot be read: there is no such file/],
    ['a text', (file) => writeFileSync(file, 'hello'), /ca: .*ca\.crt is no certificate: it must be PEM/],
    ['empty', (file) => writeFileSync(file, ''), /ca: .*ca\.crt is no certificate: it must be PEM/],
    [
      'half written',
      (file) => writeFileSync(file, readFileSync(file).subarray(0, 300)),
      /ca: .*ca\.crt is no certificate: it is damaged or cut short/,
    ],
    [
      'good, and then half written',
      (file) => writeFileSync(file, Buffer.concat([readFileSync(file), readFileSync(file).subarray(0, 300)])),
      /its certificate number 2 is damaged or cut short/,
    ],
  ];
  for (const whose of ['its own', 'that of all'] as const)
    for (const [what, spoil, said] of breaks)
      it(`authorities (${whose}) whose file is ${what}: the last good ones stay, and a new one is taken`, async () => {
        const ca = makeAuthority(folder, 'ca');
        const {url, server, sockets} = await startServer('ca');
        const remote = remoteOf(whose === 'its own' ? {} : {caFile: ca});
        const own = whose === 'its own' ? remote.trusting({ca}, 'certificates acme') : remote;
        const health = () => own.health()[0];
        assert.equal(await ask(own.call, url), 'nobody');
        spoil(ca);
        await untilSaid(() => health()?.detail, said);
        assert.equal(health()?.state, 'degraded');
        assert.equal(health()?.part, whose === 'its own' ? 'certificates acme' : 'remote.ca');
        for (const socket of sockets) socket.destroy();
        assert.equal(await ask(own.call, url), 'nobody', 'a new connection');
        // The other side is renewed first, and the circuit opens: the new authority closes it.
        makeAuthority(folder, 'new');
        server.setSecureContext(contents(pair('new', 'renewed')));
        for (const socket of sockets) socket.destroy();
        for (let tries = 0; tries < 3; tries++) await assert.rejects(ask(own.call, url));
        renameSync(join(folder, 'new.crt'), ca);
        await until(() => health()?.state === 'ready');
        assert.equal(await ask(own.call, url), 'nobody');
      });

  it('a file that is not there at the start costs its own calls alone, and until it is there', async () => {
    const ca = makeAuthority(folder, 'ca');
    const {url} = await startServer('ca');
    const late = join(folder, 'late.crt');
    const remote = remoteOf({caFile: ca});
    const own = remote.trusting({ca: late}, 'certificates acme');
    assert.equal(own.usable(), false);
    assert.equal(own.health()[0]?.state, 'unready');
    await assert.rejects(
      ask(own.call, url),
      /it is unavailable: ca: .*late\.crt cannot be read: there is no such file/,
    );
    assert.equal(await ask(remote.call, url), 'nobody');
    copyFileSync(ca, late);
    await until(own.usable);
    assert.equal(await ask(own.call, url), 'nobody');
    assert.throws(
      () => testRemote({caFile: join(folder, 'none.crt')}),
      /^Error: remote\.ca: .*none\.crt cannot be read/,
    );
  });

  it('through a forward proxy, which is not shown the certificate', async () => {
    const ca = makeAuthority(folder, 'ca');
    const clients = makeAuthority(folder, 'clients');
    const {url, port} = await startServer('ca', clients);
    const shown: unknown[] = [];
    const tunnel = createServer({...contents(pair('ca', 'proxy')), requestCert: true, rejectUnauthorized: false});
    const plain = createPlainServer();
    for (const proxy of [tunnel, plain]) {
      proxy.on('connect', (request, socket) => {
        shown.push((request.socket as Partial<TLSSocket>).getPeerCertificate?.().subject ?? 'nobody');
        const to = connect(port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          to.pipe(socket).pipe(to);
        });
        to.on('error', () => socket.destroy());
        socket.on('error', () => to.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      ends.push(() => {
        proxy.closeAllConnections();
        proxy.close();
      });
      const scheme = proxy === tunnel ? 'https' : 'http';
      const remote = remoteOf({proxy: `${scheme}://127.0.0.1:${(proxy.address() as AddressInfo).port}`, caFile: ca});
      const [one, two] = ['one', 'two'].map((name) =>
        remote.trusting({ca, clientCertificate: pair('clients', `${name}-${scheme}`)}, name),
      );
      assert.equal(await ask(one?.call as RemoteCall, url), `one-${scheme}`);
      assert.equal(await ask(two?.call as RemoteCall, url), `two-${scheme}`);
      assert.equal(await ask(one?.call as RemoteCall, url), `one-${scheme}`);
    }
    assert.deepEqual(shown, ['nobody', 'nobody', 'nobody', 'nobody']);
  });

  it('an address of IPv6', async function () {
    const ca = makeAuthority(folder, 'ca');
    const clients = makeAuthority(folder, 'clients');
    const six = await startServer('ca', clients, '::1').catch(() => undefined);
    if (six === undefined) return this.skip();
    const own = remoteOf().trusting({ca, clientCertificate: pair('clients', 'six')}, 'six');
    assert.equal(await ask(own.call, six.url), 'six');
  });
});
