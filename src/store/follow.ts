// Keeps the set of a process in step with Redis: read whole, then followed, and compared again whenever it may differ.
import type {RevocationSet} from '../core/revocation/revocationSet.ts';
import type {Change, Changes} from './changes.ts';
import type {Drops} from './drops.ts';
import {faultOf} from './faults.ts';
import {block, isNewerMark, type Look, type RevocationRedis} from './revocationRedis.ts';

export interface FollowParts {
  readonly redis: RevocationRedis;
  readonly set: RevocationSet;
  readonly drops: Drops;
  /** Milliseconds of a clock that never steps. */
  readonly steady: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Lets others have the event loop. */
  readonly pause: () => Promise<void>;
  readonly say: (level: 'info' | 'warn', message: string) => void;
  /** Told after each comparing how many elements Redis lacks. */
  readonly compared: (missing: number) => void;
}

export interface Follower {
  /** Seconds by which this process may be behind; 0 while it is in step. */
  lag(): number;
  /** When it was last known to be in step, by the steady clock. */
  upTo(): number;
  /** True once the set has been read whole. */
  loaded(): boolean;
  /** Milliseconds since Redis last gave something that it had not given before. */
  stalled(): number;
  /** The clock of Redis, milliseconds since the epoch; undefined: never heard. */
  redisNow(): number | undefined;
  /** What is wrong with what stands in Redis, as a sentence; undefined: nothing. */
  trouble(): string | undefined;
  /** What last went wrong with reading. */
  fault(): string | undefined;
  /** A write of this process has led to this mark: Redis is another one if it does not come by. */
  expect(mark: string): void;
  /** Heard in a reply: the clock of Redis. */
  clock(time: number): void;
  run(): Promise<void>;
  end(): void;
}

/** A read that takes longer than it may block proves nothing. */
const grace = 500;
/** Members that are opened without a pause. */
const slice = 100;
const compareEvery = 10_000;
/** Milliseconds after which all members are compared anew, for what other hands change: ten seconds, or one for each. */
export const comparedAfter = (members: number): number => Math.max(compareEvery, members);
const mostPassed = 2_000;

interface Position {
  mark: string;
  count: number;
  at: string;
}

export const makeFollower = (parts: FollowParts): Follower => {
  const {redis, set, drops, steady, random, sleep, pause, say} = parts;
  let position: Position | undefined;
  const expected = new Set<string>();
  const passed = new Set<string>();
  let upTo = steady();
  let progress = steady();
  let furthest = 0;
  let waiting = false;
  let loaded = false;
  let ended = false;
  let heard: {readonly time: number; readonly at: number} | undefined;
  let foreign = 0;
  let newer = false;
  let fault: string | undefined;
  let comparedAt = Number.NEGATIVE_INFINITY;
  let took = 0;

  const clock = (time: number) => {
    heard = {time, at: steady()};
  };
  const redisNow = () => heard && heard.time + steady() - heard.at;
  const look = async (): Promise<Look> => {
    const found = await redis.look();
    clock(found.time);
    return found;
  };

  /** Adds what is ours; answers how many are not, and notices a newer form. */
  const take = async (members: readonly string[], told: {foreign: number; newer: boolean}): Promise<void> => {
    for (let from = 0; from < members.length; from += slice) {
      if (from > 0) await pause();
      for (const member of members.slice(from, from + slice)) {
        const opened = redis.open(member);
        if ('element' in opened) set.add(opened.element, true);
        else told.foreign += 1;
        if ('foreign' in opened && opened.foreign === 'newer') told.newer = true;
      }
    }
  };

  /**
   * Reads the set whole, and what changes meanwhile. Afterwards what is known here and not there is known to be missing.
   * `wasInStep`: there is no reason but that it is time.
   */
  const compare = async (wasInStep: boolean): Promise<void> => {
    // Whoever changes the mark or the number again and again is not to keep us busy with nothing else.
    const rest = comparedAt + Math.min(took, compareEvery) - steady();
    if (rest > 0) await sleep(rest);
    const began = steady();
    expected.clear();
    passed.clear();
    const there = await look();
    set.beginRound();
    const told = {foreign: 0, newer: isNewerMark(there.mark)};
    const at = {mark: there.mark, count: there.count, at: there.lastChange};
    passed.add(at.mark);
    let read = 0;
    for await (const members of ahead(redis.pages())) {
      const moment = steady();
      const changing = redis.wait(at.at, drops.at, 0);
      // Whatever becomes of it is looked at below.
      changing.catch(() => undefined);
      await take(members, told);
      read += 1;
      if (read > furthest) progress = steady();
      furthest = Math.max(furthest, read);
      await pause();
      const {changes} = await changing;
      if ((await follow(changes, at)) && wasInStep) upTo = moment;
    }
    for (const _ of set.endRound(redisNow() ?? there.time)) await pause();
    foreign = told.foreign;
    newer = told.newer;
    position = at;
    expected.delete(there.mark);
    if (!loaded || there.lastDrop !== drops.at) drops.begin(await redis.allDrops(), there.time);
    comparedAt = steady();
    took = comparedAt - began;
    caughtUp(began);
    parts.compared(set.unseen);
  };

  const pass = async (change: Change, at: Position): Promise<void> => {
    const told = {foreign: 0, newer: false};
    await take(change.members, told);
    foreign += told.foreign;
    newer ||= told.newer || isNewerMark(change.after);
    at.mark = change.after;
    at.count = change.count;
    expected.delete(change.after);
    if (passed.size >= mostPassed) passed.clear();
    passed.add(change.after);
    if (change.asked) void redis.hear(change.after).catch(() => undefined);
  };
  /** Applies the changes that follow one another from where we are; whether that was all of them. */
  const follow = async ({changes, last}: Changes, at: Position): Promise<boolean> => {
    let linked = true;
    for (const change of changes) {
      if (change.before === at.mark) await pass(change, at);
      else if (!passed.has(change.after)) linked = false;
    }
    at.at = last ?? at.at;
    return linked;
  };
  const isInStep = async (at: Position): Promise<boolean> => {
    const owed = [...expected];
    const there = await look();
    if (there.lastDrop !== drops.at) drops.begin(await redis.allDrops(), there.time);
    if (there.mark !== at.mark) {
      const known = at.mark;
      await follow(await redis.allChanges(), at);
      return at.mark !== known;
    }
    return there.count === at.count && !owed.some((mark) => expected.has(mark));
  };

  const caughtUp = (moment: number) => {
    upTo = moment;
    progress = steady();
    loaded = true;
    fault = undefined;
  };
  /** Until something may differ. */
  const readOn = async (at: Position): Promise<'differs' | 'due' | 'ended'> => {
    let looked = Number.NEGATIVE_INFINITY;
    while (!ended) {
      let proven = steady();
      waiting = true;
      const {changes, drops: dropped} = await redis.wait(at.at, drops.at, block);
      waiting = false;
      const isLinked = await follow(changes, at);
      const isWhole = drops.follow(dropped);
      const nothing = changes.last === undefined && dropped.last === undefined;
      if (!isLinked || !isWhole || nothing || steady() - looked >= block) {
        if (!isWhole) drops.begin(await redis.allDrops(), redisNow() ?? 0);
        looked = steady();
        proven = looked;
        if (!(await isInStep(at))) return 'differs';
        if (steady() - comparedAt > comparedAfter(at.count)) return 'due';
      }
      caughtUp(proven);
    }
    return 'ended';
  };

  return {
    lag() {
      const since = steady() - upTo;
      // A read that is waiting brings the next change at once.
      return waiting && redis.ready() && since < block + grace ? 0 : since / 1_000;
    },
    upTo: () => upTo,
    loaded: () => loaded,
    stalled: () => steady() - progress,
    redisNow,
    trouble() {
      if (newer) return 'a newer version has written there: what can be read counts, and nothing is changed';
      if (foreign > 0)
        return `${foreign} entries there are not ours, and are ignored: has another instance another sealKey?`;
      return undefined;
    },
    fault: () => fault,
    expect(mark) {
      if (mark !== '' && !passed.has(mark)) expected.add(mark);
    },
    clock,
    async run() {
      let wasInStep = false;
      while (!ended) {
        try {
          if (!redis.ready()) {
            await sleep(50);
            continue;
          }
          if (position === undefined) await compare(wasInStep);
          wasInStep = position !== undefined && (await readOn(position)) === 'due';
          position = undefined;
        } catch (error) {
          waiting = false;
          if (ended) return;
          wasInStep = false;
          fault = faultOf(error);
          say('warn', `cannot be read: ${fault}; trying again`);
          await sleep(100 + random() * 200);
        }
      }
    },
    end() {
      ended = true;
    },
  };
};

/** The same, while the next one is under way already: Redis works while we do. */
async function* ahead<T>(all: AsyncIterable<T>): AsyncGenerator<T> {
  const each = all[Symbol.asyncIterator]();
  const ask = () => {
    const asked = each.next();
    // Whoever leaves before never looks at it.
    asked.catch(() => undefined);
    return asked;
  };
  for (let next = ask(); ; ) {
    const {value, done} = await next;
    if (done === true) return;
    next = ask();
    yield value;
  }
}
