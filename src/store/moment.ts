// Now, by two clocks: the wall's, which may be put back or forward, and a steady one, which knows no date.

export interface Moment {
  /** The later of both readings, milliseconds since the epoch: for what is to reach far enough. */
  latest(): number;
  /** The earlier of both: for what is to be kept long enough. */
  earliest(): number;
}

/** So long the steady clock goes by the wall clock's first reading before it takes another, milliseconds. */
const trusted = 3_600_000;

/** Both clocks start at one moment. A machine that slept has a steady clock that is late: the wall's is later then. */
export const makeMoment = ({now, steady}: {readonly now: () => number; readonly steady: () => number}): Moment => {
  const first = {wall: now(), steady: steady()};
  let anchor = first;
  return {
    latest() {
      if (steady() - anchor.steady > trusted) anchor = {wall: now(), steady: steady()};
      return Math.max(now(), anchor.wall + steady() - anchor.steady);
    },
    earliest: () => Math.min(now(), first.wall + steady() - first.steady),
  };
};
