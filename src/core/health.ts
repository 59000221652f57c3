// How a part of the program says how it is.

/**
 * `ready`: works. `degraded`: works with less (Redis away, a refresh failing while the last good answer is usable).
 * `unready`: cannot decide (no keys yet, no usable snapshot). Only `unready` makes the whole unready.
 */
export interface Health {
  /** As an operator would name it: `keys acme`, `redis`, `entitlements`. */
  readonly part: string;
  readonly state: 'ready' | 'degraded' | 'unready';
  /** A sentence for a person: what is wrong, since when, what is being done. No secrets. */
  readonly detail?: string;
}

/**
 * The parts of several of a kind, each of which does without the others. What one cannot do is its own loss as long as
 * another one works: it is degraded. Only if none of them works are they what they say.
 */
export const oneOfSeveral = (several: readonly (readonly Health[])[]): readonly Health[] => {
  const isLost = (parts: readonly Health[]): boolean => parts.some(({state}) => state === 'unready');
  const all = several.flat();
  if (several.every(isLost)) return all;
  return all.map((one) => (one.state === 'unready' ? {...one, state: 'degraded'} : one));
};

/** The parts that work now and would not work after. A part that is new takes nothing from anybody. */
export const lostBy = (now: readonly Health[], after: readonly Health[]): readonly Health[] => {
  const working = new Set(now.filter(({state}) => state !== 'unready').map(({part}) => part));
  return after.filter(({part, state}) => state === 'unready' && working.has(part));
};
