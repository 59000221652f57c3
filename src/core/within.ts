// Waiting for something that others wait for too, each no longer than the own deadline.
import {DeadlinePassed, Unavailable} from './unavailable.ts';

/** Runs something after milliseconds; what it returns calls it off. Must not keep the program from ending. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** What comes of `pending`, or Unavailable at `deadline` (milliseconds since the epoch); `pending` itself goes on. */
export type Within = <T>(dependency: string, pending: Promise<T>, deadline: number) => Promise<T>;

/** `now` in milliseconds since the epoch. */
export const makeWithin =
  (now: () => number, after: After): Within =>
  async (dependency, pending, deadline) => {
    if (deadline === Number.POSITIVE_INFINITY) return pending;
    const late = Promise.withResolvers<never>();
    const stop = after(Math.max(0, deadline - now()), () =>
      late.reject(new Unavailable(dependency, new DeadlinePassed('it is being asked, and the deadline has passed'))),
    );
    try {
      return await Promise.race([pending, late.promise]);
    } finally {
      stop();
    }
  };
