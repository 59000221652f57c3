// What of the world changes by itself: time, chance, timers.
import {randomUUID} from 'node:crypto';

export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, steady, for durations. */
  readonly steady: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newId: () => string;
  /** Runs something after milliseconds, unless called off; does not keep the process alive. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** Runs something again and again, until called off; does not keep the process alive. */
  readonly every: (milliseconds: number, run: () => void) => () => void;
  /** Does not keep the process alive. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Lets everything else that is due happen. */
  readonly pause: () => Promise<void>;
}

const longestTimer = 2 ** 31 - 1;

export const clocks: Clocks = {
  now: () => Date.now(),
  steady: () => performance.now(),
  random: () => Math.random(),
  newId: () => randomUUID(),
  after: (milliseconds, run) => {
    let timer: NodeJS.Timeout;
    // Node's timers hold 31 bits: a longer time would be over at once.
    const wait = (left: number): void => {
      timer = setTimeout(() => (left > longestTimer ? wait(left - longestTimer) : run()), Math.min(left, longestTimer));
      timer.unref();
    };
    wait(milliseconds);
    return () => clearTimeout(timer);
  },
  every: (milliseconds, run) => {
    const timer = setInterval(run, milliseconds).unref();
    return () => clearInterval(timer);
  },
  pause: () => new Promise((resolve) => void setImmediate(resolve)),
  sleep: (milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds).unref()),
};
