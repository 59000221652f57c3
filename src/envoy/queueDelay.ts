// How late the event loop runs: the time that a call has waited before any code of ours saw it.

export interface QueueDelay {
  /** Milliseconds by which the last two ticks both came late; 0 while nothing presses. */
  now(): number;
  close(): void;
}

/**
 * One unreferenced timer measures its own lateness. grpc-js counts a call's timeout from when it reads the call's
 * headers, so what the call waited before, in the socket, is in no deadline; it is about one round of the event loop.
 * One late tick is a pause that is over (a collection of garbage, a large file read); two in a row are a queue.
 */
export const makeQueueDelay = (clock: () => number, interval = 20): QueueDelay => {
  let last = clock();
  let delay = 0;
  let before = 0;
  const timer = setInterval(() => {
    const now = clock();
    before = delay;
    delay = Math.max(0, now - last - interval);
    last = now;
  }, interval);
  timer.unref();
  return {now: () => Math.min(delay, before), close: () => clearInterval(timer)};
};
