// Work that may take long, cut into steps, so that whoever has it done can let other things happen in between.

/** Yields after each small piece of work; what it returns is the result. */
export type Steps<T> = Generator<void, T>;

/** All of it at once, where nobody waits. */
export const whole = <T>(steps: Steps<T>): T => {
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
  }
};

export interface SlicesParts {
  /** Milliseconds, steady. */
  readonly steady: () => number;
  /** Lets everything else that is due happen. */
  readonly pause: () => Promise<void>;
}

/** Milliseconds of one slice: a decision that comes meanwhile waits no longer. */
export const longestSlice = 4;

/** Piece by piece, with a pause whenever a slice has taken its time. */
export const inSlices = async <T>(steps: Steps<T>, {steady, pause}: SlicesParts): Promise<T> => {
  let began = steady();
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
    if (steady() - began < longestSlice) continue;
    await pause();
    began = steady();
  }
};
