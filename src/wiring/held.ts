// One part for equal settings: a reload of the configuration that does not touch them keeps what is known.

/** What can be held. `start` and `close` never reject. */
interface Part {
  start?(): Promise<void>;
  close?(): Promise<void>;
}

/** The part of these settings: made at the first call, ended when all who took it have closed it. */
export type Hold<Held extends Part> = (settings: string, make: () => Held) => Held & Required<Part>;

interface One<Held> {
  readonly part: Held;
  users: number;
  starting: Promise<void> | undefined;
}

/**
 * Without this, a reload while a source or an issuer is away would throw good grants or keys away, and each reload would
 * read a million grants anew.
 */
export const makeHold = <Held extends Part>(): Hold<Held> => {
  const held = new Map<string, One<Held>>();
  return (settings, make) => {
    const one: One<Held> = held.get(settings) ?? {part: make(), users: 0, starting: undefined};
    held.set(settings, one);
    one.users += 1;
    let closed = false;
    return {
      ...one.part,
      start: async () => {
        one.starting ??= one.part.start?.();
        await one.starting;
      },
      close: async () => {
        if (closed) return;
        closed = true;
        one.users -= 1;
        if (one.users > 0) return;
        held.delete(settings);
        await one.part.close?.();
      },
    };
  };
};
