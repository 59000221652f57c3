// Caches of what others have said: this process's memory, and Redis behind it where there is one.
import type {CacheCodec, FetchingCache, MakeFetchingCache} from '../core/cache.ts';
import {weightOf} from '../core/weight.ts';
import type {Metrics} from '../observe/metrics.ts';
import {makeLayeredCache} from '../store/layered.ts';
import {makeMemoryCache} from '../store/memory.ts';
import {makeRedisCache} from '../store/redisCache.ts';
import type {Clocks} from './clocks.ts';
import type {RedisParts} from './redis.ts';

/** Remote facts take at most about 32 MB of each kind. */
const mostCacheBytes = 32 * 1024 * 1024;

/** One name is one cache, whoever asks for it. */
export const makeCaches = (
  metrics: Pick<Metrics, 'cache' | 'gauge'>,
  redis: RedisParts | undefined,
  {now, steady}: Clocks,
): MakeFetchingCache => {
  const made = new Map<string, FetchingCache<never>>();
  return (name, codec) => {
    const known = made.get(name);
    if (known !== undefined) return known as never;
    const memory = makeMemoryCache<never>({bytes: mostCacheBytes, bytesOf: weightOf}, steady);
    const remote =
      redis &&
      makeRedisCache({
        redis: redis.cache,
        name,
        prefix: redis.prefix,
        codec: codec as unknown as CacheCodec<never>,
        seal: redis.seal,
        now,
        observer: metrics.cache,
      });
    const cache = makeLayeredCache({name, memory, remote, observer: metrics.cache});
    made.set(name, cache);
    metrics.gauge('postern_cache_entries', () => [{labels: {cache: name}, value: memory.entries()}]);
    return cache as never;
  };
};
