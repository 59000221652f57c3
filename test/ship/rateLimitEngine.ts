// The service that counts: envoyproxy/ratelimit with a Redis of its own, set up as docs/guides/rate-limits.md says.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Redis as RedisClient} from 'ioredis';
import {parse} from 'yaml';
import {freePort, listens, temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';
import {type Running, start} from '../support/processes.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {tool} from '../support/tools.ts';
import {root} from './charts.ts';

/** A block of the guide, by the comment that it begins with. */
const blockOf = (first: string): Record<string, unknown> => {
  const page = readFileSync(join(root, 'docs/guides/rate-limits.md'), 'utf8');
  const block = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].find(([, text]) => text?.startsWith(`# ${first}`));
  if (block?.[1] === undefined) throw new Error(`docs/guides/rate-limits.md has no block that begins with # ${first}`);
  return parse(block[1]);
};

export interface RateLimitEngine {
  /** Where Envoy asks it. */
  readonly port: number;
  readonly redis: Redis;
  readonly process: Running;
  /** What was counted, by key: `postern_tenant_<tenant>_limit_<feature>_<begin of the time>`. */
  counts(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

/** Rejects with ToolMissing where it cannot be built, or where there is no Redis. */
export const startRateLimitEngine = async (): Promise<RateLimitEngine> => {
  const command = await tool('ratelimit');
  const redis = await startRedis();
  const folder = temporaryFolder();
  const environment = blockOf('the environment') as Record<string, string>;
  writeFiles(join(folder, `${environment.RUNTIME_SUBDIRECTORY}`, 'config'), {'limits.yaml': blockOf('limits.yaml')});
  const [port, http, debug] = [await freePort(), await freePort(), await freePort()];
  const engine = await start({
    name: 'ratelimit',
    command,
    // biome-ignore format: the addresses of this machine, and nothing else, are not as in the guide
    env: {
      PATH: process.env.PATH,
      ...environment,
      REDIS_URL: `127.0.0.1:${redis.port}`,
      RUNTIME_ROOT: folder,
      HOST: '127.0.0.1', PORT: `${http}`,
      GRPC_HOST: '127.0.0.1', GRPC_PORT: `${port}`,
      DEBUG_HOST: '127.0.0.1', DEBUG_PORT: `${debug}`,
    },
    ready: async () => (await listens(port)) && (await fetch(`http://127.0.0.1:${http}/healthcheck`)).ok,
  }).catch(async (error) => {
    await redis.stop();
    throw error;
  });
  const client = new RedisClient(redis.port, '127.0.0.1', {lazyConnect: true, retryStrategy: () => null});
  client.on('error', () => undefined);
  return {
    port,
    redis,
    process: engine,
    counts: async () => {
      const keys = await client.keys('*');
      const values = keys.length === 0 ? [] : await client.mget(keys);
      return new Map(keys.map((key, at) => [key, Number(values[at])]));
    },
    stop: async () => {
      client.disconnect();
      await engine.stop();
      await redis.stop();
    },
  };
};
