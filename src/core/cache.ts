// The two verbs of every cache.

/**
 * Facts by key, for a while. What is kept is a fact (a verified principal, a grant), never the verdict of a rule. A key
 * is a hash of everything that the fact depends on, never a credential itself. A cache that is out of order is a miss:
 * neither verb throws or rejects.
 */
export interface Cache<V> {
  /** The value, or undefined. A memory cache answers at once; a remote one answers a promise. */
  get(key: string): V | undefined | Promise<V | undefined>;
  /** Keeps the value for `ttl` milliseconds at most. */
  set(key: string, value: V, ttl: number): void | Promise<void>;
}
