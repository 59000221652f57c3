// The sessions that Frontier has just said to be over: over in every project, so nobody is asked about them again for a while.

export interface EndedSessions {
  has(id: string): boolean;
  /** `at`: when it was asked, milliseconds since the epoch. */
  add(id: string, at: number): void;
}

/** `life`: milliseconds for which a refusal counts. */
export const makeEndedSessions = (life: number, now: () => number): EndedSessions => {
  /** Session -> end. All live equally long, so the first to come is the first to end. */
  const ends = new Map<string, number>();
  return {
    has: (id) => (ends.get(id) ?? Number.NEGATIVE_INFINITY) > now(),
    add(id, at) {
      for (const [other, end] of ends) {
        if (end > now()) break;
        ends.delete(other);
      }
      ends.delete(id);
      ends.set(id, at + life);
    },
  };
};
