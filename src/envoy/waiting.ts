// The calls that wait for a decision, and the one timer that ends those whose time is over.

/** A call that waits. `end` is called at most once, when `expires` (milliseconds since the epoch) has come. */
export interface Waiting {
  readonly expires: number;
  end(): void;
}

export interface WaitingRoom {
  readonly size: number;
  enter(call: Waiting): void;
  leave(call: Waiting): void;
  close(): void;
}

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One timer for all calls, armed for the earliest end and left alone when that call leaves: most decisions settle within
 * microtasks, and a timer for each would cost more than the decision's own bookkeeping.
 */
export const makeWaitingRoom = (now: () => number): WaitingRoom => {
  const calls = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let wakes = Infinity;

  const arm = (expires: number): void => {
    clearTimeout(timer);
    wakes = expires;
    timer = setTimeout(sweep, Math.min(Math.max(expires - now(), 1), LONGEST_TIMER));
    timer.unref();
  };
  const sweep = (): void => {
    wakes = Infinity;
    const at = now();
    let earliest = Infinity;
    for (const call of calls) {
      if (call.expires > at) {
        earliest = Math.min(earliest, call.expires);
        continue;
      }
      calls.delete(call);
      call.end();
    }
    if (earliest < wakes) arm(earliest);
  };

  return {
    get size() {
      return calls.size;
    },
    enter(call) {
      calls.add(call);
      if (call.expires < wakes) arm(call.expires);
    },
    leave: (call) => void calls.delete(call),
    close: () => clearTimeout(timer),
  };
};
