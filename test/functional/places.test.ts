// Credentials of browsers behind both Envoys: long cookies in pieces, cookies as HTTP/2 splits them, a real WebSocket.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage, type Server} from 'node:http';
import {connect} from 'node:http2';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';
import {type Envoy, startEnvoy} from '../support/envoy.ts';
import {send} from '../support/http.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {acme, people} from '../support/stage.ts';

/** As RFC 6455 section 4.2.2 has it. */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

const settings = (issuer: string) => ({
  providers: [
    {
      ...acme(issuer),
      credentials: [{cookie: 'authjs.session-token', pieces: '{name}.{n}'}, {header: 'sec-websocket-protocol'}],
    },
  ],
  rules: [{name: 'all', match: {}, require: {}}],
  responses: {identity: {'x-auth-subject': 'subject'}, removeCredential: true},
});

for (const version of ['envoy', 'envoy-1.36'] as const) {
  describe(`places of browsers behind ${version}`, () => {
    let identityProvider: IdentityProvider;
    let postern: Postern;
    let envoy: Envoy;
    let service: Server;
    let token: string;
    const upgraded: IncomingMessage[] = [];
    const sockets = new Set<Duplex>();
    before(async () => {
      identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
      postern = await startPostern(settings(identityProvider.issuer));
      service = createServer((request, response) => response.end(JSON.stringify(request.headers)));
      service.on('upgrade', (request, socket) => {
        upgraded.push(request);
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        const lines = [
          'HTTP/1.1 101 Switching Protocols',
          'connection: upgrade',
          'upgrade: websocket',
          `sec-websocket-accept: ${acceptOf(request.headers['sec-websocket-key'] ?? '')}`,
          'sec-websocket-protocol: v1.chat',
        ];
        socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      });
      await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
      const {port} = service.address() as AddressInfo;
      envoy = await startEnvoy({checkAddress: postern.address, upstream: {port}, version});
      // As long as those that browsers have to cut: 4 kB a cookie.
      const permissions = Array.from({length: 700}, (_, at) => `orders.${at}.read`);
      token = await identityProvider.sign({sub: 'alice', aud: 'orders-api', permissions});
    });
    after(async () => {
      for (const socket of sockets) socket.destroy();
      service?.closeAllConnections();
      service?.close();
      await envoy?.stop();
      await postern?.stop();
      await identityProvider?.stop();
    });

    const pieces = (): string[] =>
      (token.match(/.{1,3900}/g) ?? []).map((value, at) => `authjs.session-token.${at}=${value}`);

    it('a cookie in four pieces, which do not reach the service', async () => {
      assert.ok(pieces().length > 3, `${token.length} characters`);
      const cookie = ['theme=dark', ...pieces(), 'lang=en'].join('; ');
      const answer = await send({port: envoy.port, path: '/', headers: [['cookie', cookie]]});
      assert.equal(answer.status, 200, answer.body);
      const seen = answer.json();
      assert.deepEqual([seen['x-auth-subject'], seen.cookie], ['alice', 'theme=dark; lang=en']);
    });

    it('the same, each cookie in a header of its own, as HTTP/2 splits them (RFC 9113, 8.2.3)', async () => {
      const client = connect(`http://127.0.0.1:${envoy.port}`);
      try {
        const stream = client.request({':path': '/', cookie: ['theme=dark', ...pieces(), 'lang=en'] as never});
        let body = '';
        for await (const chunk of stream.setEncoding('utf8')) body += chunk;
        const seen = JSON.parse(body);
        assert.deepEqual([seen['x-auth-subject'], seen.cookie], ['alice', 'theme=dark; lang=en'], body);
      } finally {
        client.destroy();
      }
    });

    it('a piece less is no token', async () => {
      const answer = await send({port: envoy.port, path: '/', headers: [['cookie', pieces().slice(0, -1).join('; ')]]});
      assert.deepEqual([answer.status, answer.json().code], [401, 'malformed_credential']);
    });

    const open = (protocols: readonly string[]): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${envoy.port}/socket`, [...protocols]);
        socket.addEventListener('open', () => {
          resolve(`open, ${socket.protocol}`);
          socket.close();
        });
        socket.addEventListener('error', () => resolve('refused'));
      });
    const short = () => identityProvider.token('alice');

    it('a WebSocket whose token stands behind bearer: it opens, and the service sees no token', async () => {
      assert.equal(await open(['v1.chat', 'bearer', await short()]), 'open, v1.chat');
      const {headers} = upgraded.at(-1) as IncomingMessage;
      assert.deepEqual([headers['x-auth-subject'], headers['sec-websocket-protocol']], ['alice', 'v1.chat, bearer']);
    });

    it('one whose token is written as Kubernetes has it', async () => {
      const written = Buffer.from(await short()).toString('base64url');
      const protocols = ['v1.chat', `base64url.bearer.authorization.k8s.io.${written}`];
      assert.equal(await open(protocols), 'open, v1.chat');
      const {headers} = upgraded.at(-1) as IncomingMessage;
      assert.deepEqual([headers['x-auth-subject'], headers['sec-websocket-protocol']], ['alice', 'v1.chat']);
    });

    it('one without a token, or with a bad one, is refused before the service sees it', async () => {
      const before = upgraded.length;
      assert.equal(await open(['v1.chat', 'v2.chat']), 'refused');
      assert.equal(await open(['v1.chat', 'bearer', `${await short()}AAAA`]), 'refused');
      assert.equal(upgraded.length, before);
    });
  });
}
