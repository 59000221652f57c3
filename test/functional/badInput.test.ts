// What a broken or hostile caller may send to the gRPC side: always an answer, never an allow, never the end of it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type CheckClient,
  type CheckResponse,
  checkMethod,
  checkRequestOf,
  makeCheckClient,
} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {acme, people} from '../support/stage.ts';

const settings = (issuer: string) => ({
  providers: [acme(issuer)],
  rules: [
    {name: 'open', match: {path: '/open'}, public: true},
    {name: 'rest', match: {path: '/**'}, require: {}},
  ],
});

/** A status that was set, and is not 0: everything else lets the request through. */
const refuses = ({status}: CheckResponse): boolean => status !== undefined && status.code !== 0;
const http = (fields: object) => ({attributes: {request: {http: {method: 'GET', host: 'a', path: '/x', ...fields}}}});

describe('bad input over gRPC', () => {
  let identityProvider: IdentityProvider;
  let postern: Postern;
  let client: CheckClient;
  let token: string;
  before(async () => {
    identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
    // What is longer than Envoy sends ends at the edge (limits.test.ts); here it is to be read.
    postern = await startPostern({...settings(identityProvider.issuer), server: {maxMessage: '4MiB'}});
    client = makeCheckClient(postern.address);
    token = await identityProvider.token('alice');
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await identityProvider?.stop();
  });
  afterEach(async () => {
    const good = await client.check(checkRequestOf({path: '/x', headers: [['authorization', `Bearer ${token}`]]}));
    assert.equal(good.status?.code, 0, 'it no longer answers a good request');
  });

  const raw = (pairs: [string, string | Buffer][]) => ({
    headers: pairs.map(([key, value]) => ({key, rawValue: Buffer.from(value as string)})),
  });
  const requests: [string, object][] = [
    ['nothing', {}],
    [
      'attributes without request (a TCP check, and no rule for connections)',
      {attributes: {source: {principal: 'root'}}},
    ],
    ['a request without http', {attributes: {request: {}}}],
    ['http without anything', {attributes: {request: {http: {}}}}],
    ['no path', http({path: ''})],
    ['a path that does not start with /', http({path: 'open'})],
    ['an absolute path', http({path: 'http://a/open'})],
    ['an asterisk', http({path: '*', method: 'OPTIONS'})],
    ['no method', http({method: ''})],
    ['a header map only, without credential', http({headerMap: raw([['accept', '*/*']])})],
    [
      'a header map with bytes that are no UTF-8',
      http({headerMap: raw([['authorization', Buffer.from([0xff, 0xfe])]])}),
    ],
    ['__proto__ as a header', http({headers: JSON.parse('{"__proto__": "x", "constructor": "y"}')})],
    ['__proto__ as a context extension', {...http({}), contextExtensions: JSON.parse('{"__proto__": "x"}')}],
    ['a megabyte in one header', http({headers: {authorization: `Bearer ${'x'.repeat(1_000_000)}`}})],
    [
      'ten thousand headers',
      http({headers: Object.fromEntries(Array.from({length: 10_000}, (_, n) => [`x-${n}`, 'y']))}),
    ],
    ['a megabyte of cookies', http({headers: {cookie: 'a=b; '.repeat(200_000)}})],
    ['a megabyte of path', http({path: `/${'a/'.repeat(500_000)}`})],
    ['a token of a million dots', http({headers: {authorization: `Bearer ${'.'.repeat(1_000_000)}`}})],
    [
      'a token that is deep JSON',
      http({headers: {authorization: `Bearer ${Buffer.from('['.repeat(50_000)).toString('base64url')}.e30.x`}}),
    ],
  ];
  for (const [title, request] of requests) {
    it(`refuses ${title}`, async () => {
      const response = await client.check(request);
      assert.ok(refuses(response), JSON.stringify(response));
    });
  }

  it('the same header map with a good credential is let through', async () => {
    const response = await client.check(http({headerMap: raw([['authorization', `Bearer ${token}`]])}));
    assert.equal(response.status?.code, 0);
  });

  it('a message above what gRPC takes is a gRPC error, which is an error to Envoy too', async () => {
    const huge = http({headers: {x: 'y'.repeat(5_000_000)}});
    await assert.rejects(client.check(huge), (error: {code?: number}) => error.code === 8);
  });

  it('any bytes: an answer that refuses, or a gRPC error', async () => {
    const good = checkMethod().requestSerialize(
      checkRequestOf({path: '/x', headers: [['authorization', 'Bearer a.b.c']]}),
    );
    const garbled = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Buffer.from(good);
      copy[at] = byte;
      return copy;
    });
    const bytes = fc.oneof(
      fc.uint8Array({maxLength: 200}).map((array) => Buffer.from(array)),
      garbled,
      fc.nat(good.length).map((length) => good.subarray(0, length)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (message) => {
        const response = await client
          .checkBytes(message)
          .catch(({code}: {code: number}) => ({status: {code, message: ''}}));
        // A byte can turn /x into something else, never into the public path.
        assert.ok(refuses(response), JSON.stringify(response));
      }),
      {numRuns: 300},
    );
  });

  it('nothing of it was a bug to Postern', async () => {
    assert.doesNotMatch(postern.logs(), /"level":"(error|fatal)"/);
    assert.equal((await fetch(`${postern.adminUrl}/readyz`)).status, 200);
  });
});
