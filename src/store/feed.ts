// The revocations of a process, and cache drops: in step with Redis and all other instances, or alone where there is none.
import type {Health} from '../core/health.ts';
import type {Principal} from '../core/principal.ts';
import type {Drop, RevocationElement} from '../core/revocation/revocation.ts';
import type {RevocationSet} from '../core/revocation/revocationSet.ts';
import {makeSeldom} from '../core/seldom.ts';
import {makeAnnouncer} from './announce.ts';
import {type DropListener, makeDrops} from './drops.ts';
import {feedHealth, healthAlone} from './feedHealth.ts';
import {makeFollower} from './follow.ts';
import {makeMoment} from './moment.ts';
import {makeOwedDrops} from './owedDrops.ts';
import type {RevocationRedis} from './revocationRedis.ts';
import type {RevocationSettings} from './settings.ts';
import {type KeptRevocations, makeStanding} from './standing.ts';

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
  readonly kept?: KeptRevocations | undefined;
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
  /** Waits until what Redis held when this was called has been read; at most a second. */
  sync(): Promise<void>;
  /** Forgets what has come to its end by every clock that is known. */
  prune(): Promise<void>;
  /** Reads the set whole, then follows. Resolves when that is done, or after a second; never rejects. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** One line of a kind in so long, milliseconds. */
const logEvery = 60_000;
/** Beyond this the clock of Redis alone counts, milliseconds. */
const farApart = 60_000;

/** Makes the feed. Listeners are added before `start`. */
export const makeFeed = (parts: FeedParts): Feed => {
  const {redis, set, settings, steady, random, sleep, newId, kept} = parts;
  const born = steady();
  const moment = makeMoment(parts);
  const seldom = makeSeldom(logEvery, steady);
  const say = (level: 'info' | 'warn', message: string) => {
    // By its first words: what differs from time to time (a number, an address) makes no other line of it.
    const kind = message.replace(/\d+/g, '').split(' ', 3).join(' ');
    if (seldom(kind) !== undefined) parts.log?.(level, `revocation feed: ${message}`);
  };
  let ended = false;

  const drops = makeDrops({
    matters: parts.dropsMatter,
    open: (packed) => redis?.openDrop(packed),
    newMark: newId,
  });
  const owedDrops = makeOwedDrops({redis, matters: parts.dropsMatter, newMark: newId, random, sleep});
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
  const standing = makeStanding({follower, kept, settings, steady, say});

  return {
    async add(element) {
      set.add(element, redis === undefined);
      return {announced: announcer === undefined || (await announcer.announce(element))};
    },
    async drop(drop) {
      const mark = newId();
      drops.tell(drop, mark);
      return {announced: await owedDrops.announce(drop, mark)};
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
      standing.demandKnown();
      return set.revoked(principal, tolerance);
    },
    lag: standing.lag,
    upTo: standing.upTo,
    lost: standing.lost,
    unannounced: () => (redis === undefined ? 0 : set.unseen),
    health() {
      if (redis === undefined || follower === undefined || announcer === undefined) return healthAlone(kept);
      return feedHealth({redis, follower, announcer, owedDrops, standing, set, settings, now: parts.now});
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
      void owedDrops.run();
      while (steady() - born < 1_000 && !follower.loaded() && !ended) await sleep(20);
    },
    async close() {
      ended = true;
      follower?.end();
      announcer?.end();
      owedDrops.end();
      await redis?.close();
    },
  };
};
