// What only another service can say (is this session live, is this secret right): asked once, and remembered for a while.
import type {FetchingCache} from '../core/cache.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {After} from './keyKeeper.ts';

export interface AskOnceParts<V> {
  /** As in the metrics: `frontier:fr`. */
  readonly dependency: string;
  readonly cache: FetchingCache<V>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly after: After;
}

/**
 * The answer for `key`: remembered, else what `ask` gives. Everyone who wants it meanwhile waits for the same question,
 * each until the own `deadline` (milliseconds since the epoch); then Unavailable. `ttl`: for how long an answer counts.
 */
export type AskOnce<V> = (
  key: string,
  ask: (deadline: number) => Promise<V>,
  ttl: (answer: V) => number,
  deadline: number,
) => V | Promise<V>;

/** Milliseconds that a question may take. Envoy often waits no longer than 200 ms, and some answers take a second. */
const budget = 5_000;

/**
 * A question has a deadline of its own: the answer is remembered even if the one who asked first could not wait for it,
 * so that the next one has it. Else a service that is slower than Envoy's patience could never let anyone in.
 */
export const makeAskOnce = <V>({dependency, cache, now, after}: AskOnceParts<V>): AskOnce<V> => {
  const within = async (answer: Promise<V>, deadline: number): Promise<V> => {
    if (deadline === Number.POSITIVE_INFINITY) return answer;
    const late = Promise.withResolvers<never>();
    const stop = after(Math.max(0, deadline - now()), () =>
      late.reject(new Unavailable(dependency, new Error('it is being asked, and the deadline has passed'))),
    );
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      stop();
    }
  };

  return (key, ask, ttl, deadline) => {
    const answer = cache.fetch(key, () => ask(now() + budget), ttl);
    return answer instanceof Promise ? within(answer, deadline) : answer;
  };
};
