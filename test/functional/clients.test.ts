// Clients other than a JSON one: browsers, gRPC, websockets, preflights.
import assert from 'node:assert/strict';
import {connect} from 'node:net';
import {Client, credentials, Metadata, type ServiceError} from '@grpc/grpc-js';
import {type Stage, startStage} from '../support/stage.ts';

const adminToken = 'the-admin-token-of-this-test-alone';
const settings = {
  admin: {token: adminToken},
  rules: [
    {name: 'paid', match: {path: '/shop.Orders/Paid'}, require: {features: ['orders']}},
    {name: 'admin', match: {path: '/shop.Orders/Admin'}, require: {roles: ['owner']}},
    {name: 'socket', match: {path: '/socket'}, require: {}},
    {name: 'cors', match: {methods: ['OPTIONS'], path: '/**'}, public: true},
    {name: 'rest', match: {path: '/**'}, require: {}},
  ],
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
  responses: {
    identity: {'x-auth-subject': 'subject'},
    login: {url: 'https://app.acme.example/login?return_to={url}'},
    status: {missing_feature: 429},
  },
};

describe('clients behind Envoy', () => {
  let stage: Stage;
  let alice: string;
  before(async () => {
    stage = await startStage({settings, postern: {files: {'entitlements.yaml': {features: {orders: {}}}}}});
    alice = await stage.identityProvider.token('alice');
  });
  after(() => stage?.stop());

  describe('a browser', () => {
    const navigation: [string, string][] = [
      ['sec-fetch-mode', 'navigate'],
      ['accept', 'text/html,*/*'],
    ];
    it('is sent to the login page when it loads a page, and comes back to it', async () => {
      const answer = await stage.ask({
        path: '/page?a=1&b=%C3%BC',
        headers: [...navigation, ['host', 'shop.acme.example']],
      });
      assert.equal(answer.status, 302);
      const location = new URL(answer.headers.get('location') ?? '');
      assert.equal(location.origin + location.pathname, 'https://app.acme.example/login');
      const back = location.searchParams.get('return_to') ?? '';
      assert.ok(back.startsWith('http://shop.acme.example/page?a=1&b='), back);
      assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
    });
    const notSent: [string, string, [string, string][]][] = [
      [
        'a script fetches',
        'GET',
        [
          ['sec-fetch-mode', 'cors'],
          ['accept', 'text/html'],
        ],
      ],
      ['a form is posted', 'POST', navigation],
      ['JSON is wanted', 'GET', [['accept', 'application/json']]],
    ];
    for (const [when, method, headers] of notSent) {
      it(`gets 401 when ${when}`, async () => {
        assert.equal((await stage.ask({method, path: '/page', headers})).status, 401);
      });
    }
  });

  describe('a gRPC client', () => {
    const call = (method: string, token?: string): Promise<{code: number; details: string; answer?: Buffer}> =>
      new Promise((resolve) => {
        const client = new Client(`127.0.0.1:${stage.envoy.port}`, credentials.createInsecure());
        const metadata = new Metadata();
        if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
        const bytes = (message: Buffer) => message;
        client.makeUnaryRequest(
          `/shop.Orders/${method}`,
          bytes,
          bytes,
          Buffer.from('hello'),
          metadata,
          {deadline: Date.now() + 5_000},
          (error: ServiceError | null, answer?: Buffer) => {
            client.close();
            resolve({code: error?.code ?? 0, details: error?.details ?? '', ...(answer !== undefined && {answer})});
          },
        );
      });
    it('is answered by the service behind', async () => {
      const {code, answer} = await call('Read', alice);
      assert.equal(code, 0);
      assert.equal(answer?.toString(), 'hello');
      const [subject] = stage.echo.received.at(-1)?.headers.filter(([name]) => name === 'x-auth-subject') ?? [];
      assert.equal(subject?.[1], 'alice');
    });
    for (const [why, method, isAlice, expected] of [
      ['no token', 'Read', false, 16],
      ['a missing role', 'Admin', true, 7],
      ['a feature that was not bought (429 here)', 'Paid', true, [7, 8, 14]],
    ] as const) {
      it(`gets its own status for ${why}`, async () => {
        const {code, details} = await call(method, isAlice ? alice : undefined);
        assert.ok([expected].flat().includes(code as never), `code ${code}: ${details}`);
        assert.notEqual(details, '');
      });
    }
  });

  describe('a websocket', () => {
    const upgrade = (authorization: string, meanwhile?: () => Promise<void>): Promise<string> =>
      new Promise((resolve, reject) => {
        let got = '';
        const socket = connect(stage.envoy.port, '127.0.0.1', () => {
          socket.write(
            `GET /socket HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${authorization}\r\n`,
          );
        });
        socket.setTimeout(3_000, () => socket.destroy());
        socket.on('error', reject);
        socket.on('close', () => resolve(got));
        socket.on('data', (chunk) => {
          got += chunk.toString('latin1');
          if (got.includes('ping')) socket.destroy();
          if (got.startsWith('HTTP/1.1 101') && got.endsWith('\r\n\r\n')) {
            (meanwhile?.() ?? Promise.resolve()).then(() => socket.write('ping'), reject);
          }
          if (got.startsWith('HTTP/1.1 401')) socket.destroy();
        });
      });
    it('passes with a token, bytes included', async () => {
      assert.match(await upgrade(`authorization: Bearer ${alice}\r\n`), /^HTTP\/1\.1 101 [\s\S]*ping$/);
    });
    it('goes on after a revocation (docs/freshness.md says so), and no other is let in', async () => {
      const bob = await stage.identityProvider.token('bob');
      const revoke = async () => {
        const answer = await fetch(`${stage.postern.adminUrl}/revocations`, {
          method: 'POST',
          headers: {authorization: `Bearer ${adminToken}`, 'content-type': 'application/json'},
          body: JSON.stringify({subject: 'bob'}),
        });
        assert.ok(answer.ok, await answer.text());
      };
      assert.match(await upgrade(`authorization: Bearer ${bob}\r\n`, revoke), /^HTTP\/1\.1 101 [\s\S]*ping$/);
      assert.match(await upgrade(`authorization: Bearer ${bob}\r\n`), /^HTTP\/1\.1 401 /);
    });
    it('is refused without', async () => {
      assert.match(await upgrade(''), /^HTTP\/1\.1 401 /);
    });
  });

  it('a preflight reaches Postern, and a rule for OPTIONS opens it', async () => {
    const headers: [string, string][] = [
      ['origin', 'https://app.acme.example'],
      ['access-control-request-method', 'POST'],
    ];
    assert.equal((await stage.ask({method: 'OPTIONS', path: '/orders', headers})).status, 200);
  });
});
