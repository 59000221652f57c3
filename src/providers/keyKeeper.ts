// Keeps an issuer's keys at hand: fetched once for all who wait, refreshed in the background, kept through outages.
import type {Health} from '../core/health.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type After, makeWithin} from '../core/within.ts';
import type {FetchKeys} from './jwks.ts';
import type {KeyFinder} from './jwt.ts';
import type {KeySet, PublishedKey} from './keys.ts';

export interface KeyKeeperParts {
  /** As in metrics: `keys:acme`. */
  readonly dependency: string;
  readonly fetch: FetchKeys;
  /** Milliseconds: at most one fetch for an unknown key id in `cooldown`; a background fetch every `refresh`. */
  readonly timing: {readonly cooldown: number; readonly refresh: number};
  /** Milliseconds since the epoch, for deadlines and for what people read. */
  readonly now: () => number;
  /** Milliseconds that no step of the wall clock moves, for ages and cool-downs. Default: the moments that callers name. */
  readonly steady?: () => number;
  /** In [0, 1), so that many Posterns do not ask at the same moment. */
  readonly random: () => number;
  readonly after: After;
}

export interface KeyKeeper extends KeyFinder {
  /** Fetches for the first time; resolves after the first attempt, good or bad. Never rejects. */
  start(): Promise<void>;
  /**
   * Whether a token that was signed with this key may still count: false once the issuer publishes other keys and no longer
   * this one, or has withdrawn all. Before the first fetch nothing speaks against it.
   */
  holds(thumbprint: string): boolean;
  /** Seconds since the last good fetch; undefined: none yet. */
  age(now: number): number | undefined;
  /** How many keys are at hand. */
  size(): number;
  /** What is public of them. */
  shown(): readonly PublishedKey[];
  /** Why the last fetch failed; undefined: it did not, or there was none. */
  fault(): Unavailable | undefined;
  health(): Health;
  close(): void;
}

const firstRetry = 1_000;
const longestRetry = 10_000;

/**
 * What is known stays known: a failed fetch or an HTML page leaves the good keys in place for as long as it lasts. While
 * the last fetch has failed, an unknown key is an outage (it may be a new key), never a bad token. Random key ids cost at
 * most one fetch in a cooldown, whatever their number, and no memory.
 *
 * An issuer that publishes a key set without a key has withdrawn them all, or has been deployed a moment ago with none:
 * the keys stay until it has said so for `refresh`, at every look, and then no key of before counts any more.
 */
export const makeKeyKeeper = (parts: KeyKeeperParts): KeyKeeper => {
  const {dependency, fetch, timing, now, random, after} = parts;
  const within = makeWithin(now, after);
  const steady = (at: number): number => parts.steady?.() ?? at;
  let keys: KeySet | undefined;
  let fetchedAt: number | undefined;
  let failure: {readonly error: unknown; readonly since: number} | undefined;
  let failures = 0;
  let askedForUnknown = Number.NEGATIVE_INFINITY;
  let emptySince: number | undefined;
  let withdrawn = false;
  let flight: Promise<void> | undefined;
  let cancel = () => {};
  let closed = false;

  /** From four fifths to six fifths of the time. */
  const schedule = (milliseconds: number) => {
    cancel();
    if (!closed) cancel = after(milliseconds * (0.8 + 0.4 * random()), () => void refresh());
  };

  const load = async (): Promise<void> => {
    try {
      const fetched = await fetch();
      if (fetched.size === 0) throw noteEmpty();
      keys = fetched;
      fetchedAt = steady(now());
      emptySince = undefined;
      withdrawn = false;
      failure = undefined;
      failures = 0;
      schedule(timing.refresh);
    } catch (error) {
      failure = {error, since: failure?.since ?? now()};
      schedule(Math.min(firstRetry * 2 ** Math.min(failures, 10), longestRetry, timing.refresh));
      failures += 1;
    } finally {
      flight = undefined;
    }
  };

  const noteEmpty = (): Unavailable => {
    const moment = steady(now());
    emptySince ??= moment;
    if (moment - emptySince >= timing.refresh) {
      keys = undefined;
      withdrawn = true;
    }
    return new Unavailable(dependency, new Error('it publishes a key set without any key'));
  };

  /** One fetch, however many ask. Never rejects. */
  const refresh = (): Promise<void> => {
    if (closed) return Promise.resolve();
    flight ??= load();
    return flight;
  };

  /** Fails with what failed: a caller learns that the keys are missing, never that its token is bad. */
  const outage = (): Unavailable =>
    failure?.error instanceof Unavailable ? failure.error : new Unavailable(dependency, failure?.error);

  const settle = async (fetching: Promise<void>, deadline: number, ...wanted: Parameters<KeySet['find']>) => {
    await within(dependency, fetching, deadline);
    const found = keys?.find(...wanted) ?? [];
    if (found.length === 0 && (keys === undefined || failure !== undefined)) throw outage();
    return found;
  };

  return {
    find(kid, algorithm, at, deadline) {
      const found = keys?.find(kid, algorithm) ?? [];
      if (found.length > 0) return found;
      if (flight !== undefined) return settle(flight, deadline, kid, algorithm);
      // Without keys, the first request may fetch; after a failure, the background does, at its own pace.
      if (keys === undefined && failure === undefined) return settle(refresh(), deadline, kid, algorithm);
      const moment = steady(at);
      if (keys !== undefined && moment - askedForUnknown >= timing.cooldown) {
        askedForUnknown = moment;
        return settle(refresh(), deadline, kid, algorithm);
      }
      if (keys === undefined || failure !== undefined) return Promise.reject(outage());
      return found;
    },
    async findAgain(kid, algorithm, at, deadline) {
      if (keys === undefined || keys.names(kid)) return undefined;
      const before = keys;
      const moment = steady(at);
      if (flight === undefined && moment - askedForUnknown < timing.cooldown) {
        if (failure !== undefined) throw outage();
        return undefined;
      }
      if (flight === undefined) askedForUnknown = moment;
      await within(dependency, refresh(), deadline);
      if (failure !== undefined) throw outage();
      return keys === before ? undefined : keys?.find(kid, algorithm);
    },
    start: refresh,
    holds: (thumbprint) => keys?.has(thumbprint) ?? !withdrawn,
    age: (at) => (fetchedAt === undefined ? undefined : Math.max(0, steady(at) - fetchedAt) / 1000),
    size: () => keys?.size ?? 0,
    shown: () => keys?.shown() ?? [],
    fault: () => (failure === undefined ? undefined : outage()),
    health() {
      const part = dependency.replace(':', ' ');
      if (failure === undefined)
        return keys === undefined
          ? {part, state: 'unready', detail: 'The keys are being fetched.'}
          : {part, state: 'ready'};
      const since = new Date(failure.since).toISOString();
      const why = `Fetching keys fails since ${since} (${outage().message}); it is tried again and again.`;
      return keys === undefined
        ? {part, state: 'unready', detail: why}
        : {part, state: 'degraded', detail: `${why} The last good keys are in use.`};
    },
    close() {
      closed = true;
      cancel();
    },
  };
};
