// What one run of a condition may cost. A step is about what calling a function costs: 0.1 µs, more or less.

/** Steps of one run: what a long list of claims needs several times over, and a tenth of a second or two. */
export const mostSteps = 500_000;

/** Characters or bytes that are looked at, or made, for one step. */
const perStep = 8;
export const stepsOf = (length: number): number => Math.floor(length / perStep);

/** Ends the run, past everything that could take its answer for that of one part (`||`, `exists`). */
export class TooMuchWork extends Error {}

export interface Meter {
  /** Begins a run. */
  reset(): void;
  /** Throws `TooMuchWork` where it is more than is left, and for whatever comes after. Called before the work is done. */
  spend(steps: number): void;
  /** What the run has cost; more than `mostSteps` where it was ended. */
  spent(): number;
}

/** One for all conditions: a run is never interrupted by another. */
export const makeMeter = (): Meter => {
  let spent = 0;
  return {
    reset: () => {
      spent = 0;
    },
    spend: (steps) => {
      spent += steps;
      if (spent > mostSteps) throw new TooMuchWork('too much work');
    },
    spent: () => spent,
  };
};
