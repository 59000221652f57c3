// The server over real connections: listeners, TLS, health, reflection, drain, and what must not bring it down.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {connect as connectHttp2} from 'node:http2';
import {connect as connectTcp, createServer, type Server as NetServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {connect as connectTls} from 'node:tls';
import {credentials} from '@grpc/grpc-js';
import type {Check, Decision} from '../../src/core/decision.ts';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import {makeRender} from '../../src/envoy/render.ts';
import {type EnvoyServer, makeServer, type ServerParts} from '../../src/envoy/server.ts';
import {makeService} from '../../src/envoy/service.ts';
import type {ListenAddress, ServerSettings} from '../../src/envoy/settings.ts';
import {makeAuthority, makeCertificate} from './certificatesFor.ts';
import {checkMethod, httpCheck, makeClient, methodOf, type Outcome} from './client.ts';

const allow: Decision = {outcome: 'allow', rule: 'r'};
const anywhere: ListenAddress = {kind: 'tcp', host: '127.0.0.1', port: 0};
const isAllowed = ({response}: Outcome) => response !== undefined && 'ok_response' in response;

describe('server', () => {
  const ends: (() => unknown)[] = [];
  let folder: string;
  let logged: string[];
  let decided: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-'));
    logged = [];
    limits = undefined;
    ended = [];
    decided = [];
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await rm(folder, {recursive: true});
  });

  let limits: ServerParts['limits'];
  /** What limits have ended, in order. */
  let ended: string[];
  const make = (more: Partial<ServerSettings> = {}, check: Check = async () => allow): EnvoyServer => {
    const log = {
      error: (_: object, message: string) => void logged.push(message),
      info: (_: object, message: string) => void logged.push(message),
    };
    const render = makeRender(
      {format: 'problem', status: {}, removeCredential: false, errors: 'response'},
      makeIdentityHeaders(new Map()),
    );
    const service = makeService({
      inForce: () => ({check, render}),
      newId: () => 'id',
      now: Date.now,
      log,
      decided: ({reason}) => void decided.push(reason),
    });
    const settings = {listen: [anywhere], drain: 5_000, drainDelay: 0, ...more};
    const server = makeServer({
      settings,
      service,
      log,
      certificateInterval: 20,
      limited: (limit) => void ended.push(limit),
      ...(limits && {limits}),
    });
    ends.push(() => server.close());
    return server;
  };
  const clientOf = (...[target, channel, options]: Parameters<typeof makeClient>) => {
    const client = makeClient(target, channel, options);
    ends.push(client.close);
    return client;
  };
  const started = async (...parts: Parameters<typeof make>) => {
    const server = make(...parts);
    const [address] = (await server.start()) as [string];
    return {server, address, ...clientOf(address)};
  };
  const until = async (what: () => boolean | Promise<boolean>) => {
    for (let left = 400; left > 0 && !(await what()); left--) await sleep(10);
    assert.ok(await what(), 'did not come true in time');
  };

  describe('listens', () => {
    it('on TCP, IPv4 and IPv6 and a socket at once, and says where', async () => {
      const path = join(folder, 'check.sock');
      const server = make({listen: [anywhere, {kind: 'tcp', host: '::1', port: 0}, {kind: 'unix', path}]});
      const bound = await server.start();
      assert.match(bound[0] as string, /^127\.0\.0\.1:[1-9]\d*$/);
      assert.match(bound[1] as string, /^\[::1\]:[1-9]\d*$/);
      assert.equal(bound[2], `unix://${path}`);
      for (const target of bound) assert.ok(isAllowed(await clientOf(target).check()), target);
    });

    it('on a socket for owner and group, gone at the end', async () => {
      const path = join(folder, 'check.sock');
      const server = make({listen: [{kind: 'unix', path}]});
      await server.start();
      assert.equal((await stat(path)).mode & 0o777, 0o660);
      await server.drain();
      await assert.rejects(stat(path), {code: 'ENOENT'});
    });

    it('takes the place of a socket that nobody answers on', async () => {
      const path = join(folder, 'check.sock');
      // A listener that dies without unlinking: its socket is renamed away from under it, and back.
      const dead = await listening(path);
      await copySocketAside(dead, path);
      assert.ok((await stat(path)).isSocket());
      await make({listen: [{kind: 'unix', path}]}).start();
      assert.ok(isAllowed(await clientOf(`unix:${path}`).check()));
    });

    it('does not take a socket that somebody listens on', async () => {
      const path = join(folder, 'check.sock');
      const other = await listening(path);
      ends.push(() => other.close());
      await assert.rejects(make({listen: [{kind: 'unix', path}]}).start(), /another process listens on/);
      assert.ok((await stat(path)).isSocket());
    });

    it('a socket in a folder that does not exist is an error that says so', async () => {
      const path = '/nonexistent-postern/check.sock';
      await assert.rejects(make({listen: [{kind: 'unix', path}]}).start(), /no folder \/nonexistent-postern/);
    });
    it('does not take away a file', async () => {
      const path = join(folder, 'check.sock');
      await writeFile(path, 'precious');
      await assert.rejects(make({listen: [{kind: 'unix', path}]}).start(), /is not a socket/);
      assert.equal(await readFile(path, 'utf8'), 'precious');
    });

    it('refuses a port that is taken, naming it', async () => {
      const {address} = await started();
      const port = Number(address.split(':')[1]);
      await assert.rejects(make({listen: [{...anywhere, port}]}).start(), new RegExp(`cannot listen on ${address}`));
    });
  });

  describe('TLS', () => {
    const secure = async (more: {clientCa?: boolean} = {}, check?: Check) => {
      const ca = await readFile(makeAuthority(folder, 'ca'));
      const {cert, key} = makeCertificate(folder, 'ca', 'server');
      const tls = more.clientCa ? {cert, key, clientCa: makeAuthority(folder, 'clients')} : {cert, key};
      const server = make({tls}, check);
      const [address] = (await server.start()) as [string];
      return {ca, cert, key, server, address};
    };
    const subjectAt = (address: string, ca: Buffer): Promise<string> =>
      new Promise((resolve, reject) => {
        const [host, port] = address.split(':') as [string, string];
        const socket = connectTls({host, port: Number(port), ca, ALPNProtocols: ['h2']}, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.once('error', reject);
      });

    it('serves those who trust it, and nobody in the clear', async () => {
      const {ca, address} = await secure();
      assert.ok(isAllowed(await clientOf(address, credentials.createSsl(ca)).check()));
      assert.equal((await clientOf(address).check(httpCheck(), 500)).response, undefined);
    });

    it('mutual: only with a certificate of the authority', async () => {
      const {ca, address} = await secure({clientCa: true});
      const pair = async (authority: string, name: string) => {
        const {cert, key} = makeCertificate(folder, authority, name);
        return credentials.createSsl(ca, await readFile(key), await readFile(cert));
      };
      assert.ok(isAllowed(await clientOf(address, await pair('clients', 'envoy')).check()));
      assert.equal((await clientOf(address, await pair('ca', 'stranger')).check(httpCheck(), 500)).response, undefined);
      assert.equal((await clientOf(address, credentials.createSsl(ca)).check(httpCheck(), 500)).response, undefined);
    });

    it('takes a new certificate without a restart, and keeps the old one while the pair does not fit', async () => {
      const {ca, cert, key, address} = await secure();
      const standing = clientOf(address, credentials.createSsl(ca));
      assert.ok(isAllowed(await standing.check()));
      assert.equal(await subjectAt(address, ca), 'server');

      const renewed = makeCertificate(folder, 'ca', 'renewed');
      await copyFile(renewed.cert, cert);
      await until(() => logged.some((message) => message.includes('cannot be used')));
      assert.equal(await subjectAt(address, ca), 'server');
      await copyFile(renewed.key, key);
      await until(async () => (await subjectAt(address, ca)) === 'renewed');
      assert.ok(isAllowed(await standing.check()), 'a connection that stands goes on');

      await rm(key);
      await sleep(60);
      assert.equal(await subjectAt(address, ca), 'renewed');
      assert.deepEqual(logged.filter((message) => message.includes('in use')).length, 1);
    });

    it('takes a new authority of clients', async () => {
      const {ca, address} = await secure({clientCa: true});
      makeAuthority(folder, 'others');
      const {cert, key} = makeCertificate(folder, 'others', 'envoy');
      const channel = credentials.createSsl(ca, await readFile(key), await readFile(cert));
      assert.equal((await clientOf(address, channel).check(httpCheck(), 300)).response, undefined);
      await copyFile(join(folder, 'others.crt'), join(folder, 'clients.crt'));
      await until(async () => isAllowed(await clientOf(address, channel).check(httpCheck(), 300)));
    });

    it('an authority that is gone takes its connections with it; one that is added takes none', async () => {
      let answer = () => {};
      const held = new Promise<void>((resolve) => {
        answer = resolve;
      });
      let isAsked = false;
      const {ca, address} = await secure({clientCa: true}, async ({target}) => {
        isAsked ||= target === '/held';
        if (target === '/held') await held;
        return allow;
      });
      const {cert, key} = makeCertificate(folder, 'clients', 'envoy');
      const pair = {key: await readFile(key), cert: await readFile(cert)};
      const client = clientOf(address, credentials.createSsl(ca, pair.key, pair.cert), {
        'grpc.max_reconnect_backoff_ms': 50,
      });
      const health = client.client.makeServerStreamRequest(
        '/grpc.health.v1.Health/Watch',
        () => Buffer.alloc(0),
        () => ({}),
        {},
      );
      const watching = new Promise<void>((resolve) => void health.once('error', () => resolve()));
      health.resume();
      assert.ok(isAllowed(await client.check()));
      const [host, port] = address.split(':') as [string, string];
      const begun = connectTcp({host, port: Number(port)});
      await once(begun, 'connect');
      begun.resume().on('error', () => {});

      const others = makeAuthority(folder, 'others');
      const clients = join(folder, 'clients.crt');
      await writeFile(clients, `${await readFile(clients, 'utf8')}${await readFile(others, 'utf8')}`);
      await until(() => logged.filter((message) => message.includes('in use')).length === 1);
      assert.ok(!logged.some((message) => message.includes('is gone')));
      assert.ok(isAllowed(await client.check()));

      const underWay = client.check(httpCheck({}, '/held'));
      await until(() => isAsked);
      await copyFile(others, clients);
      await until(() => logged.some((message) => message.includes('is gone')));
      await until(() => begun.destroyed);
      answer();
      assert.ok(isAllowed(await underWay), 'what was asked before is answered');
      await until(async () => (await client.check(httpCheck(), 200)).response === undefined);
      for (const _ of [1, 2, 3]) assert.equal((await client.check(httpCheck(), 200)).response, undefined);
      await watching;
    });

    for (const [what, spoil] of [
      ['a missing file', (cert: string) => rm(cert)],
      ['a file that is no certificate', (cert: string) => writeFile(cert, 'hello')],
      ['a key of another', (_: string, key: string) => copyFile(join(folder, 'ca.key'), key)],
    ] as [string, (cert: string, key: string) => Promise<void>][])
      it(`does not start with ${what}`, async () => {
        makeAuthority(folder, 'ca');
        const {cert, key} = makeCertificate(folder, 'ca', 'server');
        await spoil(cert, key);
        await assert.rejects(make({tls: {cert, key}}).start(), /server\.tls/);
      });
  });

  describe('grpc.health.v1', () => {
    const check = methodOf('grpc.health.v1.Health', 'Check');
    const watch = methodOf('grpc.health.v1.Health', 'Watch');
    type Client = ReturnType<typeof makeClient>['client'];
    const healthOf = (client: Client, service: string): Promise<number> =>
      new Promise((resolve) => {
        client.makeUnaryRequest(
          check.path,
          check.requestSerialize,
          check.responseDeserialize,
          {service},
          (error, answer) => resolve(error ? -error.code : ((answer as {status: number}).status ?? 0)),
        );
      });
    const watched = (client: Client, service: string) => {
      const states: number[] = [];
      const stream = client.makeServerStreamRequest(watch.path, watch.requestSerialize, watch.responseDeserialize, {
        service,
      });
      stream.on('data', ({status}: {status: number}) => states.push(status));
      stream.on('error', () => states.push(-1));
      stream.on('end', () => states.push(0));
      return {states, stream};
    };

    it('has the published path and numbers', () => assert.equal(check.path, '/grpc.health.v1.Health/Check'));

    it('Check says what it was told', async () => {
      const {server, client} = await started();
      const names = ['', 'envoy.service.auth.v3.Authorization', 'unknown', '__proto__'];
      const all = () => Promise.all(names.map((name) => healthOf(client, name)));
      assert.deepEqual(await all(), [2, 2, -5, -5]);
      server.setServing(true);
      assert.deepEqual(await all(), [1, 1, -5, -5]);
      server.setServing(false);
      assert.deepEqual(await all(), [2, 2, -5, -5]);
    });

    it('Watch says it again at each change, and ends with the server', async () => {
      const {server, client} = await started();
      const {states} = watched(client, '');
      await until(() => states.length === 1);
      server.setServing(true);
      server.setServing(true);
      server.setServing(false);
      server.setServing(true);
      await until(() => states.length === 4);
      await server.drain();
      await until(() => states.length === 6);
      assert.deepEqual(states, [2, 1, 2, 1, 2, 0]);
    });

    it('Watch of an unknown service; one that is given up', async () => {
      const {server, client} = await started();
      const {states, stream} = watched(client, 'unknown');
      await until(() => states.length === 1);
      assert.deepEqual(states, [3]);
      stream.cancel();
      const known = watched(client, '');
      await until(() => known.states.length === 1);
      known.stream.cancel();
      await sleep(20);
      server.setServing(true);
      assert.equal(await healthOf(client, ''), 1);
    });
  });

  it('lists its services by reflection, with their fields, where that is asked for', async () => {
    const {client} = await started({reflection: true});
    const ask = (request: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const stream = client.makeBidiStreamRequest(
          '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
          (message: Buffer) => message,
          (bytes: Buffer) => bytes,
        );
        stream.on('data', (answer: Buffer) => {
          resolve(answer);
          stream.cancel();
        });
        stream.on('error', reject);
        stream.write(request);
      });
    // ServerReflectionRequest: list_services = 7, file_containing_symbol = 4.
    const field = (number: number, text: string) =>
      Buffer.concat([Buffer.from([(number << 3) | 2, text.length]), Buffer.from(text)]);
    const listed = (await ask(field(7, '*'))).toString('latin1');
    assert.ok(listed.includes('envoy.service.auth.v3.Authorization') && listed.includes('grpc.health.v1.Health'));
    const file = (await ask(field(4, 'envoy.service.auth.v3.Authorization'))).toString('latin1');
    assert.ok(file.includes('CheckResponse') && file.includes('error_response'));
  });

  describe('drain', () => {
    it('answers what is in flight, takes nothing new, and ends', async () => {
      const release: (() => void)[] = [];
      const {server, address, check} = await started(
        {},
        () => new Promise((resolve) => void release.push(() => resolve(allow))),
      );
      const inFlight = Array.from({length: 50}, () => check());
      await until(() => release.length === 50);
      const drained = server.drain();
      assert.equal(drained, server.drain(), 'a second drain is the first');
      await sleep(50);
      assert.equal((await clientOf(address).check(httpCheck(), 300)).response, undefined);
      for (const go of release) go();
      assert.ok((await Promise.all(inFlight)).every(isAllowed));
      await drained;
      assert.deepEqual(logged, []);
    });

    it('under load: every call that was taken is answered', async () => {
      const {server, check} = await started({drainDelay: 100}, async () => {
        await sleep(5);
        return allow;
      });
      let taken = 0;
      let refused = 0;
      const outcomes: Promise<Outcome>[] = [];
      const drained = sleep(50).then(() => server.drain());
      for (let round = 0; round < 60; round++) {
        for (let n = 0; n < 5; n++) outcomes.push(check(httpCheck(), 1_000));
        await sleep(4);
      }
      await drained;
      for (const {response, error} of await Promise.all(outcomes)) {
        if (response) taken++;
        // 14: the listener was closed before the call was sent. Nothing else may happen to a call.
        else if (error?.code === 14) refused++;
        else assert.fail(`${error?.code} ${error?.details}`);
      }
      assert.ok(taken > 50 && taken + refused === 300);
    });

    it('serves on as NOT_SERVING for drainDelay', async () => {
      const {server, check} = await started({drainDelay: 200});
      server.setServing(true);
      const drained = server.drain();
      server.setServing(true);
      assert.ok(isAllowed(await check()));
      await drained;
    });

    it('cuts what does not end in time', async () => {
      const {server, check} = await started({drain: 50}, () => new Promise(() => {}));
      const hanging = check(httpCheck(), 60_000);
      await sleep(50);
      await server.drain();
      const {error} = await hanging;
      assert.ok(error && [1, 14].includes(error.code), String(error?.code));
      assert.ok(logged.some((message) => message.includes('cut')));
    });

    it('close: at once', async () => {
      const {server, check} = await started({}, () => new Promise(() => {}));
      const hanging = check(httpCheck(), 60_000);
      await sleep(50);
      await server.close();
      assert.ok((await hanging).error);
    });
  });

  describe('stands', () => {
    it('20,000 cancelled calls on one connection: the calls beside them are all answered', async function () {
      this.timeout(60_000);
      let connections = 0;
      const {address} = await started({}, () => new Promise((resolve) => setTimeout(resolve, 20, allow).unref()));
      const session = connectHttp2(`http://${address}`);
      ends.push(() => session.destroy());
      session.on('connect', () => connections++);
      session.on('error', () => {});
      let gone = false;
      session.on('goaway', () => {
        gone = true;
      });
      const message = checkMethod.requestSerialize(httpCheck());
      const frame = Buffer.concat([Buffer.alloc(5), message]);
      frame.writeUInt32BE(message.length, 1);
      const call = () =>
        session.request({
          ':method': 'POST',
          ':path': checkMethod.path,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
      const answered = (): Promise<string> =>
        new Promise((resolve) => {
          const stream = call();
          let status = 'none';
          stream.on('trailers', (trailers) => {
            status = String(trailers['grpc-status']);
          });
          stream.on('error', () => {});
          stream.on('close', () => resolve(status));
          stream.resume();
          stream.end(frame);
        });
      const beside: Promise<string>[] = [];
      for (let round = 0; round < 200; round++) {
        const cancelled = Array.from({length: 100}, () => {
          const stream = call();
          stream.on('error', () => {});
          stream.end(frame);
          return stream;
        });
        beside.push(answered());
        await new Promise(setImmediate);
        for (const stream of cancelled) stream.close(8);
        await new Promise(setImmediate);
      }
      assert.deepEqual(new Set(await Promise.all(beside)), new Set(['0']));
      assert.deepEqual([gone, session.closed, connections], [false, false, 1]);
    });

    const bytes: [string, Buffer, (outcome: Outcome) => boolean][] = [
      ['no bytes: malformed_request', Buffer.alloc(0), ({response}) => response?.status.code === 3],
      ['bytes that are no protobuf', Buffer.from('hello, this is no protobuf'), ({error}) => error?.code === 13],
      ['a length beyond the end', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]), ({error}) => error?.code === 13],
      ['an unending varint', Buffer.alloc(20, 0xff), ({error}) => error?.code === 13],
      ['groups nested 10,000 deep', Buffer.alloc(10_000, 0x13), ({error}) => error?.code === 13],
      [
        'attributes of a wrong wire type',
        Buffer.from([0x08, 0x01]),
        ({error, response}) => error !== undefined || response?.status.code === 3,
      ],
    ];
    for (const [what, raw, expected] of bytes)
      it(`${what}: an error, never an allow, and the next call is served`, async () => {
        const {send, check} = await started();
        const outcome = await send(raw, 5_000);
        assert.ok(expected(outcome) && !isAllowed(outcome), JSON.stringify(outcome));
        assert.ok(isAllowed(await check()));
      });

    it('1 MB of headers, where so much is allowed', async () => {
      const {check} = await started({maxMessage: 4_194_304}, async ({headers}) => {
        assert.equal(headers.size, 1_000);
        return allow;
      });
      const headers = Object.fromEntries(Array.from({length: 1_000}, (_, n) => [`x-${n}`, 'v'.repeat(1_000)]));
      assert.ok(isAllowed(await check(httpCheck(headers))));
    });

    it('more than 4 MiB: an error, and the next call is served', async () => {
      const {check} = await started();
      const {error} = await check(httpCheck({x: 'v'.repeat(5 * 1_024 * 1_024)}));
      assert.equal(error?.code, 8);
      assert.ok(isAllowed(await check()));
    });

    it('a call of HTTP/1, of no method of ours, of no gRPC', async () => {
      const {address, client, check} = await started();
      await assert.rejects(fetch(`http://${address}/`));
      const unknown = await new Promise<number>((resolve) => {
        client.makeUnaryRequest(
          '/no/Such',
          (x: Buffer) => x,
          (x: Buffer) => x,
          Buffer.alloc(0),
          (error) => resolve(error?.code ?? 0),
        );
      });
      assert.equal(unknown, 12);
      assert.ok(isAllowed(await check()));
    });
  });

  const listening = (path: string): Promise<NetServer> =>
    new Promise((resolve) => {
      const server = createServer(() => {}).listen(path, () => resolve(server));
    });
  /** Leaves the socket file behind without its listener, as a killed process does. */
  const copySocketAside = async (server: NetServer, path: string): Promise<void> => {
    const {rename} = await import('node:fs/promises');
    await rename(path, `${path}.kept`);
    await new Promise((resolve) => server.close(resolve));
    await rename(`${path}.kept`, path);
    await chmod(path, 0o755);
  };
});
