// How late the event loop runs: the time that a call has waited before any code of ours saw it.

export interface QueueDelay {
  /** Milliseconds by which the last tick came late; 0 while nothing presses. */
  now(): number;
  close(): void;
}

/**
 * One unreferenced timer measures its own lateness. grpc-js counts a call's timeout from when it reads the call's
 * headers, so what the call waited before, in the socket, is in no deadline; it is about one round of the event loop.
 */
export const makeQueueDelay = (clock: () => number, interval = 20): QueueDelay => {
  let last = clock();
  let delay = 0;
  const timer = setInterval(() => {
    const now = clock();
    delay = Math.max(0, now - last - interval);
    last = now;
  }, interval);
  timer.unref();
  return {now: () => delay, close: () => clearInterval(timer)};
};
