// The time of a call is over when it is over, also while it is still connecting; and issuers may have IPv6 addresses.
import assert from 'node:assert/strict';
import dns from 'node:dns';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {startServer, testRemote} from './servers.ts';

describe('connecting', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const remoteOf = (parts: Parameters<typeof testRemote>[0] = {}) => {
    const remote = testRemote(parts);
    ends.push(remote.close);
    return remote;
  };
  /** Takes connections and says nothing on them. `heard`: what it was sent. */
  const startMute = async () => {
    const sockets = new Set<Socket>();
    const heard: string[] = [];
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('data', (data) => heard.push(data.toString('latin1')));
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return {heard, host: `127.0.0.1:${(server.address() as AddressInfo).port}`};
  };
  /** No name is ever found, nor found to be missing. */
  const silenceNames = () => {
    const {lookup} = dns;
    const asked: ((error: null, addresses: dns.LookupAddress[]) => void)[] = [];
    const silent = (_name: string, _options: object, done: (typeof asked)[number]) => void asked.push(done);
    Object.assign(dns, {lookup: silent});
    ends.push(() => Object.assign(dns, {lookup}));
    const found: dns.LookupAddress[] = [{address: '127.0.0.1', family: 4}];
    return {
      asked,
      find: () => {
        Object.assign(dns, {lookup: (...[, , done]: Parameters<typeof silent>) => done(null, found)});
        for (const done of asked) done(null, found);
      },
    };
  };
  /** undici itself gives up after ten seconds, so less than five are ours. */
  const isBounded = async (remote: ReturnType<typeof remoteOf>, url: string) => {
    const begun = performance.now();
    const request = {method: 'GET', url, timeout: 100, idempotent: false} as const;
    await assert.rejects(remote.call('it', request, Number.POSITIVE_INFINITY), /in 100 ms/);
    assert.ok(performance.now() - begun < 5_000);
    assert.ok(remote.seen.includes('it timeout'));
  };

  it('a name that nobody answers for', async () => {
    const names = silenceNames();
    await isBounded(remoteOf(), 'http://id.acme.example/');
    assert.equal(names.asked.length, 1);
  });
  it('a handshake that nobody ends', async () => {
    const {host} = await startMute();
    await isBounded(remoteOf(), `https://${host}/`);
  });
  it('a tunnel that the proxy does not open', async () => {
    const {host, heard} = await startMute();
    await isBounded(remoteOf({proxy: `http://${host}`}), 'https://id.acme.example/');
    assert.match(heard.join(''), /^CONNECT id\.acme\.example:443 /);
  });
  it('what was given up is not sent when the name is found after all', async () => {
    const server = await startServer((_, response) => response.end('late'));
    ends.push(server.close);
    const names = silenceNames();
    const remote = remoteOf();
    const url = `http://id.acme.example:${new URL(server.url).port}`;
    await isBounded(remote, `${url}/given-up`);
    names.find();
    const request = {method: 'GET', url: `${url}/next`} as const;
    assert.equal((await remote.call('it', request, Number.POSITIVE_INFINITY)).body, 'late');
    assert.deepEqual(server.asked, ['GET /next']);
  });

  it('an IPv6 address', async function () {
    const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nsix'));
    const listens = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(0, '::1', () => resolve(true));
    });
    if (!listens) return this.skip();
    ends.push(() => server.close());
    const url = `http://[::1]:${(server.address() as AddressInfo).port}/`;
    assert.equal((await remoteOf().call('it', {method: 'GET', url}, Number.POSITIVE_INFINITY)).body, 'six');
  });
});
