// The reader by hand and the plain one: the same request of the same bytes, however they were changed.
import assert from 'node:assert/strict';
import type {MethodDefinition} from '@grpc/grpc-js';
import {bytesHeldBy} from '../../src/envoy/headerLines.ts';
import {parse} from '../../src/envoy/parse.ts';
import {loadProtos} from '../../src/envoy/protos.ts';
import {readCheckRequest} from '../../src/envoy/read.ts';
import {makeReadMessage} from '../../src/envoy/readMessage.ts';
import type {CheckRequest} from '../../src/envoy/wire.ts';
import {mutated} from '../fuzz/mutate.ts';
import {makeRandom, type Random} from '../fuzz/random.ts';
import {readBoth} from './plainRead.ts';

const {Check} = loadProtos()['envoy.service.auth.v3.Authorization'] as unknown as {
  Check: MethodDefinition<object, object>;
};
const bytesOf = (message: object): Buffer => Check.requestSerialize(message);
const runs = Number(process.env.READ_RUNS ?? 20_000);

const texts = [
  '',
  'a',
  'GET',
  'rule',
  'r1',
  '/x?a=b!',
  'h.example:80',
  'Bearer x.y.z',
  'ä€😀',
  '__proto__',
  'x'.repeat(200),
];
const names = [':path', 'authorization', 'cookie', 'x-a', 'constructor', '__proto__', '', 'é', '1', 'x'.repeat(60)];

/** A message in which anything may be absent, as Envoy or somebody else might send it. */
const messageOf = (random: Random): object => {
  const some = <T>(value: () => T): T | undefined => (random.below(4) === 0 ? undefined : value());
  const text = () => random.pick(texts);
  const address = () =>
    random.pick<() => object>([
      () => ({socket_address: {address: some(text), port_value: some(() => 4_711), protocol: some(() => 1)}}),
      () => ({pipe: {path: some(text), mode: some(() => 7)}}),
      () => ({envoy_internal_address: {server_listener_name: some(text), endpoint_id: some(text)}}),
      () => ({}),
    ])();
  const peer = () => ({
    address: some(address),
    service: some(text),
    labels: {a: 'b'},
    principal: some(text),
    certificate: some(text),
  });
  const headers = () =>
    Object.fromEntries(
      Array.from({length: random.below(random.below(20) === 0 ? 90 : 12)}, (_, at) => [
        at < 10 ? random.pick(names) : `x-${at}`,
        text(),
      ]),
    );
  const http = () => ({
    id: some(text),
    method: some(() => 'GET'),
    headers: some(headers),
    path: some(() => random.pick(['/', '/a/b?c=d', '/!'])),
    host: some(text),
    scheme: some(() => 'https'),
    query: some(text),
    size: some(() => random.pick([-1, 0, 5, 2 ** 40])),
    protocol: some(() => 'HTTP/2'),
    body: random.below(8) === 0 ? text() : undefined,
    raw_body: random.below(8) === 0 ? Buffer.from(text()) : undefined,
    header_map: random.below(8) === 0 ? {headers: [{key: 'a', raw_value: Buffer.from(text())}]} : undefined,
  });
  return {
    attributes: {
      source: some(peer),
      destination: some(peer),
      request:
        random.below(9) === 0
          ? undefined
          : {time: some(() => ({seconds: 1, nanos: 2})), http: random.below(9) === 0 ? undefined : http()},
      context_extensions: random.below(3) === 0 ? {rule: text(), other: text()} : undefined,
      metadata_context: some(() => ({filter_metadata: {a: {fields: {b: {stringValue: 'c'}}}}})),
      tls_session: some(() => ({sni: text()})),
    },
  };
};

const words = [
  '\x0a',
  '\x12',
  '\x1a',
  '\x22',
  '\x52',
  '\x2a',
  '\x32',
  '\x6a',
  '\x80',
  '\xff\xff\xff\xff\x0f',
  '\x80\x80\x00',
  '\x0b',
  '\x0c',
  '\x0d\0\0\0\0',
  'rule',
];

/** Most of them small, so that what is changed is still of the usual form, as a rule. */
const changes: readonly ((plain: Buffer, other: Buffer, random: Random) => Buffer)[] = [
  ...Array.from({length: 6}, () => (plain: Buffer, _: Buffer, random: Random) => {
    const changed = Buffer.from(plain);
    if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
    return changed;
  }),
  (plain, other, random) => mutated(plain, other, words, 8_000, random),
  (plain, other) => Buffer.concat([plain, other]),
];

describe('a CheckRequest read by hand', () => {
  it('holds on to all of its message, and says so', () => {
    const http = {method: 'POST', path: '/', headers: {a: 'b'}, body: 'x'.repeat(100_000)};
    const headers = readCheckRequest(bytesOf({attributes: {request: {http}}}))?.headers ?? new Map();
    assert.ok(bytesHeldBy(headers) > 100_000);
    assert.equal(bytesHeldBy(new Map([['abc', 'de']])), 10);
  });
  it('is read as by protobufjs, or left to it: as it is sent', () => {
    const random = makeRandom(1);
    let own = 0;
    for (let run = 0; run < 3_000; run++) {
      const bytes = bytesOf(messageOf(random));
      const read = readBoth(bytes);
      assert.equal(read.fault, undefined, bytes.toString('base64'));
      if (!read.own) continue;
      own += 1;
      const {read: _, headers, ...rest} = readCheckRequest(bytes) as NonNullable<ReturnType<typeof readCheckRequest>>;
      assert.deepEqual({...rest, headers: new Map(headers)}, parse(Check.requestDeserialize(bytes) as CheckRequest));
    }
    assert.ok(own > 500, `only ${own} of them were read by hand`);
  });

  it(`the same, changed: ${runs} times`, function () {
    this.timeout(600_000);
    const seed = Number(process.env.SEED ?? 7);
    const random = makeRandom(seed);
    let [own, before] = [0, bytesOf(messageOf(random))];
    for (let run = 0; run < runs; run++) {
      const plain = bytesOf(messageOf(random));
      const bytes = random.pick(changes)(plain, before, random);
      const read = readBoth(bytes);
      assert.equal(read.fault, undefined, `seed ${seed}: ${bytes.toString('base64')}`);
      if (read.own) own += 1;
      before = plain;
    }
    assert.ok(own > runs / 20, `only ${own} of them were read by hand`);
  });

  const good = {attributes: {source: {}, request: {http: {method: 'GET', path: '/', headers: {a: 'b'}}}}};
  const http = (...fields: number[][]) => {
    const inner = Buffer.from(fields.flat());
    const request = Buffer.concat([Buffer.from([0x12, inner.length]), inner]);
    const attributes = Buffer.concat([Buffer.from([0x22, request.length]), request]);
    return Buffer.concat([Buffer.from([0x0a, attributes.length]), attributes]);
  };
  const [method, path] = [
    [0x12, 1, 71],
    [0x22, 1, 47],
  ];
  const left: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['twice the whole, which protobuf merges', Buffer.concat([bytesOf(good), bytesOf(good)])],
    ['a method twice', http(method, path, method)],
    ['a path of another wire type', http(method, [0x20, 1])],
    ['a length that goes beyond', http(method, [0x22, 9, 47])],
    ['a length with a byte too many', http(method, [0x22, 0x81, 0x80, 0x80, 0x00, 47])],
    ['a group', http(method, path, [0x73, 0x74])],
    ['raw headers', http(method, path, [0x6a, 0])],
    ['a header with its value first', http(method, path, [0x1a, 6, 0x12, 1, 98, 0x0a, 1, 97])],
    ['a header twice', http(method, path, [0x1a, 3, 0x0a, 1, 97], [0x1a, 3, 0x0a, 1, 97])],
    ['no method', http(path)],
    [
      'sixty-five headers',
      bytesOf({
        attributes: {
          request: {
            http: {
              method: 'GET',
              path: '/',
              headers: Object.fromEntries(Array.from({length: 65}, (_, at) => [`x${at}`, ''])),
            },
          },
        },
      }),
    ],
  ];
  for (const [title, bytes] of left)
    it(`leaves to protobufjs: ${title}`, () => assert.equal(readCheckRequest(bytes), undefined));

  it('a plain one is read by hand, and steps over what it does not know', () => {
    assert.equal(readCheckRequest(http(method, path, [0x7a, 2, 1, 2], [0x70, 0x80, 1]))?.target, '/');
    assert.equal(readCheckRequest(bytesOf(good))?.headers.get('a'), 'b');
  });

  it('many fields are counted before, as ever', () => {
    const read = makeReadMessage((bytes) => Check.requestDeserialize(bytes) as CheckRequest);
    const many = http(method, path);
    const fields = Buffer.concat([many, Buffer.alloc(9_000, Buffer.from([0x12, 0]))]);
    assert.deepEqual(read(fields), {size: fields.length});
  });

  it('nobody else is given a name that somebody has sent', () => {
    const of = (name: string) => [
      ...(readCheckRequest(
        bytesOf({attributes: {request: {http: {method: 'GET', path: '/', headers: {[name]: 'v'}}}}}),
      )?.headers.keys() ?? []),
    ];
    const random = makeRandom(3);
    for (let run = 0; run < 20_000; run++) {
      const name = `x${random.below(5_000).toString(36)}`;
      assert.deepEqual(of(name), [name]);
    }
  });
});
