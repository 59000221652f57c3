// One entitlement store for equal settings: a reload of the configuration that does not touch them keeps what is known.
import type {Entitlements} from './entitlements.ts';

/** The store of these settings: made at the first call, ended when all who took it have closed it. */
export type HoldEntitlements = (settings: string, make: () => Entitlements) => Entitlements;

interface One {
  readonly entitlements: Entitlements;
  users: number;
  starting: Promise<void> | undefined;
}

/**
 * Without this, a reload while the source is away would throw a good snapshot away, and each reload would read a million
 * grants anew.
 */
export const makeHoldEntitlements = (): HoldEntitlements => {
  const held = new Map<string, One>();
  return (settings, make) => {
    const one: One = held.get(settings) ?? {entitlements: make(), users: 0, starting: undefined};
    held.set(settings, one);
    one.users += 1;
    let closed = false;
    return {
      ...one.entitlements,
      start: () => {
        one.starting ??= one.entitlements.start();
        return one.starting;
      },
      close: async () => {
        if (closed) return;
        closed = true;
        one.users -= 1;
        if (one.users > 0) return;
        held.delete(settings);
        await one.entitlements.close();
      },
    };
  };
};
