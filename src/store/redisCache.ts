// The cache in Redis: shared by all instances, and never more than a cache.
import type {Cache, CacheCodec} from '../core/cache.ts';
import type {GuardedRedis} from './guarded.ts';
import {entryName, type Seal} from './seal.ts';

export type Layer = 'memory' | 'redis' | 'source';
export type LayerResult = 'hit' | 'stale' | 'miss' | 'error';

/** Told of every look into a layer, for metrics. Must not throw. */
export interface CacheObserver {
  request(cache: string, layer: Layer, result: LayerResult): void;
}

export interface RedisCacheParts<V> {
  readonly redis: GuardedRedis;
  /** What is kept, for the key and the metrics: `principals`, `entitlements`. */
  readonly name: string;
  readonly prefix: string;
  readonly codec: CacheCodec<V>;
  readonly seal: Seal;
  readonly now: () => number;
  readonly observer?: CacheObserver | undefined;
  /** Longest packed value, in characters; longer ones are neither written nor read. */
  readonly longest?: number;
}

/** Ten years, in milliseconds: Redis refuses an end beyond its numbers, as a token that never ends would have. */
const longestLife = 315_360_000_000;

/** Makes a cache whose every trouble is a miss: it never rejects, and answers at once while Redis is out of order. */
export const makeRedisCache = <V>(parts: RedisCacheParts<V>): Cache<V> => {
  const {redis, name, prefix, codec, seal, now, observer, longest = 262_144} = parts;

  const read = async (key: string): Promise<V | undefined> => {
    const entry = entryName(prefix, name, key);
    try {
      // GETRANGE caps what a foreign, huge value can cost; an absent one is ''.
      const packed = await redis.call('GETRANGE', entry, 0, longest);
      const value = typeof packed === 'string' && packed.length <= longest ? opened(entry, packed) : undefined;
      observer?.request(name, 'redis', value === undefined ? 'miss' : 'hit');
      return value;
    } catch {
      observer?.request(name, 'redis', 'error');
      return undefined;
    }
  };
  const opened = (entry: string, packed: string): V | undefined => {
    const text = seal.open(entry, packed, now());
    if (text === undefined) return undefined;
    try {
      return codec.decode(JSON.parse(text));
    } catch {
      return undefined;
    }
  };
  const write = async (key: string, value: V, ttl: number): Promise<void> => {
    try {
      const entry = entryName(prefix, name, key);
      const life = Math.min(Math.ceil(ttl), longestLife);
      const packed = seal.pack(entry, JSON.stringify(codec.encode(value)), now() + life);
      if (packed.length <= longest) await redis.call('SET', entry, packed, 'PX', life);
    } catch {
      // A fact that could not be shared is fetched again by the next one who needs it.
    }
  };

  const remove = async (key: string): Promise<void> => {
    try {
      await redis.call('DEL', entryName(prefix, name, key));
    } catch {
      // It ends by itself.
    }
  };

  return {
    get(key) {
      if (redis.available()) return read(key);
      observer?.request(name, 'redis', 'error');
      return undefined;
    },
    set(key, value, ttl) {
      if (!redis.available()) return;
      return ttl >= 1 ? write(key, value, ttl) : remove(key);
    },
  };
};
