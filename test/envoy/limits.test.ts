// What whoever reaches the gRPC port can make it hold: each row is a way to ask for more, and what becomes of it.
import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import {type AddressInfo, connect as connectTcp, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import type {Check, Decision} from '../../src/core/decision.ts';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import {connectionLimits, makeConnections} from '../../src/envoy/connections.ts';
import {hasFewFields} from '../../src/envoy/fieldCount.ts';
import {callLimits, makeGate} from '../../src/envoy/gate.ts';
import {makeRender} from '../../src/envoy/render.ts';
import {makeServer, type ServerParts} from '../../src/envoy/server.ts';
import {makeService} from '../../src/envoy/service.ts';
import {checkMethod, httpCheck, makeClient, type Outcome} from './client.ts';

const allow: Decision = {outcome: 'allow', rule: 'r'};
const isAllowed = ({response}: Outcome) => response !== undefined && 'ok_response' in response;
const checkPath = '/envoy.service.auth.v3.Authorization/Check';
const watchPath = '/grpc.health.v1.Health/Watch';

const frame = (body: Buffer, flag = 0): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
};
/** A field with bytes in it, as protobuf writes it. */
const field = (number: number, body: Buffer): Buffer => {
  const head = [(number << 3) | 2];
  let length = body.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), body]);
};
const repeated = (count: number, one: Buffer) => Buffer.concat(Array.from({length: count}, () => one));
const http = (...fields: Buffer[]) =>
  field(1, field(4, field(2, Buffer.concat([field(2, Buffer.from('GET')), field(4, Buffer.from('/')), ...fields]))));

describe('limits of the gRPC port', () => {
  const ends: (() => unknown)[] = [];
  let limited: string[];
  let decided: string[];
  let asked: number;
  beforeEach(() => {
    limited = [];
    decided = [];
    asked = 0;
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const started = async (
    limits: NonNullable<ServerParts['limits']> = {},
    more: {maxMessage?: number} = {},
    check: Check = async () => allow,
  ) => {
    const log = {error: () => {}, info: () => {}};
    const render = makeRender(
      {format: 'problem', status: {}, removeCredential: false, errors: 'response'},
      makeIdentityHeaders(new Map()),
    );
    const counted: Check = (...all) => {
      asked += 1;
      return check(...all);
    };
    const service = makeService({
      inForce: () => ({check: counted, render}),
      newId: () => 'id',
      now: Date.now,
      log,
      decided: ({reason}) => void decided.push(reason),
    });
    const server = makeServer({
      settings: {listen: [{kind: 'tcp', host: '127.0.0.1', port: 0}], drain: 500, drainDelay: 0, ...more},
      service,
      log,
      limits,
      limited: (limit) => void limited.push(limit),
    });
    ends.push(() => server.close());
    const [address] = (await server.start()) as [string];
    const {check: ask, send, close} = makeClient(address);
    ends.push(close);
    return {address, ask, send};
  };
  const sessionTo = async (address: string): Promise<ClientHttp2Session> => {
    const session = connect(`http://${address}`, {peerMaxConcurrentStreams: 100_000});
    session.on('error', () => {});
    ends.push(() => session.destroy());
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    return session;
  };
  const call = (session: ClientHttp2Session, path = checkPath, more: Record<string, string> = {}) => {
    const stream = session.request(
      {':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...more},
      {endStream: false},
    );
    stream.on('error', () => {});
    stream.resume();
    return stream;
  };
  const statusOf = (stream: ClientHttp2Stream): Promise<string> =>
    new Promise((resolve) => {
      let status = 'none';
      const read = (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status']);
      };
      stream.on('response', read);
      stream.on('trailers', read);
      stream.on('close', () => resolve(status));
    });
  const until = async (what: () => boolean) => {
    for (let left = 500; left > 0 && !what(); left--) await sleep(10);
    assert.ok(what(), 'did not come true in time');
  };
  const whole = frame(checkMethod.requestSerialize(httpCheck()));

  it('a call that has closed holds on to nothing: Node keeps its stream for a while', async () => {
    const server = createServer();
    let served: ServerHttp2Stream | undefined;
    server.on('stream', (stream) => {
      served = stream;
      stream.on('data', () => {});
      stream.on('end', () => stream.respond({':status': 200}, {endStream: true}));
      stream.once('close', () => {});
    });
    const steady = () => performance.now();
    const connections = makeConnections({limits: connectionLimits, steady, now: Date.now, closed: () => {}});
    const gate = makeGate({
      maxMessage: 1_000,
      limits: callLimits,
      connections,
      check: checkPath,
      stays: new Set(),
      many: () => false,
      tooLarge: () => '',
      refused: () => {},
      steady,
    });
    gate.guard(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(
      () => server.close(),
      () => gate.close(),
      () => connections.close(),
    );
    const stream = call(await sessionTo(`127.0.0.1:${(server.address() as AddressInfo).port}`));
    stream.end(whole);
    await statusOf(stream);
    await until(() => served?.destroyed === true && served.listenerCount('close') === 0);
    assert.deepEqual([served?.eventNames(), gate.open()], [['error'], 0]);
  });

  it('a connection ends with the certificate that it was made by', async () => {
    let passed = 0;
    const connections = makeConnections({
      limits: {...connectionLimits, untilFirstCall: 1},
      steady: () => passed,
      now: () => Date.parse('2026-11-28T12:00:00Z') + passed,
      closed: () => {},
    });
    ends.push(() => connections.close());
    const server = new EventEmitter();
    connections.watch(server as Http2Server);
    const said: ('goaway' | 'close' | 'destroy')[] = [];
    const enter = (socket: object) => {
      const told = (what: (typeof said)[number]) => () => void said.push(what);
      const session = {socket, once() {}, goaway: told('goaway'), close: told('close'), destroy: told('destroy')};
      server.emit('session', session);
      connections.of(session)?.begun();
    };
    enter({authorized: true, getPeerX509Certificate: () => ({validTo: 'Nov 28 13:00:00 2026 GMT'})});
    enter({authorized: false, getPeerX509Certificate: () => ({validTo: 'Nov 28 12:00:00 2026 GMT'})});
    enter({});
    passed = 3_599_000;
    await sleep(20);
    assert.equal(said.length, 0);
    passed = 3_600_000;
    await until(() => said.includes('close'));
    assert.equal(said.filter((what) => what === 'goaway').length, 1);
    assert.ok(!said.includes('destroy'));
    passed = 3_606_000;
    await until(() => said.includes('destroy'));
  });

  describe('messages', () => {
    it('a CheckRequest over maxMessage is refused before it has come, and a decision says so', async () => {
      const {address, ask, send} = await started();
      const {error} = await send(http(field(11, Buffer.alloc(300_000))), 5_000);
      assert.equal(error?.code, 8);
      assert.match(error?.details ?? '', /has 300\d{3} bytes, and server\.maxMessage allows 262144 \(decision id\)/);
      const session = await sessionTo(address);
      const stream = call(session);
      const status = statusOf(stream);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(262_145, 1);
      for (const byte of head) stream.write(Buffer.from([byte]));
      assert.equal(await status, '8');
      assert.deepEqual([limited, decided, asked], [Array(2).fill('too_large'), Array(2).fill('request_too_large'), 0]);
      assert.ok(isAllowed(await ask()));
    });
    it('a body is taken where maxMessage lets it', async () => {
      const {send} = await started({}, {maxMessage: 4_194_304});
      assert.ok(isAllowed(await send(http(field(11, Buffer.alloc(3_000_000, 'x'))), 10_000)));
    });
    const compressed: [string, Record<string, string>, Buffer][] = [
      ['gzip', {'grpc-encoding': 'gzip'}, frame(gzipSync(Buffer.alloc(200_000)), 1)],
      ['deflate, said and not done', {'grpc-encoding': 'deflate'}, whole],
      ['the flag alone', {}, frame(gzipSync(Buffer.alloc(200_000)), 1)],
      ['an encoding that nobody knows', {'grpc-encoding': 'zstd'}, whole],
    ];
    for (const [what, headers, bytes] of compressed)
      it(`compressed (${what}): refused, not inflated`, async () => {
        const {address, ask} = await started();
        const stream = call(await sessionTo(address), checkPath, headers);
        const status = statusOf(stream);
        stream.end(bytes);
        assert.equal(await status, '12');
        assert.deepEqual([limited, asked], [['compressed'], 0]);
        assert.ok(isAllowed(await ask()));
      });
    it('identity, said aloud, is no compression', async () => {
      const {address} = await started();
      const stream = call(await sessionTo(address), checkPath, {'grpc-encoding': 'identity'});
      const status = statusOf(stream);
      stream.end(whole);
      assert.equal(await status, '0');
    });
    it('one that comes byte by byte is answered like one that comes at once', async () => {
      const {address} = await started();
      const stream = call(await sessionTo(address));
      for (const byte of whole) {
        stream.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      stream.end();
      assert.deepEqual([await statusOf(stream), limited], ['0', []]);
    });

    it('a Check without one is asked nothing, and is no allow', async () => {
      const {address} = await started();
      const stream = call(await sessionTo(address));
      stream.end();
      assert.deepEqual([await statusOf(stream), asked], ['12', 0]);
    });

    it('a second message on one Check is not read', async () => {
      const {address} = await started();
      const stream = call(await sessionTo(address));
      const status = statusOf(stream);
      stream.write(repeated(1_000, frame(Buffer.alloc(0))));
      assert.equal(await status, 'none');
      assert.equal(asked, 0);
    });
  });

  describe('fields', () => {
    const empty = Buffer.from([0x0a, 0x00]);
    const entry = field(3, Buffer.concat([field(1, Buffer.from('k')), field(2, Buffer.alloc(0))]));
    const metadata = (values: Buffer) => field(1, field(11, field(1, field(2, field(1, field(2, values))))));
    const nested = (depth: number): Buffer =>
      depth === 0 ? Buffer.alloc(0) : field(5, field(1, field(2, nested(depth - 1))));
    const rows: [string, Buffer, boolean][] = [
      ['3,000 headers', http(...Array.from({length: 1_000}, () => entry)), true],
      ['one field of 200 kB', http(field(11, Buffer.alloc(200_000))), true],
      ['a value that looks like 100,000 fields', http(field(5, repeated(100_000, empty))), true],
      ['100,000 empty lines of header_map', http(field(13, repeated(100_000, empty))), false],
      ['5,000 headers', http(repeated(5_000, entry)), false],
      ['100,000 labels of the peer', field(1, field(1, repeated(100_000, Buffer.from([0x1a, 0x00])))), false],
      ['100,000 extensions', field(1, repeated(100_000, Buffer.from([0x52, 0x00]))), false],
      ['100,000 unknown fields', repeated(100_000, Buffer.from([0x7a, 0x00])), false],
      ['100,000 values in metadata', metadata(field(6, repeated(100_000, empty))), false],
      ['metadata 500 deep', Buffer.concat([metadata(nested(500)), http(field(11, Buffer.alloc(9_000)))]), false],
      ['bytes that are no protobuf are left to the decoder', Buffer.alloc(20_000, 0xff), true],
      [
        'a length beyond the end',
        Buffer.concat([Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(20_000)]),
        false,
      ],
    ];
    for (const [what, bytes, few] of rows)
      it(`${what}: ${few ? 'decoded' : 'not decoded'}`, () => assert.equal(hasFewFields(bytes), few));

    it('too many: malformed_request, without being decoded', async () => {
      const {send, ask} = await started();
      const {response} = await send(http(field(13, repeated(100_000, empty))), 5_000);
      assert.equal(response?.status.code, 3);
      assert.deepEqual([decided, asked], [['malformed_request'], 0]);
      assert.ok(isAllowed(await ask()));
    });
  });

  describe('calls', () => {
    it('one connection has 1,024 streams and no more', async () => {
      const {address} = await started();
      const session = await sessionTo(address);
      assert.equal(session.remoteSettings.maxConcurrentStreams, 1_024);
    });
    it('a call whose message does not come in time is ended; its neighbours are not', async () => {
      const {address, ask} = await started({calls: {toArrive: 50}});
      const session = await sessionTo(address);
      const begun = call(session);
      const half = call(session);
      half.write(whole.subarray(0, 20));
      const drip = call(session);
      drip.write(frame(Buffer.alloc(2_000)).subarray(0, 5));
      const dripping = setInterval(() => drip.destroyed || drip.write(Buffer.from([0])), 10);
      ends.push(() => clearInterval(dripping));
      assert.deepEqual(await Promise.all([begun, half, drip].map(statusOf)), ['none', 'none', 'none']);
      assert.deepEqual(limited, ['unfinished', 'unfinished', 'unfinished']);
      assert.ok(isAllowed(await ask()));
    });
    it('bytes of unfinished messages are bounded for all together: the oldest call goes', async () => {
      const {address, ask} = await started({calls: {unfinishedBytes: 150_000}});
      const session = await sessionTo(address);
      const gone: number[] = [];
      const calls = [0, 1, 2, 3].map((n) => {
        const stream = call(session);
        void statusOf(stream).then(() => gone.push(n));
        return stream;
      });
      for (const stream of calls) stream.write(frame(Buffer.alloc(120_000)).subarray(0, 60_000));
      await until(() => gone.length === 2);
      assert.deepEqual(
        [gone, limited],
        [
          [0, 1],
          ['unfinished', 'unfinished'],
        ],
      );
      assert.ok(isAllowed(await ask()));
    });
    it('calls open at once are bounded for all together: the oldest unfinished one goes, so that others are answered', async () => {
      const {address, ask} = await started({calls: {most: 50}});
      const session = await sessionTo(address);
      let closed = 0;
      for (let n = 0; n < 200; n++) call(session).on('close', () => closed++);
      await until(() => closed === 150);
      assert.ok(isAllowed(await ask()));
      assert.equal(limited.filter((limit) => limit === 'calls').length, 151);
    });
    it('a call whose message has come, and not its end, is none that is waited for', async () => {
      const {address, ask} = await started({calls: {most: 50}});
      const session = await sessionTo(address);
      let closed = 0;
      for (let n = 0; n < 200; n++)
        call(session)
          .on('close', () => closed++)
          .write(whole);
      await until(() => closed === 150);
      assert.ok(isAllowed(await ask()), 'those that never end keep nobody out');
      assert.equal(limited.filter((limit) => limit === 'calls').length, 151);
    });
    it('nor is its end waited for longer than its message', async () => {
      const {address} = await started({calls: {toArrive: 20, toEnd: 60_000}});
      const stream = call(await sessionTo(address));
      stream.write(whole);
      assert.equal(await statusOf(stream), 'none');
      assert.deepEqual(limited, ['unfinished']);
    });
    it('a call that has its answer and does not take it is ended', async () => {
      const {address} = await started({calls: {toArrive: 20, toEnd: 60}}, {}, () => new Promise(() => {}));
      const stream = call(await sessionTo(address));
      stream.end(whole);
      assert.equal(await statusOf(stream), 'none');
      assert.deepEqual([limited, asked], [['unfinished'], 1]);
    });
    it('watches of health: 16 a connection, and they stay', async () => {
      const {address, ask} = await started({calls: {toArrive: 20, toEnd: 40}});
      const session = await sessionTo(address);
      const streams = Array.from({length: 40}, () => call(session, watchPath));
      const states = Promise.all(streams.slice(16).map(statusOf));
      let open = 16;
      for (const stream of streams.slice(0, 16)) stream.on('close', () => open--);
      for (const stream of streams) stream.end(frame(Buffer.alloc(0)));
      assert.deepEqual(new Set(await states), new Set(['8']));
      await sleep(150);
      assert.deepEqual([open, limited], [16, Array(24).fill('watches')]);
      for (const stream of streams) stream.close(8);
      await until(() => session.destroyed || streams.every((stream) => stream.closed));
      const again = call(session, watchPath);
      const said = new Promise((resolve) => again.once('response', () => resolve('answered')));
      again.end(frame(Buffer.alloc(0)));
      assert.equal(await said, 'answered', 'the place of one that has gone is free');
      assert.ok(isAllowed(await ask()));
    });
  });

  describe('connections', () => {
    it('one that begins calls only to take them back is closed, and those beside are answered', async () => {
      const {address, ask} = await started({connections: {resetBurst: 500, resetRate: 100}});
      const session = await sessionTo(address);
      let gone = false;
      session.on('close', () => {
        gone = true;
      });
      for (let n = 0; n < 200 && !gone; n++) {
        const streams = Array.from({length: 20}, () => call(session));
        for (const stream of streams) stream.close(8);
        await new Promise(setImmediate);
      }
      await until(() => gone);
      assert.deepEqual(limited, ['resets']);
      assert.ok(isAllowed(await ask()));
    });
    it('one that cancels within its allowance is not', async () => {
      const {address} = await started({connections: {resetBurst: 500, resetRate: 1}}, {}, () => sleep(20, allow));
      const session = await sessionTo(address);
      for (let n = 0; n < 400; n++) call(session).close(8);
      const stream = call(session);
      const status = statusOf(stream);
      stream.end(whole);
      assert.equal(await status, '0');
      assert.deepEqual(limited, []);
    });
    const silent = async (address: string): Promise<Socket> => {
      const [host, port] = address.split(':') as [string, string];
      const socket = connectTcp({host, port: Number(port)});
      socket.on('error', () => {});
      socket.resume();
      ends.push(() => socket.destroy());
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    };
    it('one that asks nothing is closed', async () => {
      const {address, ask} = await started({connections: {untilFirstCall: 40}});
      const sockets = [await silent(address), await silent(address)];
      const quiet = await sessionTo(address);
      await until(() => quiet.destroyed && sockets.every(({destroyed}) => destroyed));
      assert.deepEqual(limited, ['silent', 'silent', 'silent']);
      assert.ok(isAllowed(await ask()));
    });
    it('one that has asked may rest, and is told before it ends', async () => {
      const {address} = await started({connections: {untilFirstCall: 40, idle: 100}});
      const session = await sessionTo(address);
      const stream = call(session);
      const status = statusOf(stream);
      stream.end(whole);
      assert.equal(await status, '0');
      const told: number[] = [];
      session.on('goaway', (code) => told.push(code));
      await until(() => session.destroyed);
      assert.deepEqual(new Set(told), new Set([0]));
      assert.deepEqual(limited, ['idle']);
    });
    it('beyond the most, the oldest silent one goes, and one that has asked stays', async () => {
      const {address, ask} = await started({connections: {most: 10}});
      assert.ok(isAllowed(await ask()));
      const sockets: Socket[] = [];
      for (let n = 0; n < 30; n++) sockets.push(await silent(address));
      await until(() => sockets.filter(({destroyed}) => destroyed).length === 21);
      assert.ok(sockets.slice(-9).every(({destroyed}) => !destroyed));
      assert.ok(isAllowed(await ask()));
      assert.equal(limited.filter((limit) => limit === 'connections').length, 21);
    });
  });

  it('what waits for decisions is bounded by bytes, too', async () => {
    const log = {error: () => {}};
    const {promise, resolve} = Promise.withResolvers<Decision>();
    const service = makeService({
      inForce: () => ({
        check: () => promise,
        render: makeRender(
          {format: 'problem', status: {}, removeCredential: false, errors: 'response'},
          makeIdentityHeaders(new Map()),
        ),
      }),
      newId: () => 'id',
      now: Date.now,
      log,
      mostWaitingBytes: 1_000,
      decided: ({reason}) => void decided.push(reason),
    });
    ends.push(() => service.close());
    const request = {size: 600, attributes: {request: {http: {method: 'GET', path: '/'}}}};
    const pending = Array.from(
      {length: 3},
      () =>
        new Promise((done) =>
          service.check({cancelled: false, request, getDeadline: () => Date.now() + 60_000} as never, () => done(0)),
        ),
    );
    await pending[2];
    assert.deepEqual(decided, ['overloaded']);
    resolve(allow);
    await Promise.all(pending);
  });
});
