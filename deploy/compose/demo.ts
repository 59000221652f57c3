// The application and the identity provider of ../compose.yaml. Ports may be given as arguments: identity provider, application.
import {createServer} from 'node:http';
import {startIdentityProvider, tokenRequest} from '../../test/support/identityProvider.ts';

const [identityPort = 9000, applicationPort = 8080] = process.argv.slice(2).map(Number);

const identity = await startIdentityProvider({
  port: identityPort,
  audience: 'orders-api',
  people: {alice: {org_id: 'acme', roles: ['admin']}, bob: {org_id: 'globex', roles: []}},
});

const application = createServer((request, response) => {
  response.writeHead(200, {'content-type': 'application/json'});
  response.end(
    `${JSON.stringify({method: request.method, path: request.url, headers: request.headers}, undefined, 2)}\n`,
  );
});
application.listen(applicationPort, '127.0.0.1', () => {
  console.log(`A token: curl -s ${tokenRequest(identity.issuer, 'alice')}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
