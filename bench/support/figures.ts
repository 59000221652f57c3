// What is measured, as numbers that say how sure they are.

/** The median of all rounds, and the quartiles: half of the rounds lie between `low` and `high`. */
export interface Spread {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Figures in `times` are ratios of one run: they alone can be compared between machines. */
export type Unit = 'times' | 'µs' | 'ms' | 'MiB' | 'bytes' | 'minutes' | 'calls' | 'a second';

export interface Figure extends Spread {
  readonly what: string;
  readonly unit: Unit;
  /** What is aimed at, at most. */
  readonly goal?: number;
}

const digits = 3;
const rounded = (value: number): number => Number(value.toPrecision(digits));

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number => {
    const place = (sorted.length - 1) * share;
    const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return below + (above - below) * (place - Math.floor(place));
  };
  return {value: rounded(at(0.5)), low: rounded(at(0.25)), high: rounded(at(0.75))};
};

/** A figure of what was seen in each round, or once. */
export const figure = (what: string, unit: Unit, seen: readonly number[], goal?: number): Figure => ({
  what,
  unit,
  ...spreadOf(seen),
  ...(goal !== undefined && {goal}),
});

/** What one takes in times of the other, round by round: what slows the machine for a moment slows both. */
export const times = (what: string, ones: readonly number[], others: readonly number[], goal?: number): Figure =>
  figure(
    what,
    'times',
    ones.map((one, round) => one / (others[round] ?? Number.NaN)),
    goal,
  );
