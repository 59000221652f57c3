// What only another service can say (is this session live, is this secret right): asked once, and remembered for a while.
import {hash} from 'node:crypto';
import {lifeLeft, type MakeFetchingCache} from '../core/cache.ts';
import type {Health} from '../core/health.ts';
import type {Asks, Shape} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type After, makeWithin} from '../core/within.ts';

/** What asking needs of the rest of the program. */
export interface AskingParts {
  readonly makeCache: MakeFetchingCache;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that no step of the wall clock moves. Default: `now`. */
  readonly steady?: () => number;
  readonly after: After;
}

/** One kind of fact that one service states. */
export interface Asked<Answer> {
  /** As in the metrics: `frontier:fr`. */
  readonly dependency: string;
  /** Of the kind of fact, as in the metrics: `frontier-relations`. Its answers share a cache, in memory and in Redis. */
  readonly cache: string;
  /** All settings that an answer depends on, as JSON can write them. They are hashed: secrets in them stay here. */
  readonly settings: unknown;
  /** An answer as it is kept (JSON). Whatever comes from a shared cache is checked: others can write to it. */
  readonly shape: Shape<Answer>;
  /**
   * Whether an answer makes its question a known one, so that the next time it does not wait behind those of strangers: it
   * must be none that anybody can bring about. Default: each.
   */
  readonly good?: (answer: Answer) => boolean;
}

/** One question. */
export interface Question<Answer> {
  /** What the answer depends on besides the settings, the credential among it. Only a hash of it leaves the process. */
  readonly about: readonly string[];
  /** Asks the service, which has until `deadline`; `asks` goes with the request. Rejects with Unavailable. */
  ask(deadline: number, asks: Asks): Promise<Answer>;
  /** Milliseconds that such an answer counts from when it was asked for; 0: it is asked for each time. */
  life(answer: Answer): number;
  /** Milliseconds since the epoch at which it ends whatever its life. Default: never. */
  end?(answer: Answer): number;
}

/**
 * The answer: remembered, else asked for. Everyone who wants it meanwhile waits for the same question, each until the own
 * `deadline` (milliseconds since the epoch); then Unavailable. The same answer is the same object while it is remembered.
 */
export interface AskOnce<Answer> {
  (question: Question<Answer>, deadline: number): Answer | Promise<Answer>;
  /** Degraded since the last question that came to nothing, until one is answered. */
  health(): Health;
}

/** `until`: milliseconds since the epoch, so that no layer of the cache, and no other instance, keeps it anew. */
interface Kept<Answer> {
  readonly answer: Answer;
  readonly until: number;
}

/**
 * An answer that is in use is asked for again in the last fifth of its life, so that nobody waits for it at the end. Not
 * those of short life, in milliseconds: refusals are, and whoever goes on with a dead credential shall cost the service little.
 */
const lastPart = 0.2;
const shortLife = 5_000;
/** Milliseconds after a question that came to nothing in which none is asked ahead of time. */
const rest = 1_000;

/** Milliseconds that a question may take. Envoy often waits no longer than 200 ms, and some answers take a second. */
const budget = 5_000;

/**
 * A question has a deadline of its own: the answer is remembered even if the one who asked first could not wait for it,
 * so that the next one has it. Else a service that is slower than Envoy's patience could never let anyone in.
 */
export const makeAskOnce = <Answer>(asked: Asked<Answer>, parts: AskingParts): AskOnce<Answer> => {
  const {dependency, shape, good = () => true} = asked;
  const {makeCache, now, steady = now, after} = parts;
  // Bump the version when what is kept means something else: a shared cache outlives a deployment.
  const prefix = hash('sha256', `asked v3 ${JSON.stringify(asked.settings)}`, 'base64url');
  const cache = makeCache<Kept<Answer>>(asked.cache, {
    encode: (kept) => kept,
    decode(json) {
      const {answer, until} = Object(json) as Readonly<Record<string, unknown>>;
      const read = shape.safeParse(answer);
      return read.success && typeof until === 'number' ? {answer: read.data, until} : undefined;
    },
  });

  const within = makeWithin(now, after);
  let restUntil = Number.NEGATIVE_INFINITY;
  let failing: {readonly since: number; readonly why: string} | undefined;

  const known = makeKnown();
  const load = async (key: string, {ask, life, end}: Question<Answer>): Promise<Kept<Answer>> => {
    const since = now();
    const standing = known.has(key) ? 'known' : 'first';
    try {
      const answer = await ask(since + budget, {standing, about: key});
      failing = undefined;
      if (good(answer)) known.add(key);
      else known.delete(key);
      return {answer, until: Math.min(since + life(answer), end?.(answer) ?? Number.POSITIVE_INFINITY)};
    } catch (error) {
      // What strangers ask may fail because of what they ask.
      if (standing === 'known') restUntil = steady() + rest;
      if (error instanceof Unavailable) failing = {since: failing?.since ?? since, why: error.message};
      throw error;
    }
  };

  const answerTo = (question: Question<Answer>, deadline: number): Answer | Promise<Answer> => {
    const key = hash('sha256', prefix + JSON.stringify(question.about), 'base64url');
    const loadThis = () => load(key, question);
    const left = ({answer, until}: Kept<Answer>) => Math.max(0, lifeLeft(until, question.life(answer), now()));
    let kept = cache.fetch(key, loadThis, left);
    if (!(kept instanceof Promise) && left(kept) <= 0) {
      // The wall clock was set, or the machine has slept: whichever clock says that its time is over is believed.
      cache.delete(key);
      kept = cache.fetch(key, loadThis, left);
    }
    if (kept instanceof Promise) return within(dependency, kept, deadline).then(({answer}) => answer);
    const life = question.life(kept.answer);
    if (life > shortLife && left(kept) < life * lastPart && steady() >= restUntil) {
      // Nobody waits for it: if it fails, the answer counts on until its end, and then everyone learns of it.
      cache.renew(key, loadThis, left, left(kept)).catch(() => undefined);
    }
    return kept.answer;
  };

  const health = (): Health => {
    const part = dependency.replace(':', ' ');
    if (failing === undefined) return {part, state: 'ready'};
    const since = new Date(failing.since).toISOString();
    return {part, state: 'degraded', detail: `It cannot be asked since ${since}: ${failing.why}.`};
  };
  return Object.assign(answerTo, {health});
};

/** Keys of questions that were answered well. Two generations: those in use are never all forgotten at once. */
const makeKnown = (most = 20_000) => {
  let young = new Set<string>();
  let old = new Set<string>();
  const add = (key: string): void => {
    young.add(key);
    if (young.size < most) return;
    old = young;
    young = new Set();
  };
  return {
    add,
    has(key: string): boolean {
      if (young.has(key)) return true;
      if (!old.has(key)) return false;
      add(key);
      return true;
    },
    delete(key: string): void {
      young.delete(key);
      old.delete(key);
    },
  };
};
