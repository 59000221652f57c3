// What only another service can say (is this session live, is this secret right): asked once, and remembered for a while.
import {hash} from 'node:crypto';
import {lifeLeft, type MakeFetchingCache} from '../core/cache.ts';
import type {Shape} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {After} from './keyKeeper.ts';

/** What asking needs of the rest of the program. */
export interface AskingParts {
  readonly makeCache: MakeFetchingCache;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
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
}

/** One question. */
export interface Question<Answer> {
  /** What the answer depends on besides the settings, the credential among it. Only a hash of it leaves the process. */
  readonly about: readonly string[];
  /** Asks the service, which has until `deadline`. Rejects with Unavailable. */
  ask(deadline: number): Promise<Answer>;
  /** Milliseconds that such an answer counts from when it was asked for; 0: it is asked for each time. */
  life(answer: Answer): number;
  /** Milliseconds since the epoch at which it ends whatever its life. Default: never. */
  end?(answer: Answer): number;
}

/**
 * The answer: remembered, else asked for. Everyone who wants it meanwhile waits for the same question, each until the own
 * `deadline` (milliseconds since the epoch); then Unavailable. The same answer is the same object while it is remembered.
 */
export type AskOnce<Answer> = (question: Question<Answer>, deadline: number) => Answer | Promise<Answer>;

/** `until`: milliseconds since the epoch, so that no layer of the cache, and no other instance, keeps it anew. */
interface Kept<Answer> {
  readonly answer: Answer;
  readonly until: number;
}

/** Milliseconds that a question may take. Envoy often waits no longer than 200 ms, and some answers take a second. */
const budget = 5_000;

/**
 * A question has a deadline of its own: the answer is remembered even if the one who asked first could not wait for it,
 * so that the next one has it. Else a service that is slower than Envoy's patience could never let anyone in.
 */
export const makeAskOnce = <Answer>(asked: Asked<Answer>, {makeCache, now, after}: AskingParts): AskOnce<Answer> => {
  const {dependency, shape} = asked;
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

  const within = async (kept: Promise<Kept<Answer>>, deadline: number): Promise<Answer> => {
    if (deadline === Number.POSITIVE_INFINITY) return (await kept).answer;
    const late = Promise.withResolvers<never>();
    const stop = after(Math.max(0, deadline - now()), () =>
      late.reject(new Unavailable(dependency, new Error('it is being asked, and the deadline has passed'))),
    );
    try {
      return (await Promise.race([kept, late.promise])).answer;
    } finally {
      stop();
    }
  };

  const load = async ({ask, life, end}: Question<Answer>): Promise<Kept<Answer>> => {
    const since = now();
    const answer = await ask(since + budget);
    return {answer, until: Math.min(since + life(answer), end?.(answer) ?? Number.POSITIVE_INFINITY)};
  };

  return (question, deadline) => {
    const kept = cache.fetch(
      hash('sha256', prefix + JSON.stringify(question.about), 'base64url'),
      () => load(question),
      ({answer, until}) => Math.max(0, lifeLeft(until, question.life(answer), now())),
    );
    return kept instanceof Promise ? within(kept, deadline) : kept.answer;
  };
};
