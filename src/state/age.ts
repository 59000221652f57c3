// How old something is that was written by a process that is gone: never younger for a clock that was put back.

/** The clocks of this machine, milliseconds. */
export interface MachineClocks {
  /** Since the epoch. */
  readonly now: () => number;
  /** Since this process began, or any other moment. */
  readonly steady: () => number;
  /** Since the machine started; goes on while it sleeps, and no step of the wall clock moves it. */
  readonly uptime: () => number;
  /** Names the start of the machine; undefined: nothing does. */
  readonly boot: string | undefined;
}

/** A moment as it is written. */
export interface WrittenMoment {
  readonly asOf: number;
  readonly uptime: number;
  readonly boot?: string | undefined;
}

/** What other clocks (that of a file server) may be ahead of ours, milliseconds. */
const tolerated = 60_000;

/** A moment of the steady clock as it is written. */
export const writtenMoment = ({now, steady, uptime, boot}: MachineClocks, moment: number): WrittenMoment => {
  const old = Math.max(0, steady() - moment);
  return {asOf: Math.round(now() - old), uptime: Math.round(uptime() - old), ...(boot !== undefined && {boot})};
};

/**
 * Its age in milliseconds; undefined: it cannot be told, since the wall clock is behind what was written. On the same
 * start of the machine its uptime knows better than any wall clock. `written`: when something was last written there
 * (milliseconds since the epoch), by clocks that may be other ones.
 */
export const ageOf = (
  {asOf, uptime, boot}: WrittenMoment,
  clocks: MachineClocks,
  written = Number.NEGATIVE_INFINITY,
): number | undefined => {
  const now = clocks.now();
  const byUptime = clocks.uptime() - uptime;
  const knowsBoot = boot !== undefined && boot === clocks.boot && byUptime >= 0;
  if (knowsBoot) return Math.max(byUptime, now - asOf);
  const latest = Math.max(asOf, written);
  return now < latest - tolerated ? undefined : Math.max(now, latest) - asOf;
};
