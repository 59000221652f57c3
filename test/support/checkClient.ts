// Asks Postern as Envoy does: the gRPC call Check.
import {fileURLToPath} from 'node:url';
import {Client, credentials, Metadata, type ServiceError} from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';

/** A CheckRequest as a plain object, fields in camelCase; absent ones are left out. */
export interface CheckRequest {
  readonly attributes?: {
    readonly source?: object;
    readonly destination?: object;
    readonly request?: {readonly time?: object; readonly http?: Readonly<Record<string, unknown>>};
    readonly contextExtensions?: Readonly<Record<string, string>>;
    readonly [other: string]: unknown;
  };
}

interface HeaderOption {
  readonly header: {readonly key: string; readonly value: string};
  readonly appendAction: string;
}

/** A CheckResponse as it stood on the wire: fields that were not set are absent, enums are their names. */
export interface CheckResponse {
  readonly status?: {readonly code: number; readonly message: string};
  readonly okResponse?: {
    readonly headers?: readonly HeaderOption[];
    readonly headersToRemove?: readonly string[];
    readonly responseHeadersToAdd?: readonly HeaderOption[];
  };
  readonly deniedResponse?: {
    readonly status?: {code: string};
    readonly headers?: readonly HeaderOption[];
    body?: string;
  };
  readonly errorResponse?: {
    readonly status?: {code: string};
    readonly headers?: readonly HeaderOption[];
    body?: string;
  };
  readonly dynamicMetadata?: object;
}

export interface CheckClient {
  check(request: CheckRequest, options?: {deadline?: number}): Promise<CheckResponse>;
  /** Sends these bytes as the message. */
  checkBytes(message: Buffer, options?: {deadline?: number}): Promise<CheckResponse>;
  close(): void;
}

const protos = fileURLToPath(new URL('../../protos', import.meta.url));

/** The wire form of Check, as proto-loader knows it. */
export const checkMethod = () => {
  const loaded = loadSync('envoy/service/auth/v3/external_auth.proto', {
    includeDirs: [protos],
    longs: Number,
    enums: String,
  });
  const service = loaded['envoy.service.auth.v3.Authorization'] as unknown as Record<
    string,
    {path: string; requestSerialize: (value: object) => Buffer; responseDeserialize: (bytes: Buffer) => CheckResponse}
  >;
  const method = service.Check;
  if (method === undefined) throw new Error('protos/ has no Authorization/Check');
  return method;
};

/** A client of one address: `127.0.0.1:9191` or `unix:///path`. Rejects with a grpc-js ServiceError for a gRPC error. */
export const makeCheckClient = (address: string, channel = credentials.createInsecure()): CheckClient => {
  const method = checkMethod();
  const client = new Client(address, channel);
  const checkBytes = (message: Buffer, {deadline = 5_000} = {}) =>
    new Promise<CheckResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        method.path,
        (bytes: Buffer) => bytes,
        method.responseDeserialize,
        message,
        new Metadata(),
        {deadline: Date.now() + deadline},
        (error: ServiceError | null, response?: CheckResponse) =>
          response === undefined ? reject(error) : resolve(response),
      );
    });
  return {
    checkBytes,
    check: (request, options) => checkBytes(method.requestSerialize(request), options),
    close: () => client.close(),
  };
};

/** The CheckRequest that Envoy would send for an HTTP request: header names in lower case, repeated ones joined by `,`. */
export const checkRequestOf = (sent: {
  method?: string;
  path?: string;
  host?: string;
  headers?: readonly (readonly [string, string])[];
  contextExtensions?: Readonly<Record<string, string>>;
}): CheckRequest => {
  const {method = 'GET', path = '/', host = 'localhost', contextExtensions = {}} = sent;
  const headers: Record<string, string> = {':method': method, ':path': path, ':authority': host, ':scheme': 'http'};
  for (const [name, value] of sent.headers ?? []) {
    const key = name.toLowerCase();
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]},${value}` : value;
  }
  const peer = {address: {socketAddress: {address: '127.0.0.1', portValue: 40_000}}};
  const http = {id: '1234567890', method, path, host, scheme: 'http', protocol: 'HTTP/1.1', size: -1, headers};
  return {attributes: {source: peer, destination: peer, request: {http}, contextExtensions}};
};
