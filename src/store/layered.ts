// Memory before Redis before the source, and one call to the source however many wait for it.
import type {Cache, FetchingCache} from '../core/cache.ts';
import type {MemoryCache} from './memory.ts';
import type {CacheObserver} from './redisCache.ts';

export interface LayeredCache<V> extends FetchingCache<V> {
  /** How many facts are in memory. */
  entries(): number;
}

export interface LayeredParts<V extends object | string | number | boolean> {
  /** As in the metrics. */
  readonly name: string;
  readonly memory: MemoryCache<V>;
  /** Absent: memory alone. */
  readonly remote?: Cache<V> | undefined;
  /** Milliseconds for which a fact from Redis is kept in memory if nothing is known of its end. */
  readonly nearFor?: number;
  readonly observer?: CacheObserver | undefined;
}

export const makeLayeredCache = <V extends object | string | number | boolean>(
  parts: LayeredParts<V>,
): LayeredCache<V> => {
  const {name, memory, remote, nearFor = 1_000, observer} = parts;
  const flights = new Map<string, Promise<V>>();

  const near = (key: string): V | undefined => {
    const value = memory.get(key);
    observer?.request(name, 'memory', value === undefined ? 'miss' : 'hit');
    return value;
  };
  /** From the shared layer, if its life there is longer than `least` milliseconds. */
  const far = async (key: string, ttl: (value: V) => number, least: number): Promise<V | undefined> => {
    const value = await remote?.get(key);
    if (value === undefined || !(ttl(value) > least)) return undefined;
    memory.set(key, value, ttl(value));
    return value;
  };
  const land = async (key: string, load: () => Promise<V>, ttl: (value: V) => number, least: number): Promise<V> => {
    const shared = remote === undefined ? undefined : await far(key, ttl, least);
    if (shared !== undefined) return shared;
    try {
      const value = await load();
      observer?.request(name, 'source', 'hit');
      const life = ttl(value);
      memory.set(key, value, life);
      // What counts for no time takes away what was shared before; only where something is renewed there is any.
      if (life > 0 || least > 0) void remote?.set(key, value, life);
      return value;
    } catch (error) {
      observer?.request(name, 'source', 'error');
      throw error;
    }
  };

  const once = (key: string, load: () => Promise<V>, ttl: (value: V) => number, least: number): Promise<V> => {
    const under = flights.get(key);
    if (under !== undefined) return under;
    const flight = land(key, load, ttl, least).finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };

  return {
    get(key) {
      const value = near(key);
      if (value !== undefined || remote === undefined) return value;
      return far(key, () => nearFor, 0);
    },
    set(key, value, ttl) {
      memory.set(key, value, ttl);
      return remote?.set(key, value, ttl);
    },
    fetch(key, load, ttl) {
      return near(key) ?? once(key, load, ttl, 0);
    },
    renew: once,
    delete: (key) => memory.delete(key),
    entries: () => memory.entries(),
  };
};

/** Spreads ends, so that entries made together do not end together: `ttl` less up to a tenth. */
export const jittered = (ttl: number, random: () => number): number => ttl * (1 - random() / 10);
