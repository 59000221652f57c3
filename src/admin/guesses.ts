// Guesses of the admin token: each wrong one is answered a moment later, so that guessing gets nowhere and costs little.

/** Resolves when a refusal may be answered. */
export type PauseForGuess = () => Promise<void>;

const pause = 1_000;
/** Refusals that wait at once: beyond it they are answered at once, for whoever waits holds a connection. */
const most = 64;

/**
 * The first of a second is answered at once: somebody has mistyped. Nobody is locked out: whoever has the token is let in
 * at once, whatever others try, since a revocation must not wait. `steady` in milliseconds.
 */
export const makePauseForGuess = (steady: () => number): PauseForGuess => {
  let last = Number.NEGATIVE_INFINITY;
  let waiting = 0;
  return async () => {
    const now = steady();
    const isFirst = now - last >= pause;
    last = now;
    if (isFirst || waiting >= most) return;
    waiting += 1;
    await new Promise((resolve) => setTimeout(resolve, pause).unref());
    waiting -= 1;
  };
};
