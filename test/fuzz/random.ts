// Numbers that look random and are the same for the same seed, so that a run can be had again.

/** Draws from a seed. */
export interface Random {
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number;
  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32 by Tommy Ettinger (public domain): 32 bits of state are enough for choosing. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {below, pick: (list) => list[below(list.length)] as (typeof list)[number]};
};
