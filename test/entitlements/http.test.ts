// The http source against a real server: ETag, token, and every answer that is not the documented one.
import assert from 'node:assert/strict';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeHttpSource} from '../../src/entitlements/http.ts';
import {entitlementsSettings} from '../../src/entitlements/settings.ts';
import {makeRemote} from '../../src/remote/client.ts';

const document = {
  features: {orders: {}},
  plans: {pro: {features: ['orders']}},
  grants: [{plan: 'pro', tenant: 't1'}],
};

describe('the http source', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const seen: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    answer(request, response);
  });
  const remote = makeRemote({
    now: Date.now,
    random: Math.random,
    observer: {called: () => undefined, circuit: () => undefined},
  });
  let url = '';
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as {port: number}).port}/entitlements`;
  });
  after(async () => {
    await remote.close();
    server.closeAllConnections();
    server.close();
  });
  const open = (more = {}) => {
    const {source} = entitlementsSettings.parse({source: {type: 'http', url, token: 't0ken', ...more}});
    assert.ok(source.type === 'http');
    return makeHttpSource(source, remote.call);
  };

  it('reads the document, sends the token, and asks with the ETag afterwards', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else response.writeHead(200, {etag: '"v1"'}).end(JSON.stringify(document));
    };
    const source = open();
    const loaded = await source.load(undefined);
    assert.ok(loaded !== 'unchanged');
    assert.deepEqual([...loaded.snapshot.grants], [{plan: 'pro', tenant: 't1', user: null, expires: null}]);
    assert.equal(await source.load(loaded.version), 'unchanged');
    assert.equal(seen.at(-1)?.authorization, 'Bearer t0ken');
  });

  it('without an ETag, the content says whether it has changed', async () => {
    answer = (_request, response) => response.end(JSON.stringify(document));
    const source = open();
    const loaded = await source.load(undefined);
    assert.ok(loaded !== 'unchanged');
    assert.equal(await source.load(loaded.version), 'unchanged');
  });

  const outages: [string, (response: ServerResponse) => void, RegExp][] = [
    ['401', (response) => response.writeHead(401).end(), /status 401/],
    ['404 with the right JSON', (response) => response.writeHead(404).end(JSON.stringify(document)), /status 404/],
    ['500', (response) => response.writeHead(500).end('oops'), /./],
    ['a redirect', (response) => response.writeHead(302, {location: '/'}).end(), /status 302/],
    ['304 that nobody asked for', (response) => response.writeHead(304).end(), /status 304/],
    ['HTML', (response) => response.end('<html>'), /not JSON/],
    ['nothing', (response) => response.end(), /not JSON/],
    ['another shape', (response) => response.end('[]'), /what is wrong/],
    ['a misspelt key', (response) => response.end('{"grant": []}'), /"grant"/],
    [
      'a key twice',
      (response) => response.end('{"features": {"a": {}, "a": {"permissions": ["x"]}}}'),
      /"a" stands here for the second time: .*\(1:24\)/,
    ],
    ['an unknown plan', (response) => response.end('{"grants": [{"plan": "x", "tenant": "t"}]}'), /no plan "x"/],
    [
      'half an answer',
      (response) => response.writeHead(200, {'content-length': '999'}).end('{') && response.destroy(),
      /./,
    ],
    ['more than is read', (response) => response.end(' '.repeat(5_000)), /./],
  ];
  for (const [what, respond, message] of outages) {
    it(`is an outage: ${what}`, async () => {
      answer = (_request, response) => respond(response);
      await assert.rejects(open({maxBytes: 2_048}).load(undefined), (error: Error) => {
        assert.ok(error instanceof Unavailable, String(error));
        assert.match(error.message, message);
        assert.ok(!error.message.includes('t0ken'));
        return true;
      });
    });
  }
});
