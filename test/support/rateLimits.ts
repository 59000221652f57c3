// A rate limit service that writes down what Envoy asks it, and counts by the limits that come with the questions.
import {fileURLToPath} from 'node:url';
import {Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData} from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';

export const rateLimitProto = 'envoy/service/ratelimit/v3/rls.proto';
export const rateLimitProtoOptions = {
  includeDirs: [fileURLToPath(new URL('./protos', import.meta.url))],
  keepCase: true,
  longs: Number,
  enums: String,
  arrays: true,
};

/** What is counted, as it came. Without `limit` the service's own configuration would decide. */
export interface Descriptor {
  readonly entries: readonly {readonly key: string; readonly value: string}[];
  readonly limit?: {readonly requests_per_unit?: number; readonly unit?: string} | null;
}
export interface RateLimitQuestion {
  readonly domain: string;
  readonly descriptors: readonly Descriptor[];
}

export interface RateLimits {
  readonly port: number;
  /** Everything that was asked, in order. */
  readonly asked: readonly RateLimitQuestion[];
  /** The last question's only descriptor: its entries as an object, and its limit. */
  last(): {readonly entries: Readonly<Record<string, string>>; readonly limit: Descriptor['limit']} | undefined;
  stop(): Promise<void>;
}

const methodName = 'envoy.service.ratelimit.v3.RateLimitService';

/** Counts for as long as it lives, whatever the unit: a test is over before any unit is. */
export const startRateLimits = async (): Promise<RateLimits> => {
  const service = loadSync(rateLimitProto, rateLimitProtoOptions)[methodName];
  const asked: RateLimitQuestion[] = [];
  const counts = new Map<string, number>();
  const isOver = ({entries, limit}: Descriptor): boolean => {
    const key = JSON.stringify(entries);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return limit != null && count > (limit.requests_per_unit ?? 0);
  };
  const server = new Server();
  server.addService(service as never, {
    ShouldRateLimit: (call: ServerUnaryCall<RateLimitQuestion, object>, callback: sendUnaryData<object>) => {
      asked.push(call.request);
      const over = call.request.descriptors.map(isOver).includes(true);
      callback(null, {overall_code: over ? 'OVER_LIMIT' : 'OK'});
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    asked,
    last: () => {
      const descriptor = asked.at(-1)?.descriptors[0];
      if (descriptor === undefined) return undefined;
      return {
        entries: Object.fromEntries(descriptor.entries.map(({key, value}) => [key, value])),
        // On the wire 0 is nothing.
        limit: descriptor.limit && {requests_per_unit: 0, ...descriptor.limit},
      };
    },
    stop: async () => server.forceShutdown(),
  };
};
