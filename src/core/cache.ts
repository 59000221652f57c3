// The two verbs of every cache.

/**
 * Facts by key, for a while. What is kept is a fact (a verified principal, a grant), never the verdict of a rule. A key
 * is a hash of everything that the fact depends on, never a credential itself. A cache that is out of order is a miss:
 * neither verb throws or rejects.
 */
export interface Cache<V> {
  /** The value, or undefined. A memory cache answers at once; a remote one answers a promise. */
  get(key: string): V | undefined | Promise<V | undefined>;
  /** Keeps the value for `ttl` milliseconds at most; with none, takes away what was kept. */
  set(key: string, value: V, ttl: number): void | Promise<void>;
}

/** How a value becomes JSON for a shared cache, and comes back. */
export interface CacheCodec<V> {
  encode(value: V): unknown;
  /** Undefined: this is not such a value, so a miss. Must look at everything: others can write to a shared cache. */
  decode(json: unknown): V | undefined;
}

/** A cache that can also fetch what it does not have, once however many wait for it. */
export interface FetchingCache<V> extends Cache<V> {
  /**
   * The fact, from the nearest layer that has it; else what `load` gives, which is kept for `ttl(value)` milliseconds (0:
   * not at all). Rejects as `load` does; a failure is not kept. `ttl` is asked again for what comes from a shared layer.
   */
  fetch(key: string, load: () => Promise<V>, ttl: (value: V) => number): V | Promise<V>;
  /**
   * The same, whatever the memory has: from a shared layer if that has one with a longer life than `life` (milliseconds),
   * else what `load` gives. Meanwhile `fetch` answers with what it has, and waits for this one afterwards.
   */
  renew(key: string, load: () => Promise<V>, ttl: (value: V) => number, life: number): Promise<V>;
  delete(key: string): void;
}

/**
 * Makes a cache of remote facts: memory, then Redis where there is one. `name` is the metrics' label and the namespace of
 * its keys: one for each kind of fact (`frontegg-tokens`). Keys are hashed before they leave the process, but must hold no
 * credential in the clear either: hash it with everything else that the fact depends on (the provider's settings).
 */
export type MakeFetchingCache = <V extends object | string | number | boolean>(
  name: string,
  codec: CacheCodec<V>,
) => FetchingCache<V>;

/** Milliseconds by which the clocks of instances that share a cache may differ. */
const mostSkew = 1_000;

/**
 * What is left of a remote fact's time, milliseconds: for `ttl` of `fetch`. One that ends later than it could if it were
 * learnt now comes from a clock that is ahead, or from whoever else can write to a shared cache: it has no time left, for
 * it would outlive what its source takes back (a session that was ended, a token that was withdrawn).
 */
export const lifeLeft = (until: number, longest: number, now: number): number => {
  const left = until - now;
  return left > longest + mostSkew ? 0 : Math.min(longest, left);
};
