// docs/guides/mcp.md, tried: the client of the Model Context Protocol's own SDK finds its way from a 401 to a call.
import assert from 'node:assert/strict';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {ClientCredentialsProvider} from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StreamableHTTPClientTransport} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {McpServer} from '@modelcontextprotocol/sdk/server/mcp.js';
import {StreamableHTTPServerTransport} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {type Envoy, startEnvoy} from '../support/envoy.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';

/** A server with one tool, which says who asks: that is what Postern has told it in a header. */
const startMcpServer = async (): Promise<Server> => {
  const server = createServer(async (request, response) => {
    const mcp = new McpServer({name: 'orders', version: '1'});
    mcp.registerTool('who', {description: 'Who asks'}, async () => ({
      content: [{type: 'text', text: String(request.headers['x-auth-subject'])}],
    }));
    const transport = new StreamableHTTPServerTransport({});
    response.once('close', () => void transport.close());
    await mcp.connect(transport as never);
    await transport.handleRequest(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};

for (const version of ['envoy', 'envoy-1.36'] as const) {
  describe(`an MCP server behind ${version}`, () => {
    let identityProvider: IdentityProvider;
    let mcp: Server;
    let postern: Postern;
    let envoy: Envoy;
    before(async function () {
      this.timeout(120_000);
      const port = await freePort();
      identityProvider = await startIdentityProvider({people: {}, audience: 'orders-mcp', scopes: 'mcp.use'});
      mcp = await startMcpServer();
      postern = await startPostern({
        providers: [{name: 'acme', type: 'oidc', issuer: identityProvider.issuer, audience: ['orders-mcp']}],
        rules: [{name: 'mcp', match: {path: '/mcp'}, require: {scopes: ['mcp.use']}}],
        responses: {
          identity: {'x-auth-subject': 'subject'},
          resourceMetadata: {
            resource: `http://127.0.0.1:${port}/mcp`,
            authorizationServers: [identityProvider.issuer],
            scopes: ['mcp.use'],
          },
        },
      });
      const upstream = {port: (mcp.address() as AddressInfo).port};
      envoy = await startEnvoy({version, port, checkAddress: postern.address, upstream});
    });
    after(async () => {
      await envoy?.stop();
      await postern?.stop();
      mcp?.closeAllConnections();
      mcp?.close();
      await identityProvider?.stop();
    });

    it('a client that knows its address alone gets a token, and calls', async () => {
      const seen: string[] = [];
      const authProvider = new ClientCredentialsProvider({
        clientId: 'robot',
        clientSecret: 'robot-secret',
        // By client credentials this client asks for what it was told to, and not for what the challenge names.
        scope: 'mcp.use',
        expectedIssuer: identityProvider.issuer,
      });
      const information = authProvider.clientInformation();
      authProvider.clientInformation = () =>
        ({...information, token_endpoint_auth_method: 'client_secret_post'}) as never;
      const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${envoy.port}/mcp`), {
        authProvider,
        fetch: async (url, init) => {
          const answer = await fetch(url, init);
          seen.push(`${init?.method ?? 'GET'} ${new URL(url).pathname} ${answer.status}`);
          return answer;
        },
      });
      const client = new Client({name: 'test', version: '1'});
      await client.connect(transport as never);
      const {content} = await client.callTool({name: 'who', arguments: {}});
      await client.close();
      assert.deepEqual(content, [{type: 'text', text: 'robot'}]);
      const first = (part: string) => seen.findIndex((line) => line.includes(part));
      const way = ['/mcp 401', '/.well-known/oauth-protected-resource/mcp 200', '/token 200', 'POST /mcp 200'].map(
        first,
      );
      assert.deepEqual(
        way,
        [...way].sort((a, b) => a - b),
        seen.join('\n'),
      );
      assert.ok(
        way.every((at) => at >= 0),
        seen.join('\n'),
      );
    });
  });
}
