// TLS to Redis before a real one: names, certificates that are renewed, and sockets that fail twice.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {copyFileSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import type {AddressInfo, Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createServer, type Server, type TlsOptions} from 'node:tls';
import {promisify} from 'node:util';
import {openRedis} from '../../src/store/redis.ts';
import {redisSettings} from '../../src/store/settings.ts';
import {makeAuthority, makeCertificate} from '../envoy/certificatesFor.ts';

/** Answers as a node of a cluster does that is the whole of it and announces itself by name. */
const answersOf = (socket: Socket, port: () => number): void => {
  const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  socket.on('data', (bytes) => {
    for (const command of bytes.toString().split(/(?=\*\d+\r\n\$)/)) {
      const words = command.split('\r\n').filter((line) => line !== '' && !/^[*$]\d+$/.test(line));
      const [name = '', second = ''] = words.map((word) => word.toLowerCase());
      if (name === 'cluster' && second === 'slots')
        socket.write(`*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${bulk('localhost')}:${port()}\r\n${bulk('a'.repeat(40))}`);
      else if (name === 'info') socket.write(bulk('loading:0\r\nrole:master'));
      else if (name === 'cluster') socket.write(bulk('cluster_state:ok'));
      else if (name === 'get') socket.write(bulk('value'));
      else socket.write('+OK\r\n');
    }
  });
};

describe('TLS to Redis', () => {
  const ends: (() => unknown)[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-redis-'));
    ends.push(() => rmSync(folder, {recursive: true}));
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const listen = async (options: TlsOptions): Promise<{server: Server; port: number; sockets: Set<Socket>}> => {
    const sockets = new Set<Socket>();
    const server = createServer(options, (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      answersOf(socket, () => (server.address() as AddressInfo).port);
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, resolve));
    ends.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return {server, port: (server.address() as AddressInfo).port, sockets};
  };
  const certificate = (authority: string, name: string) => {
    const {cert, key} = makeCertificate(folder, authority, name, 'DNS:localhost');
    return {cert: readFileSync(cert), key: readFileSync(key), paths: {cert, key}};
  };
  const open = (settings: object, timeout = 50) => {
    const said: string[] = [];
    const connection = openRedis(redisSettings.parse(settings), {
      purpose: 'test',
      timeout,
      random: () => 0,
      log: (_, message) => void said.push(message),
    });
    ends.push(connection.close);
    return {connection, said};
  };
  const until = async (what: () => boolean) => {
    for (let left = 1_000; left > 0 && !what(); left--) await sleep(10);
    assert.ok(what(), 'did not come true in time');
  };

  it('a cluster whose certificate bears its host name', async () => {
    const ca = makeAuthority(folder, 'ca');
    const {port} = await listen(certificate('ca', 'localhost'));
    const {connection} = open({cluster: [`localhost:${port}`], tls: {ca}});
    await until(connection.ready);
    assert.equal(await connection.call('GET', 'x'), 'value');
  });

  it('a certificate of another name, or of nobody who is trusted: said in words with a remedy', async () => {
    const ca = makeAuthority(folder, 'ca');
    const other = makeAuthority(folder, 'other');
    const {port} = await listen(certificate('ca', 'localhost'));
    const untrusted = open({url: `rediss://localhost:${port}`, tls: {ca: other}});
    const cluster = open({cluster: [`localhost:${port}`], tls: {ca: other}});
    const named = open({url: `rediss://localhost:${port}`, tls: {ca, servername: 'elsewhere.example'}});
    await until(() => [untrusted, cluster, named].every(({said}) => said.length > 0));
    await until(() => /private authority/.test(cluster.connection.fault() ?? ''));
    assert.match(untrusted.connection.fault() ?? '', /signed by nobody who is trusted here.*name that authority in ca/);
    assert.match(named.connection.fault() ?? '', /for another name.*ask by a name that it bears/);
    for (const {connection} of [untrusted, cluster, named])
      await assert.rejects(
        connection.call('GET', 'x'),
        (error: Error) => !/enableOfflineQueue|maxRetries/.test(error.message),
      );
  });

  it('new certificates of a new authority on both sides are used without a restart', async () => {
    const [ca1, ca2] = [makeAuthority(folder, 'ca1'), makeAuthority(folder, 'ca2')] as const;
    const [mine1, mine2] = [certificate('ca1', 'client1').paths, certificate('ca2', 'client2').paths] as const;
    const files = {ca: join(folder, 'ca.pem'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key')};
    const put = (ca: string, {cert, key}: {cert: string; key: string}) => {
      copyFileSync(ca, files.ca);
      copyFileSync(cert, files.cert);
      copyFileSync(key, files.key);
    };
    put(ca1, mine1);
    const asked = {requestCert: true, rejectUnauthorized: true};
    const {server, port, sockets} = await listen({...certificate('ca1', 'localhost'), ca: readFileSync(ca1), ...asked});
    const {connection} = open({url: `rediss://localhost:${port}`, tls: files});
    await until(connection.ready);
    put(ca2, mine2);
    server.setSecureContext({...certificate('ca2', 'localhost'), ca: readFileSync(ca2)});
    const before = sockets.size;
    for (const socket of sockets) socket.destroy();
    await until(() => sockets.size > before && connection.ready());
  });

  it('a password that has changed is used without a restart', async () => {
    const ca = makeAuthority(folder, 'ca');
    const {port, sockets} = await listen(certificate('ca', 'localhost'));
    const settings = {url: `rediss://localhost:${port}`, tls: {ca}};
    const {connection} = open({...settings, password: 'before'});
    await until(connection.ready);
    let text = '';
    const server = [...sockets];
    connection.renew(redisSettings.parse({...settings, password: 'afterwards'}));
    await until(() => sockets.size > server.length);
    for (const socket of sockets) if (!server.includes(socket)) socket.on('data', (bytes) => (text += bytes));
    await until(connection.ready);
    assert.equal(await connection.call('GET', 'x'), 'value');
    assert.ok(!text.includes('before'));
  });

  it('a socket that fails twice does not end the process', async () => {
    const program = `
      import {EventEmitter} from 'node:events';
      import {Redis} from 'ioredis';
      import '${new URL('../../src/store/redis.ts', import.meta.url).href}';
      const client = new Redis({lazyConnect: true});
      client.on('error', () => {});
      const socket = new EventEmitter();
      client.stream = socket;
      socket.once('error', () => {});
      socket.emit('error', new Error('first'));
      socket.emit('error', new Error('second'));
      console.log(client.stream === socket);
      process.exit();
    `;
    const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('../..', import.meta.url),
    });
    assert.equal(stdout, 'true\n');
    const {connection} = open({url: 'redis://127.0.0.1:1'});
    await until(() => (connection.fault() ?? '').includes('nothing listens there'));
  });
});
