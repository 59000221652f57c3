// The cache in this process's memory: least recently used goes first.
import {LRUCache} from 'lru-cache';
import type {Cache} from '../core/cache.ts';

export interface MemoryCache<V extends object | string | number | boolean> extends Cache<V> {
  /** At once, never a promise. */
  get(key: string): V | undefined;
  set(key: string, value: V, ttl: number): void;
  delete(key: string): void;
  clear(): void;
  entries(): number;
}

export interface MemoryLimits<V> {
  /** Most entries. */
  readonly entries?: number;
  /** Most bytes, with `bytesOf` as the measure of one entry (an estimate will do). */
  readonly bytes?: number;
  readonly bytesOf?: (value: V, key: string) => number;
}

/** What an entry costs besides its value: key, list links, two objects. */
const overhead = 200;

/**
 * Makes a cache bounded by entries (10,000 unless told otherwise), by bytes, or both. `steady`: milliseconds that no
 * step of the wall clock moves.
 */
export const makeMemoryCache = <V extends object | string | number | boolean>(
  limits: MemoryLimits<V>,
  steady: () => number,
): MemoryCache<V> => {
  const {entries, bytes, bytesOf} = limits;
  const most = entries ?? (bytes === undefined ? 10_000 : 0);
  const kept = new LRUCache<string, {readonly value: V; readonly expires: number}>(
    bytes === undefined
      ? {max: most}
      : {
          max: most,
          maxSize: bytes,
          sizeCalculation: ({value}, key) =>
            Math.max(1, Math.ceil(overhead + 2 * key.length + (bytesOf?.(value, key) ?? 500))),
        },
  );
  return {
    get(key) {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      if (entry.expires > steady()) return entry.value;
      kept.delete(key);
      return undefined;
    },
    set(key, value, ttl) {
      if (!(ttl > 0)) kept.delete(key);
      else kept.set(key, {value, expires: steady() + ttl});
    },
    delete: (key) => void kept.delete(key),
    clear: () => kept.clear(),
    entries: () => kept.size,
  };
};
