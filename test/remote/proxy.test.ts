// A network whose only way out is a forward proxy: the setting is believed, the environment is not.
import assert from 'node:assert/strict';
import {createServer, type Server} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {makeIsProxied} from '../../src/remote/proxied.ts';
import {remoteSettings} from '../../src/remote/settings.ts';
import {startServer, testRemote, tlsFile} from './servers.ts';

describe('a forward proxy', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  /** Answers for http: itself, and tunnels https: to 127.0.0.1. `asked`: what it was asked for, with the credentials. */
  const startProxy = async () => {
    const asked: string[] = [];
    const server: Server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      response.end('by proxy');
    });
    server.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      const to = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        to.pipe(socket).pipe(to);
      });
      to.on('error', () => socket.destroy());
      socket.on('error', () => to.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return {asked, host: `127.0.0.1:${(server.address() as AddressInfo).port}`};
  };
  const call = async (parts: Parameters<typeof testRemote>[0], url: string) => {
    const remote = testRemote(parts);
    ends.push(remote.close);
    return (await remote.call('it', {method: 'GET', url, idempotent: false}, Number.POSITIVE_INFINITY)).body;
  };

  it('http: by the whole URL, with its own credentials and no other', async () => {
    const {asked, host} = await startProxy();
    assert.equal(await call({proxy: `http://me:p%40ss@${host}`}, 'http://127.0.0.2:9/keys?a=b'), 'by proxy');
    assert.deepEqual(asked, [`GET http://127.0.0.2:9/keys?a=b Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });
  it('https: through a tunnel, and the certificate is that of the host that was asked for', async () => {
    const {asked, host} = await startProxy();
    const server = await startServer((_, response) => response.end('itself'), 'https');
    ends.push(server.close);
    const ca = tlsFile('server.pem');
    assert.equal(await call({proxy: `http://${host}`, ca}, server.url), 'itself');
    assert.deepEqual(asked, [`CONNECT ${new URL(server.url).host}`]);
    await assert.rejects(call({proxy: `http://${host}`}, server.url), /self-signed/);
  });
  it('noProxy is reached directly', async () => {
    const {asked, host} = await startProxy();
    const server = await startServer((_, response) => response.end('itself'));
    ends.push(server.close);
    assert.equal(await call({proxy: `http://${host}`, noProxy: ['127.0.0.1']}, server.url), 'itself');
    assert.deepEqual(asked, []);
  });
  it('one that is away is an outage that says so', async () => {
    await assert.rejects(call({proxy: 'http://127.0.0.1:1'}, 'http://id.acme.example/'), /nothing listens there/);
  });

  const rows: [string, boolean][] = [
    ['id.acme.example', true],
    ['direct.example', false],
    ['DIRECT.example.', false],
    ['a.direct.example', true],
    ['a.inner.example', false],
    ['inner.example', true],
    ['b.a.star.example', false],
    ['10.1.2.3', false],
    ['[2001:db8::1]', false],
    ['[2001:db8:0:0::1]', false],
    ['[2001:db8::2]', true],
    ['[fd12::9]', false],
    ['[fe80::9]', true],
    ['10.9.0.1', false],
    ['10.10.0.1', true],
    ['10.9.0.1.example', true],
    ['192.0.2.7', false],
  ];
  const isProxied = makeIsProxied([
    'direct.example',
    '.inner.example',
    '*.star.example',
    '10.1.2.3',
    '2001:db8::1',
    'fd00::/8',
    '10.9.0.0/16',
    '[192.0.2.7]',
  ]);
  for (const [host, proxied] of rows)
    it(`${host}: ${proxied ? 'through it' : 'directly'}`, () => assert.equal(isProxied(host), proxied));

  const refused: [string, object][] = [
    ['no URL', {proxy: 'proxy:3128'}],
    ['a path', {proxy: 'http://proxy:3128/x'}],
    ['SOCKS', {proxy: 'socks5://proxy:1080'}],
    ['a port in noProxy', {noProxy: ['a.example:443']}],
    ['a port after an address in noProxy', {noProxy: ['10.1.2.3:443']}],
    ['a network of a name', {noProxy: ['a.example/8']}],
    ['too long a prefix', {noProxy: ['10.0.0.0/33']}],
    ['no prefix at all', {noProxy: ['10.0.0.0/']}],
  ];
  for (const [what, settings] of refused)
    it(`${what} is refused`, () => assert.equal(remoteSettings.safeParse(settings).success, false));
});
