// What a caller can bring about at will is told once in a while, with how often it was since.

/** How often it has happened since it was last told, this time included; undefined: it was told a moment ago. */
export type Seldom = (what: string) => number | undefined;

/** `pause` between two times that the same is told, and `steady`: milliseconds. `what` must be one of a few. */
export const makeSeldom = (pause: number, steady: () => number): Seldom => {
  const told = new Map<string, {readonly at: number; since: number}>();
  return (what) => {
    const now = steady();
    const last = told.get(what);
    if (last !== undefined && now - last.at < pause) {
      last.since += 1;
      return undefined;
    }
    told.set(what, {at: now, since: 0});
    return 1 + (last?.since ?? 0);
  };
};
