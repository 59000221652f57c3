// Keeps an issuer's keys at hand: fetched once for all who wait, refreshed in the background, kept through outages.
import type {Health} from '../core/health.ts';
import type {Kept} from '../core/kept.ts';
import {makeRecall} from '../core/recall.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type After, makeWithin} from '../core/within.ts';
import type {FetchKeys} from './jwks.ts';
import type {KeyFinder} from './jwt.ts';
import {type KeySet, type PublishedKey, readKeySet} from './keys.ts';

/** Where keys are kept beyond the process, and how old (milliseconds) those from there may be. */
export interface KeptKeys {
  readonly kept: Kept;
  readonly oldest: number;
}

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
  /** Absent: they end with the process. Wants `steady`. */
  readonly keptKeys?: KeptKeys | undefined;
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
 * Keys that were kept beyond the process count while the issuer has not been reached since the start, and not beyond their
 * age; what it then says replaces them.
 *
 * An issuer that publishes a key set without a key has withdrawn them all, or has been deployed a moment ago with none:
 * the keys stay until it has said so for `refresh`, at every look, and then no key of before counts any more.
 */
export const makeKeyKeeper = (parts: KeyKeeperParts): KeyKeeper => {
  const {dependency, fetch, timing, now, random, after, keptKeys} = parts;
  const within = makeWithin(now, after);
  const steady = (at: number): number => parts.steady?.() ?? at;
  let keys: KeySet | undefined;
  let fetchedAt: number | undefined;
  let failure: {readonly error: unknown; readonly since: number} | undefined;
  let failures = 0;
  let askedForUnknown = Number.NEGATIVE_INFINITY;
  let emptySince: number | undefined;
  /** No key of before counts any more: the issuer has withdrawn them, or they have become too old. */
  let withdrawn = false;
  /** The file that the keys at hand were read from; undefined: the issuer has given them. */
  let recalledFrom: string | undefined;
  let outlive = () => {};
  let flight: Promise<void> | undefined;
  let cancel = () => {};
  let closed = false;

  /** From four fifths to six fifths of the time. */
  const schedule = (milliseconds: number) => {
    cancel();
    if (!closed) cancel = after(milliseconds * (0.8 + 0.4 * random()), () => void refresh());
  };

  /** Those that were kept, unless the issuer has given some. */
  const readKept = async (): Promise<void> => {
    const found = await keptKeys?.kept.read(keptKeys.oldest);
    const [text] = found?.texts ?? [];
    const read = text === undefined ? undefined : await readKeySet(parse(text));
    if (found === undefined || read === undefined || fetchedAt !== undefined || withdrawn || closed) return;
    keys = read;
    fetchedAt = found.asOf;
    recalledFrom = found.where;
    keptKeys?.kept.used(true);
    outlive = after((keptKeys?.oldest ?? 0) - (steady(now()) - found.asOf), () => {
      keys = undefined;
      withdrawn = true;
      leaveKept();
    });
  };
  const recall = makeRecall(keptKeys && readKept, after);
  /** The issuer has given keys, or its word that there are none; or they have become too old. */
  const leaveKept = (): void => {
    outlive();
    recalledFrom = undefined;
    keptKeys?.kept.used(false);
  };

  const load = async (): Promise<void> => {
    const inTime = keys === undefined ? recall.inTime() : () => {};
    try {
      const fetched = await fetch();
      if (fetched.size === 0) throw noteEmpty();
      keys = fetched;
      fetchedAt = steady(now());
      leaveKept();
      void keptKeys?.kept.offer(fetchedAt, () => [JSON.stringify({keys: fetched.jwks()})]);
      emptySince = undefined;
      withdrawn = false;
      failure = undefined;
      failures = 0;
      schedule(timing.refresh);
    } catch (error) {
      failure = {error, since: failure?.since ?? now()};
      schedule(Math.min(firstRetry * 2 ** Math.min(failures, 10), longestRetry, timing.refresh));
      failures += 1;
      if (keys === undefined) await recall.instead();
    } finally {
      inTime();
      flight = undefined;
    }
  };

  const noteEmpty = (): Unavailable => {
    const moment = steady(now());
    emptySince ??= moment;
    if (moment - emptySince >= timing.refresh) {
      keys = undefined;
      withdrawn = true;
      leaveKept();
      // So that a start while it is away does not bring them back.
      void keptKeys?.kept.offer(moment, () => [JSON.stringify({keys: []})]);
    }
    return new Unavailable(
      dependency,
      new Error('it publishes a key set without any key: tokens cannot be verified until it has one'),
    );
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

  const agoOf = (): string =>
    fetchedAt === undefined ? 'never' : new Date(now() - (steady(now()) - fetchedAt)).toISOString();

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
      const recalled =
        recalledFrom === undefined ? '' : ` Those that ${recalledFrom} has kept since ${agoOf()} are in use.`;
      if (failure === undefined && recalled !== '')
        return {part, state: 'degraded', detail: `The keys are being fetched.${recalled}`};
      if (failure === undefined)
        return keys === undefined
          ? {part, state: 'unready', detail: 'The keys are being fetched.'}
          : {part, state: 'ready'};
      const since = new Date(failure.since).toISOString();
      const why = `Fetching keys fails since ${since} (${outage().message}); it is tried again and again.`;
      return keys === undefined
        ? {part, state: 'unready', detail: why}
        : {part, state: 'degraded', detail: `${why}${recalled === '' ? ' The last good keys are in use.' : recalled}`};
    },
    close() {
      closed = true;
      cancel();
      outlive();
      keptKeys?.kept.end();
    },
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
