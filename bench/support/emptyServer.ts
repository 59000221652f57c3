// What a gRPC server on stock grpc-js and proto-loader costs before it does anything: reads the request, answers allow.
import {fileURLToPath} from 'node:url';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../../protos', import.meta.url));
const definition = loadSync('envoy/service/auth/v3/external_auth.proto', {includeDirs: [protos]});
const service = definition['envoy.service.auth.v3.Authorization'];
if (service === undefined) throw new Error('protos/ has no Authorization');
const loaded = loadPackageDefinition({Authorization: service}).Authorization as ServiceClientConstructor;

const server = new Server();
server.addService(loaded.service, {
  Check: (_call: unknown, answer: sendUnaryData<object>) => answer(null, {status: {code: 0}, okResponse: {}}),
});
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  console.log('ready');
});
