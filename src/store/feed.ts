// Revocations and invalidations as they happen: a Redis Stream that every instance reads, blocking.
import type {Health} from '../core/health.ts';
import type {Principal} from '../core/principal.ts';
import type {FeedMessage, Revocations} from '../core/revocation.ts';
import {Unavailable} from '../core/unavailable.ts';
import {packMessage, unpackMessage} from './feedMessage.ts';
import type {Command, RedisConnection} from './redis.ts';
import type {Seal} from './seal.ts';
import type {RevocationSettings} from './settings.ts';
import {entriesOf, isAfter, type StreamEntry} from './stream.ts';

export interface FeedParts {
  /** Absent: the feed works inside this one process. */
  readonly redis?: {
    /** A connection of its own, since it blocks; its commands may take longer than a second. */
    readonly reading: Pick<RedisConnection, 'call' | 'ready' | 'onReady' | 'fault' | 'close'>;
    readonly writing: {call(...command: Command): Promise<unknown>};
    readonly prefix: string;
    readonly seal: Seal;
  };
  readonly settings: RevocationSettings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log?: ((level: 'info' | 'warn', message: string) => void) | undefined;
}

/** What is told of a message: `mark` names it the same on every instance. Told again after a gap: must not mind. */
export type FeedListener = (message: FeedMessage, mark: string) => void;

export interface Feed {
  /**
   * Takes effect in this process at once and in the others within a second. `announced: false`: Redis could not be
   * reached; it is tried again for as long as this process lives.
   */
  publish(message: FeedMessage): Promise<{readonly announced: boolean}>;
  /** Every message, also those that others publish and those that were live at the start; returns what ends it. */
  onMessage(listener: FeedListener): () => void;
  /** Seconds by which this process may be behind; 0 while the stream is read. */
  lag(): number;
  /** True once the lag exceeds `lostAfter`. */
  lost(): boolean;
  health(): Health;
  /** The look-up of revocations, which throws Unavailable while the feed is lost and `onFeedLost` is `refuse`. */
  guard(index: Revocations): Revocations;
  /** Loads what is live, then follows. Resolves when that is done, or after a second without Redis; never rejects. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds for which one read waits. */
const block = 1_000;
/** A read that takes longer than it may block proves nothing. */
const grace = 500;
const page = 1_000;
/** Not announced yet, at most; the oldest go first. */
const longestOutbox = 10_000;

/** Makes the feed. Listeners are added before `start`. */
export const makeFeed = (parts: FeedParts): Feed => {
  const {redis, settings, now, random, sleep, log} = parts;
  const listeners = new Set<FeedListener>();
  /** What is live, by its text, which stays the same when it is given back to a Redis that has lost it. */
  const live = new Map<string, {readonly message: FeedMessage; readonly at: number}>();
  const outbox: {readonly message: FeedMessage; readonly at: number}[] = [];
  const stream = `${redis?.prefix ?? ''}feed`;
  let at = '0-0';
  /** When everything published was last known to have been read; the start counts, so that a new process is not lost. */
  let upTo = now();
  let reading = false;
  let loaded = false;
  let counted = 0;
  let wasLost = false;
  let ended = false;

  const tell = (message: FeedMessage, mark: string) => {
    for (const listener of listeners) listener(message, mark);
  };
  const keepUntil = () => now() - settings.keep;

  const announce = async (message: FeedMessage, moment: number): Promise<void> => {
    if (redis === undefined) return;
    const packed = redis.seal.pack(stream, packMessage(message, moment), moment + settings.keep);
    // The trimming costs next to nothing with ~ (whole nodes), and nobody else has to do it. Redis 6.2.
    await redis.writing.call('XADD', stream, 'MINID', '~', Math.max(0, keepUntil()), '*', 'm', packed);
  };
  let flushing: Promise<void> | undefined;
  const flush = (): Promise<void> => {
    flushing ??= flushAll().finally(() => {
      flushing = undefined;
    });
    return flushing;
  };
  const flushAll = async (): Promise<void> => {
    for (let first = outbox[0]; first !== undefined; first = outbox[0]) {
      await announce(first.message, first.at);
      if (outbox[0] === first) outbox.shift();
    }
  };
  let insisting = false;
  /** Until all is announced: a connection that was cut is back within milliseconds, and others wait to hear. */
  const insist = async (): Promise<void> => {
    if (insisting) return;
    insisting = true;
    for (let pause = 50; outbox.length > 0 && !ended; pause = Math.min(1_000, pause * 1.5)) {
      await sleep(pause * (0.5 + random() / 2));
      await flush().catch(() => undefined);
    }
    insisting = false;
  };

  const take = (entry: StreamEntry): void => {
    at = entry.id;
    const text = redis?.seal.open(stream, entry.value, now());
    const read = text === undefined ? undefined : unpackMessage(text);
    if (read === undefined) {
      // Past its end, or from a stranger. Nobody is revoked or let in by it.
      return;
    }
    if (read.at < keepUntil()) return;
    live.set(packMessage(read.message, read.at), read);
    tell(read.message, entry.id);
  };
  const call = (...command: Command) => (redis as NonNullable<typeof redis>).reading.call(...command);
  /** Everything after `at`, up to now. */
  const catchUp = async (): Promise<void> => {
    for (;;) {
      const from = at === '0-0' ? String(Math.max(0, keepUntil())) : `(${at}`;
      const entries = entriesOf(await call('XRANGE', stream, from, '+', 'COUNT', page));
      for (const entry of entries) take(entry);
      if (entries.length < page) return;
    }
  };
  /** A Redis that came back empty, or an older one, has another stream under the same name. */
  const isAnother = async (): Promise<boolean> => {
    if (at === '0-0') return false;
    const [last] = entriesOf(await call('XREVRANGE', stream, '+', '-', 'COUNT', 1));
    return last === undefined || isAfter(at, last.id);
  };
  /** Gives a Redis that has forgotten them its messages back, for instances that start later. One instance does it. */
  const restore = async (): Promise<void> => {
    const known = new Map(live);
    live.clear();
    at = '0-0';
    let missing: readonly {readonly message: FeedMessage; readonly at: number}[] = [];
    try {
      await catchUp();
    } finally {
      // Kept here too until Redis has them: whoever gives them back may be gone before it is done.
      missing = [...known].filter(([text]) => !live.has(text)).map(([, message]) => message);
      for (const [text, message] of known) live.set(text, message);
    }
    missing = missing.filter((message) => message.at >= keepUntil());
    if (missing.length === 0) return;
    await sleep(random() * 300);
    const first = await call('SET', `${stream}:restoring`, '1', 'NX', 'PX', 10_000);
    if (first !== 'OK') return;
    log?.('warn', `revocation feed: Redis has lost its messages; giving back ${missing.length}`);
    for (const {message, at: moment} of missing) await announce(message, moment);
  };
  const prune = () => {
    for (const [text, {at: moment}] of live) if (moment < keepUntil()) live.delete(text);
  };

  const follow = async (): Promise<void> => {
    while (!ended) {
      try {
        if (redis === undefined || !redis.reading.ready()) {
          await sleep(50);
          continue;
        }
        if (await isAnother()) await restore();
        const before = now();
        await catchUp();
        caughtUp(before);
        await flush();
        await readOn();
      } catch (error) {
        reading = false;
        if (ended) return;
        log?.('warn', `revocation feed: ${error instanceof Error ? error.message : 'unknown trouble'}; trying again`);
        await sleep(100 + random() * 200);
      }
    }
  };
  const caughtUp = (moment: number) => {
    upTo = moment;
    loaded = true;
    if (wasLost) log?.('info', 'revocation feed: back, and caught up');
    wasLost = false;
  };
  /** Until something is wrong. */
  const readOn = async (): Promise<void> => {
    while (!ended) {
      const before = now();
      reading = true;
      const reply = await call('XREAD', 'COUNT', page, 'BLOCK', block, 'STREAMS', stream, at);
      reading = false;
      const [found] = Array.isArray(reply) ? reply : [];
      const entries = Array.isArray(found) ? entriesOf(found[1]) : [];
      for (const entry of entries) take(entry);
      caughtUp(before);
      if (outbox.length > 0) await flush();
      if (entries.length > 0) continue;
      prune();
      if (await isAnother()) return;
    }
  };

  const lag = (): number => {
    if (redis === undefined) return 0;
    const behind = now() - upTo;
    // A read that is waiting brings the next message at once.
    return reading && redis.reading.ready() && behind < block + grace ? 0 : behind / 1_000;
  };
  const lost = (): boolean => {
    const is = lag() * 1_000 > settings.lostAfter || (redis !== undefined && !loaded);
    if (is && !wasLost && loaded) log?.('warn', `revocation feed: lost; ${consequence()}`);
    wasLost ||= is && loaded;
    return is;
  };
  const consequence = () =>
    settings.onFeedLost === 'refuse' ? 'refusing everyone until it is back' : 'new revocations are not seen';

  return {
    async publish(message) {
      const moment = now();
      if (redis === undefined) {
        counted += 1;
        tell(message, `local-${counted}`);
        return {announced: true};
      }
      tell(message, `local-${moment}`);
      try {
        await announce(message, moment);
        return {announced: true};
      } catch {
        if (outbox.length >= longestOutbox) outbox.shift();
        outbox.push({message, at: moment});
        void insist();
        return {announced: false};
      }
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lag,
    lost,
    health() {
      const part = 'revocation feed';
      if (!lost()) return {part, state: 'ready'};
      const refuse = settings.onFeedLost === 'refuse';
      const why = redis?.reading.fault() ?? 'its stream cannot be read';
      return {
        part,
        state: refuse ? 'unready' : 'degraded',
        detail: `${why}, for ${Math.round(lag())} s; ${consequence()}`,
      };
    },
    guard(index) {
      if (settings.onFeedLost === 'keep' || redis === undefined) return index;
      return {
        revoked(principal: Principal): boolean {
          if (lost()) throw new Unavailable('revocations', new Error('the feed is lost, and onFeedLost is refuse'));
          return index.revoked(principal);
        },
      };
    },
    async start() {
      if (redis === undefined) return;
      void follow();
      for (let waited = 0; waited < 1_000 && !loaded && !ended; waited += 20) await sleep(20);
    },
    async close() {
      ended = true;
      await redis?.reading.close();
    },
  };
};
