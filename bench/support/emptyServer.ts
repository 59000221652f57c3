// What a server costs before it does anything: reads the request, answers allow. `node emptyServer.ts ADDRESS [http2]`:
// on stock grpc-js and proto-loader, or on node:http2 alone, which reads the bytes and decodes nothing.
import {createServer} from 'node:http2';
import {fileURLToPath} from 'node:url';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';

const [, , address = '', on = 'grpc-js'] = process.argv;
const protos = fileURLToPath(new URL('../../protos', import.meta.url));
const definition = loadSync('envoy/service/auth/v3/external_auth.proto', {includeDirs: [protos]});
const service = definition['envoy.service.auth.v3.Authorization'];
if (service === undefined) throw new Error('protos/ has no Authorization');
const allow = {status: {code: 0}, okResponse: {}};

const onGrpcJs = (): void => {
  const loaded = loadPackageDefinition({Authorization: service}).Authorization as ServiceClientConstructor;
  const server = new Server();
  server.addService(loaded.service, {
    Check: (_call: unknown, answer: sendUnaryData<object>) => answer(null, allow),
  });
  server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
    if (error !== null) throw error;
    console.log('ready');
  });
};

/** No deadline, no limit, no compression, no health, no draining. */
const onHttp2 = (): void => {
  const {responseSerialize} =
    (service as unknown as Record<string, {responseSerialize(of: object): Buffer}>).Check ?? {};
  const message = responseSerialize?.(allow) ?? Buffer.alloc(0);
  const answer = Buffer.alloc(5 + message.length);
  answer.writeUInt32BE(message.length, 1);
  message.copy(answer, 5);
  const server = createServer();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
    stream.on('error', () => stream.destroy());
    stream.on('end', () => {
      stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
      stream.end(answer);
    });
  });
  const said = () => console.log('ready');
  if (address.startsWith('unix://')) server.listen(address.slice('unix://'.length), said);
  else server.listen(Number(address.split(':').at(-1)), '127.0.0.1', said);
};

if (on === 'http2') onHttp2();
else onGrpcJs();
