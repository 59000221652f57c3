// Snapshots in Redis: one instance fetches and the others read, or what was read last survives the loss of its source.
import {packSnapshot, unpackSnapshot} from './packed.ts';
import type {Versioned} from './source.ts';

/** What was fetched, and the moment (milliseconds of the steady clock) for which it is known to hold. */
export interface Fetched {
  readonly found: Versioned | 'unchanged';
  readonly asOf: number;
  /** Why the source itself gave nothing, where what was found is its last known. */
  readonly fault?: unknown;
}

/** A way of fetching that Redis has a part in. Rejects only as `fetch` does. */
export interface SharedSnapshots {
  fetch(known: string | undefined, fetch: () => Promise<Fetched>): Promise<Fetched>;
}

export interface SharingParts {
  readonly pieces: Pieces;
  /** Milliseconds since the epoch: what the instances have in common. */
  readonly now: () => number;
  readonly steady: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds: what is fresh, and how old what serves may get. */
  readonly settings: {readonly fresh: number; readonly stale: number};
  /** Resolves when Redis can be written to, or after a while. */
  readonly connected: () => Promise<void>;
  readonly observer?: {request(cache: string, layer: 'redis', result: 'hit' | 'miss' | 'error'): void} | undefined;
}

/** Texts in pieces under a name, with a mark; out of order, each of them is undefined or false. */
export interface Pieces {
  /** The newest one's mark. */
  mark(): Promise<{readonly version: string; readonly asOf: number; readonly pieces: number} | undefined>;
  /** Every piece in order; undefined if one is gone. */
  read(version: string, pieces: number): AsyncIterable<string | undefined>;
  /** Writes pieces, then the mark. */
  write(version: string, asOf: number, pieces: Iterable<string>): Promise<void>;
  /** The same version still holds at this later moment. */
  confirm(version: string, asOf: number, pieces: number): Promise<void>;
  /** True: ours for `ms` milliseconds, until `unlock`. `unavailable`: no Redis. */
  lock(ms: number): Promise<boolean | 'unavailable'>;
  unlock(): Promise<void>;
}

const lockFor = 30_000;
const lookEvery = 250;
/** Without anything to serve yet, nobody waits longer than this for another instance. */
const longestWait = 5_000;

/**
 * For a source that is asked over a network: what another instance has fetched within half of `fresh`; else fetches, while
 * other instances wait for it; and fetches for itself whenever Redis is no help.
 */
export const makeSharedSnapshots = (parts: SharingParts): SharedSnapshots => {
  const {pieces, steady, sleep, settings, connected} = parts;
  const {adopt, share} = makeExchange(parts);
  let waited: Promise<void> | undefined;
  return {
    async fetch(known, fetch) {
      // The first time: a connection that is just being made may spare the source a question.
      waited ??= connected();
      await waited;
      const until = steady() + Math.min(longestWait, settings.fresh);
      for (;;) {
        const there = await adopt(known, settings.fresh / 2);
        if (there !== undefined) return there;
        const locked = await pieces.lock(lockFor);
        if (locked === 'unavailable') return fetch();
        if (locked || steady() > until) break;
        await sleep(lookEvery);
      }
      try {
        const fetched = await fetch();
        await share(known, fetched);
        return fetched;
      } finally {
        await pieces.unlock();
      }
    },
  };
};

/**
 * For a source of this machine (a file), which comes first always: a change of it must not wait for anybody. What it gave
 * is kept in Redis, and an instance that starts while it is gone or broken serves that, while it is not past `stale`.
 */
export const makeKeptSnapshots = (parts: SharingParts): SharedSnapshots => {
  const {settings, connected} = parts;
  const {adopt, share} = makeExchange(parts);
  return {
    async fetch(known, fetch) {
      try {
        const fetched = await fetch();
        // Not waited for: the file is there, and decisions need not wait for Redis.
        void connected().then(() => share(known, fetched));
        return fetched;
      } catch (fault) {
        const kept = known === undefined ? await adopt(undefined, settings.stale) : undefined;
        if (kept === undefined) throw fault;
        return {...kept, fault};
      }
    },
  };
};

/** Taking from Redis and giving to it. Neither rejects. */
const makeExchange = ({pieces, now, steady, observer}: SharingParts) => {
  const told = (result: 'hit' | 'miss' | 'error') => observer?.request('entitlements', 'redis', result);
  /** What is there, if it is not older than `most` milliseconds. */
  const adopt = async (known: string | undefined, most: number): Promise<Fetched | undefined> => {
    const mark = await pieces.mark();
    const old = mark === undefined ? Number.POSITIVE_INFINITY : now() - mark.asOf;
    // A clock that is ahead must not make an old snapshot young.
    if (mark === undefined || old > most || old < -1_000) {
      told('miss');
      return undefined;
    }
    const asOf = steady() - Math.max(0, old);
    if (mark.version === known) {
      told('hit');
      return {found: 'unchanged', asOf};
    }
    const snapshot = await unpackSnapshot(pieces.read(mark.version, mark.pieces));
    told(snapshot === undefined ? 'error' : 'hit');
    return snapshot === undefined ? undefined : {found: {version: mark.version, snapshot}, asOf};
  };
  const share = async (known: string | undefined, {found, asOf: moment}: Fetched): Promise<void> => {
    const asOf = now() - (steady() - moment);
    const version = found === 'unchanged' ? known : found.version;
    const mark = await pieces.mark();
    if (version === undefined) return;
    if (mark?.version === version) return pieces.confirm(version, asOf, mark.pieces);
    // What nobody has in Redis and has not changed here cannot be written from here: its grants are in the index only.
    if (found !== 'unchanged') await pieces.write(version, asOf, packSnapshot(found.snapshot));
  };

  return {adopt, share};
};
