// From CheckRequest to Request, over the real wire format.
import assert from 'node:assert/strict';
import type {MethodDefinition} from '@grpc/grpc-js';
import fc from 'fast-check';
import type {Request} from '../../src/core/request/request.ts';
import {parse} from '../../src/envoy/parse.ts';
import {loadProtos} from '../../src/envoy/protos.ts';
import type {CheckRequest} from '../../src/envoy/wire.ts';

const service = loadProtos()['envoy.service.auth.v3.Authorization'] as unknown as {
  Check: MethodDefinition<object, object>;
};

/** As the server sees it: encoded, decoded, parsed. */
const overTheWire = (message: object): Request | 'malformed' =>
  parse(service.Check.requestDeserialize(service.Check.requestSerialize(message)) as CheckRequest);

const http = (more: object) => ({
  attributes: {
    source: {},
    request: {http: {id: '7', method: 'GET', path: '/a?b=c', host: 'h', scheme: 'https', ...more}},
  },
});
const parsed = (message: object): Request => {
  const request = overTheWire(message);
  assert.ok(request !== 'malformed');
  return request;
};
const bytes = (text: string) => Buffer.from(text, 'utf8');
const lines = (...all: [string, Buffer][]) => ({
  header_map: {headers: all.map(([key, raw_value]) => ({key, raw_value}))},
});

describe('parse', () => {
  it('reads every attribute', () => {
    const request = parsed({
      attributes: {
        source: {address: {socket_address: {address: '10.0.0.9', port_value: 4711}}, principal: 'spiffe://mesh/web'},
        destination: {address: {socket_address: {address: '10.0.0.1', port_value: 443}}, principal: 'ours'},
        request: {
          time: {seconds: 1},
          http: {
            id: '123',
            method: 'PATCH',
            path: '/orders/1?x=%2f#y',
            host: 'API.acme.example:8443',
            scheme: 'https',
            size: -1,
            protocol: 'HTTP/2',
            headers: {accept: '*/*'},
            body: 'ignored',
          },
        },
        context_extensions: {rule: 'read-orders', other: 'x'},
        metadata_context: {filter_metadata: {a: {fields: {b: {stringValue: 'c'}}}}},
      },
    });
    assert.deepEqual(request, {
      kind: 'http',
      id: '123',
      method: 'PATCH',
      scheme: 'https',
      host: 'API.acme.example:8443',
      target: '/orders/1?x=%2f#y',
      headers: new Map([['accept', '*/*']]),
      source: {address: '10.0.0.9', principal: 'spiffe://mesh/web'},
      namedRule: 'read-orders',
    });
  });

  const kinds: [string, object, 'http' | 'connection' | 'malformed'][] = [
    ['nothing at all', {}, 'malformed'],
    ['attributes that say nothing', {attributes: {}}, 'malformed'],
    ['a source without a request', {attributes: {source: {}}}, 'connection'],
    ['a destination without a request', {attributes: {destination: {}}}, 'connection'],
    ['a request without http', {attributes: {source: {}, request: {}}}, 'malformed'],
    ['an empty http request', {attributes: {source: {}, request: {http: {}}}}, 'malformed'],
    ['no method', http({method: ''}), 'malformed'],
    ['no path', http({path: ''}), 'malformed'],
    ['no source, yet a request', {attributes: {request: {http: {method: 'GET', path: '/'}}}}, 'http'],
    ['no host and no headers', http({host: ''}), 'http'],
  ];
  for (const [what, message, expected] of kinds)
    it(`${what}: ${expected}`, () => {
      const request = overTheWire(message);
      assert.equal(request === 'malformed' ? request : request.kind, expected);
    });

  const peers: [string, object, string][] = [
    ['a socket', {socket_address: {address: '::1', port_value: 1}}, '::1'],
    ['a pipe', {pipe: {path: '/run/x.sock'}}, '/run/x.sock'],
    ['an internal listener', {envoy_internal_address: {server_listener_name: 'inner'}}, 'inner'],
    ['none', {}, ''],
  ];
  for (const [what, address, expected] of peers)
    it(`the peer's address: ${what}`, () =>
      assert.equal(parsed({attributes: {source: {address}}}).source.address, expected));

  it('sees bytes that are not UTF-8 in the path, where Envoy sends the bytes', () => {
    const raw = Buffer.from([0x2f, 0x61, 0xff, 0x3f, 0xff]);
    assert.equal(parsed(http({path: '/a!?!', ...lines([':path', raw])})).target, '/a\ufffd?\ufffd');
    assert.equal(parsed(http({path: '/a!?!', ...lines([':path', bytes('/a!?!')])})).target, '/a!?!');
    assert.equal(parsed(http({path: '/a!?!'})).target, '/a!?!');
    assert.equal(parsed(http({path: '/a', ...lines([':path', raw])})).target, '/a');
  });

  it('takes no header for an attribute', () => {
    const plain = parsed(http({headers: {}}));
    const lied = parsed(
      http({
        headers: {
          ':method': 'DELETE',
          ':path': '/x',
          ':authority': 'evil',
          'x-http-method-override': 'DELETE',
          'x-forwarded-host': 'evil',
          'x-forwarded-for': '1.2.3.4',
          'x-original-url': '/public',
          'x-forwarded-client-cert': 'URI=spiffe://evil',
        },
      }),
    );
    assert.deepEqual({...lied, headers: plain.headers}, plain);
  });

  const headerForms: [string, [string, Buffer][], [string, string][]][] = [
    ['one line', [['accept', bytes('a')]], [['accept', 'a']]],
    ['an empty value', [['x-empty', bytes('')]], [['x-empty', '']]],
    [
      'two lines',
      [
        ['x', bytes('1')],
        ['x', bytes('2')],
      ],
      [['x', '1,2']],
    ],
    [
      'three lines',
      [
        ['x', bytes('1')],
        ['x', bytes('')],
        ['x', bytes('3')],
      ],
      [['x', '1,,3']],
    ],
    [
      'two cookies',
      [
        ['cookie', bytes('a=1')],
        ['cookie', bytes('b=2')],
      ],
      [['cookie', 'a=1; b=2']],
    ],
    ['UTF-8', [['x', bytes('Zoë 😀')]], [['x', 'Zoë 😀']]],
    ['a byte that is no UTF-8', [['x', Buffer.from([0x61, 0xff, 0x62])]], [['x', 'a!b']]],
    ['a sequence cut short', [['x', Buffer.from([0xe2, 0x82, 0x2c, 0xc3, 0xab])]], [['x', '!!,ë']]],
    ['an overlong slash', [['x', Buffer.from([0xc0, 0xaf])]], [['x', '!!']]],
    ['a surrogate in bytes', [['x', Buffer.from([0xed, 0xa0, 0x80])]], [['x', '!!!']]],
    [
      'names of Object.prototype',
      [
        ['__proto__', bytes('p')],
        ['constructor', bytes('c')],
      ],
      [
        ['__proto__', 'p'],
        ['constructor', 'c'],
      ],
    ],
  ];
  for (const [what, given, expected] of headerForms) {
    it(`header_map, ${what}`, () => assert.deepEqual([...parsed(http(lines(...given))).headers], expected));
    it(`headers as Envoy joins them, ${what}: the same request`, () => {
      const asEnvoySends = Object.fromEntries(expected.map(([name, value]) => [name, value]));
      const message = http({headers: Object.defineProperties({}, Object.getOwnPropertyDescriptors(asEnvoySends))});
      assert.deepEqual(parsed(message), parsed(http(lines(...given))));
    });
  }

  it('both forms of any headers give equal requests', () => {
    const name = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'cookie', 'toString'),
      fc.stringMatching(/^[a-z-]{1,12}$/),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, fc.string({unit: 'grapheme'})), {selector: ([key]) => key}),
        (headers) => {
          const map = Object.fromEntries(headers);
          const raw = lines(...headers.map(([key, value]): [string, Buffer] => [key, bytes(value)]));
          const [first, second] = [parsed(http({headers: map})), parsed(http(raw))];
          assert.deepEqual(new Map([...first.headers].sort()), new Map([...second.headers].sort()));
          assert.equal(second.headers.size, headers.length);
        },
      ),
    );
  });

  it('sanitises any bytes into text that is a fixed point', () => {
    fc.assert(
      fc.property(fc.uint8Array({minLength: 1, maxLength: 40}), (raw) => {
        const value = parsed(http(lines(['x', Buffer.from(raw)]))).headers.get('x') as string;
        assert.ok(value.isWellFormed() && (!value.includes('\ufffd') || Buffer.from(raw).includes('\ufffd')));
        assert.equal(parsed(http(lines(['x', bytes(value)]))).headers.get('x'), value);
      }),
    );
  });

  it('a rule is named by an own property only', () => {
    assert.equal(parsed(http({})).namedRule, undefined);
    assert.equal('namedRule' in parsed({attributes: {source: {}, context_extensions: {virtual: 'x'}}}), false);
    const inherited = Object.create({rule: 'public'});
    assert.equal((parse({attributes: {source: {}, context_extensions: inherited}}) as Request).namedRule, undefined);
  });

  it('survives any bytes: an error or a value, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 200}), (raw) => {
        let message: CheckRequest;
        try {
          message = service.Check.requestDeserialize(Buffer.from(raw)) as CheckRequest;
        } catch {
          return;
        }
        parse(message);
      }),
      {numRuns: 500},
    );
  });
});
