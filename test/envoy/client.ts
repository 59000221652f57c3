// A gRPC client for the tests of the edge: what Envoy would send, over a real connection.
import {
  type ChannelCredentials,
  Client,
  type ClientUnaryCall,
  credentials,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import {loadProtos} from '../../src/envoy/protos.ts';
import type {CheckResponse} from '../../src/envoy/wire.ts';

export const protos = loadProtos();
export const methodOf = (service: string, method: string): MethodDefinition<object, object> =>
  (protos[service] as unknown as Record<string, MethodDefinition<object, object>>)[method] as MethodDefinition<
    object,
    object
  >;

export const checkMethod = methodOf('envoy.service.auth.v3.Authorization', 'Check');

export const httpCheck = (headers: Record<string, string> = {}, path = '/') => ({
  attributes: {source: {}, request: {http: {id: '1', method: 'GET', path, host: 'h', scheme: 'https', headers}}},
});

export interface Outcome {
  readonly response?: CheckResponse;
  readonly error?: ServiceError;
}

/** `target` as grpc-js writes it: `127.0.0.1:1234` or `unix:/path`. */
export const makeClient = (
  target: string,
  channel: ChannelCredentials = credentials.createInsecure(),
  options = {},
) => {
  const client = new Client(target, channel, {'grpc.use_local_subchannel_pool': 1, ...options});
  const send = (
    bytes: Buffer,
    milliseconds: number,
    started: (call: ClientUnaryCall) => void = () => {},
  ): Promise<Outcome> =>
    new Promise((resolve) => {
      const call = client.makeUnaryRequest(
        checkMethod.path,
        (message: Buffer) => message,
        checkMethod.responseDeserialize,
        bytes,
        {deadline: Date.now() + milliseconds},
        (error, response) => resolve(error ? {error} : {response: response as CheckResponse}),
      );
      started(call);
    });
  return {
    client,
    /** Sends these very bytes. */
    send,
    check: (message: object = httpCheck(), milliseconds = 10_000, started?: (call: ClientUnaryCall) => void) =>
      send(checkMethod.requestSerialize(message), milliseconds, started),
    close: () => client.close(),
  };
};
