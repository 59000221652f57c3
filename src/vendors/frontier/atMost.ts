// How many questions about one thing are under way at one time: what callers can multiply must not crowd out the others.
import {Unavailable} from '../../core/unavailable.ts';

/** Asks, unless as many as may be are under way about the same thing; then it throws Unavailable. */
export type AtMost = <T>(about: string, ask: () => Promise<T>) => Promise<T>;

/** `others`: what those are about, for the message: `other secrets`. */
export const makeAtMost = (most: number, dependency: string, others: string): AtMost => {
  const underWay = new Map<string, number>();
  return async (about, ask) => {
    const before = underWay.get(about) ?? 0;
    if (before >= most) throw new Unavailable(dependency, new Error(`it is being asked about ${most} ${others}`));
    underWay.set(about, before + 1);
    try {
      return await ask();
    } finally {
      const left = (underWay.get(about) ?? 1) - 1;
      if (left > 0) underWay.set(about, left);
      else underWay.delete(about);
    }
  };
};

/** Asks when its turn comes: as many as may be are under way, the others wait in line. */
export type InTurn = <T>(ask: () => Promise<T>) => Promise<T>;

/** For what honest callers ask in bursts. A question that has waited beyond its deadline fails without being asked. */
export const makeInTurn = (most: number): InTurn => {
  let underWay = 0;
  const line: (() => void)[] = [];
  return async (ask) => {
    if (underWay < most) underWay += 1;
    else await new Promise<void>((takeTurn) => line.push(takeTurn));
    try {
      return await ask();
    } finally {
      const next = line.shift();
      if (next === undefined) underWay -= 1;
      else next();
    }
  };
};
