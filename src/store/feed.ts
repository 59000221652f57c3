// The revocations of a process, and cache drops: in step with Redis and all other instances, or alone where there is none.
import type {Health} from '../core/health.ts';
import type {Principal} from '../core/principal.ts';
import type {Drop, RevocationElement} from '../core/revocation.ts';
import type {RevocationSet} from '../core/revocationSet.ts';
import {Unavailable} from '../core/unavailable.ts';
import {makeAnnouncer} from './announce.ts';
import {type DropListener, makeDrops} from './drops.ts';
import {makeFollower} from './follow.ts';
import {makeMoment} from './moment.ts';
import type {RevocationRedis} from './revocationRedis.ts';
import type {RevocationSettings} from './settings.ts';

export interface FeedParts {
  /** Absent: the feed works inside this one process. */
  readonly redis?: RevocationRedis | undefined;
  readonly set: RevocationSet;
  readonly settings: RevocationSettings;
  /** Milliseconds for which what was cached before a drop may be in use. */
  readonly dropsMatter: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never steps. */
  readonly steady: () => number;
  readonly random: () => number;
  readonly newId: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** Lets others have the event loop. */
  readonly pause: () => Promise<void>;
  readonly log?: ((level: 'info' | 'warn', message: string) => void) | undefined;
  /** Revocations that are kept on disk. Absent: none are. */
  readonly kept?:
    | {
        /** Until they have been read, nobody is let in. */
        readonly isReading: () => boolean;
        /** The moment of the steady clock up to which they are known; undefined: there are none. */
        readonly asOf: () => number | undefined;
      }
    | undefined;
}

export interface Feed {
  /**
   * Takes effect in this process at once and in the others within a second. `announced: false`: Redis could not be
   * written to; it is tried again for as long as this process lives, and whoever else knows it does the same.
   */
  add(element: RevocationElement): Promise<{readonly announced: boolean}>;
  drop(drop: Drop): Promise<{readonly announced: boolean}>;
  /** Every drop, also those of others; returns what ends it. */
  onDrop(listener: DropListener): () => void;
  /**
   * Now, for a new revocation, milliseconds since the epoch: by the clock of Redis, or by ours if that is the later by no
   * more than a minute (tokens that were issued by then are to be refused, those of an hour ahead are not).
   */
  moment(): Promise<number>;
  /** Throws Unavailable while it is not known who is revoked. `tolerance`: of the provider, seconds. */
  revoked(principal: Principal, tolerance: number): boolean;
  /** Seconds by which this process may be behind; 0 while it is in step with Redis. */
  lag(): number;
  /** The moment of the steady clock up to which all revocations are known; undefined: they have never been read. */
  upTo(): number | undefined;
  /** True once the lag exceeds `lostAfter`, and until the set has been read. */
  lost(): boolean;
  /** Elements that are not known to be in Redis. */
  unannounced(): number;
  health(): Health;
  /** Waits until what Redis held when this was called has been read; a second at the most. */
  sync(): Promise<void>;
  /** Forgets what has come to its end by every clock that is known. */
  prune(): Promise<void>;
  /** Reads the set whole, then follows. Resolves when that is done, or after a second; never rejects. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const part = 'revocation feed';
/** What was just revoked may be on its way for so long before it shows as not announced, milliseconds. */
const patience = 1_000;
const mostDrops = 100;
/** One line of a kind in so long. */
const logEvery = 60_000;
/** Clocks that differ by more are told of; beyond the other, that of Redis alone counts. Milliseconds. */
const skew = 5_000;
const farApart = 60_000;

/** Makes the feed. Listeners are added before `start`. */
export const makeFeed = (parts: FeedParts): Feed => {
  const {redis, set, settings, steady, random, sleep, newId, kept} = parts;
  const born = steady();
  const moment = makeMoment(parts);
  const said = new Map<string, number>();
  const say = (level: 'info' | 'warn', message: string) => {
    // By its first words: what differs from time to time (a number, an address) makes no other line of it.
    const kind = message.replace(/\d+/g, '').split(' ', 3).join(' ');
    if (steady() - (said.get(kind) ?? Number.NEGATIVE_INFINITY) < logEvery) return;
    said.set(kind, steady());
    parts.log?.(level, `revocation feed: ${message}`);
  };
  const drops = makeDrops({
    matters: parts.dropsMatter,
    open: (packed) => redis?.openDrop(packed),
    newMark: newId,
  });
  /** Not announced yet. Too many become one of all: dropping more than was asked costs a fetch, less would be a fault. */
  let owedDrops: {readonly drop: Drop; readonly mark: string}[] = [];
  let ended = false;
  let wasLost = false;
  let hasGivenUp = false;

  const announcer =
    redis &&
    makeAnnouncer({
      redis,
      set,
      steady,
      random,
      sleep,
      say,
      wrote: ({mark, time}) => {
        follower?.clock(time);
        follower?.expect(mark);
      },
    });
  const follower =
    redis &&
    makeFollower({
      redis,
      set,
      drops,
      steady,
      random,
      sleep,
      pause: parts.pause,
      say,
      compared: (missing) => {
        if (missing > 0) say('warn', `Redis lacks ${missing} of the revocations that are known here; giving them back`);
      },
    });

  const apart = (): string | undefined => {
    const off = Math.abs(parts.now() - (follower?.redisNow() ?? parts.now()));
    return off > skew ? `the clocks of this machine and of Redis are ${Math.round(off / 1_000)} s apart` : undefined;
  };
  const isRefusing = settings.onFeedLost === 'refuse';
  const consequence = () => {
    if (isRefusing) return 'refusing everyone until it is back';
    if (follower?.loaded()) return 'new revocations are not seen';
    const since = kept?.asOf();
    if (since === undefined) return 'letting in whoever was revoked before';
    const old = Math.round((steady() - since) / 1_000);
    return `those on disk, ${old} s old, count; newer ones are not seen`;
  };
  /** Nobody is let in before it is known who is revoked: `keep` goes on without, after `lostAfter` without progress. */
  const isReading = () => {
    if (kept?.isReading()) return true;
    if (follower === undefined || follower.loaded()) return false;
    hasGivenUp ||= !isRefusing && follower.stalled() > settings.lostAfter;
    return !hasGivenUp;
  };
  const upTo = () => {
    if (follower === undefined) return steady();
    return follower.loaded() ? follower.upTo() : kept?.asOf();
  };
  const lag = () => {
    const since = follower === undefined || follower.loaded() ? undefined : kept?.asOf();
    return since === undefined ? (follower?.lag() ?? 0) : (steady() - since) / 1_000;
  };
  const lost = (): boolean => {
    if (follower === undefined) return false;
    const is = lag() * 1_000 > settings.lostAfter || !follower.loaded();
    const isTold = is && !isReading();
    if (isTold && !wasLost) say('warn', `lost; ${consequence()}`);
    if (wasLost && !is) say('info', 'back, and caught up');
    wasLost = isTold;
    return is;
  };
  const flushDrops = async () => {
    while (!ended) {
      await sleep(200 + random() * 300);
      for (let first = owedDrops[0]; first !== undefined && redis?.ready(); first = owedDrops[0]) {
        try {
          await redis.writeDrop(first.mark, first.drop, parts.dropsMatter);
        } catch {
          break;
        }
        if (owedDrops[0] === first) owedDrops.shift();
      }
    }
  };

  return {
    async add(element) {
      set.add(element, redis === undefined);
      return {announced: announcer === undefined || (await announcer.announce(element))};
    },
    async drop(drop) {
      const mark = newId();
      drops.tell(drop, mark);
      if (redis === undefined) return {announced: true};
      try {
        await redis.writeDrop(mark, drop, parts.dropsMatter);
        return {announced: true};
      } catch {
        owedDrops = owedDrops.length < mostDrops ? [...owedDrops, {drop, mark}] : [{drop: {}, mark: newId()}];
        return {announced: false};
      }
    },
    onDrop: drops.onDrop,
    async moment() {
      const there = await redis?.time().catch(() => undefined);
      if (there !== undefined) follower?.clock(there);
      const theirs = there ?? follower?.redisNow();
      const ours = moment.latest();
      if (theirs === undefined) return Math.floor(ours);
      return Math.floor(ours > theirs && ours - theirs < farApart ? ours : theirs);
    },
    revoked(principal, tolerance) {
      if (follower === undefined && kept?.isReading())
        throw new Unavailable('revocations', new Error('those on disk have not been read yet'));
      if (follower !== undefined && !(follower.loaded() && !isRefusing && !kept?.isReading())) {
        if (isReading()) throw new Unavailable('revocations', new Error('they have not been read yet'));
        if (isRefusing && lost()) {
          throw new Unavailable('revocations', new Error('the feed is lost, and onFeedLost is refuse'));
        }
      }
      return set.revoked(principal, tolerance);
    },
    lag,
    upTo,
    lost,
    unannounced: () => (redis === undefined ? 0 : set.unseen),
    health() {
      if (redis === undefined || follower === undefined || announcer === undefined) {
        return kept?.isReading()
          ? {part, state: 'unready', detail: 'the revocations on disk have not been read yet'}
          : {part, state: 'ready'};
      }
      const isLost = lost();
      if (isReading()) {
        const why = redis.fault() ?? follower.fault();
        return {part, state: 'unready', detail: `the revocations have not been read yet${why ? `: ${why}` : ''}`};
      }
      if (isLost) {
        const why = redis.fault() ?? follower.fault() ?? 'the revocations in Redis cannot be read';
        const detail = `${why}, for ${Math.round(lag())} s; ${consequence()}`;
        return {part, state: isRefusing ? 'unready' : 'degraded', detail};
      }
      const wrong = [
        follower.trouble(),
        apart(),
        announcer.fault() && `Redis cannot be written to: ${announcer.fault()}`,
        announcer.owing() > patience && `${set.unseen} revocations are not announced; trying again`,
        owedDrops.length > 0 && `${owedDrops.length} drops are not announced; trying again`,
      ].filter((one) => typeof one === 'string');
      return wrong.length === 0 ? {part, state: 'ready'} : {part, state: 'degraded', detail: wrong.join('; ')};
    },
    async sync() {
      const began = steady();
      while (follower !== undefined && !ended && follower.upTo() <= began && steady() - began < 1_000) await sleep(10);
    },
    async prune() {
      // One clock that has been put forward forgets nothing: the other two know better.
      const until = Math.min(moment.earliest(), follower?.redisNow() ?? Number.POSITIVE_INFINITY);
      for (const _ of set.sweep(until)) await parts.pause();
    },
    async start() {
      if (follower === undefined || announcer === undefined) return;
      void follower.run();
      void announcer.run();
      void flushDrops();
      while (steady() - born < 1_000 && !follower.loaded() && !ended) await sleep(20);
    },
    async close() {
      ended = true;
      follower?.end();
      announcer?.end();
      await redis?.close();
    },
  };
};
