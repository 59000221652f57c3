// The calls that wait for a decision, and the one timer that ends those whose time is over.
import {makeInOrder, type Placed} from '../core/inOrder.ts';

/** A call that waits. `end` is called at most once, when `expires` (milliseconds of the room's clock) has come. */
export interface Waiting extends Placed<Waiting> {
  readonly expires: number;
  /** What it holds meanwhile, in bytes. */
  readonly bytes: number;
  end(): void;
}

export interface WaitingRoom {
  readonly size: number;
  readonly bytes: number;
  enter(call: Waiting): void;
  leave(call: Waiting): void;
  close(): void;
}

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One timer for all calls, armed for the earliest end and left alone when that call leaves: most decisions settle within
 * microtasks, and a timer for each would cost more than the decision's own bookkeeping. The clock is a steady one: a step
 * of the wall clock ends no call, and keeps none.
 */
export const makeWaitingRoom = (steady: () => number): WaitingRoom => {
  const calls = makeInOrder<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let wakes = Infinity;
  let bytes = 0;

  const arm = (expires: number): void => {
    clearTimeout(timer);
    wakes = expires;
    timer = setTimeout(sweep, Math.min(Math.max(expires - steady(), 1), LONGEST_TIMER));
    timer.unref();
  };
  const sweep = (): void => {
    wakes = Infinity;
    const at = steady();
    let earliest = Infinity;
    const due: Waiting[] = [];
    for (const call of calls) {
      if (call.expires > at) earliest = Math.min(earliest, call.expires);
      else due.push(call);
    }
    for (const call of due) if (left(call)) call.end();
    if (earliest < wakes) arm(earliest);
  };

  /** False if it had left before. */
  const left = (call: Waiting): boolean => {
    if (!calls.delete(call)) return false;
    bytes -= call.bytes;
    return true;
  };

  return {
    get size() {
      return calls.size;
    },
    get bytes() {
      return bytes;
    },
    enter(call) {
      calls.add(call);
      bytes += call.bytes;
      if (call.expires < wakes) arm(call.expires);
    },
    leave: left,
    close: () => clearTimeout(timer),
  };
};
