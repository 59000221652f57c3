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
