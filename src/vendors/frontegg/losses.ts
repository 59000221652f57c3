// How many audit events were lost, told to the log: seldom, and in the end all of them.
import type {VendorParts} from '../vendor.ts';

export interface Losses {
  add(number: number, why: string): void;
  /** Tells what is not told yet. */
  close(): void;
}

/** Milliseconds between two lines of the log. */
const quiet = 60_000;

/**
 * The first loss is told at once, and what follows once a minute. Each line has the number since the line before it, so
 * that they add up to the whole, and the reason of the latest.
 */
export const makeLosses = (name: string, {after, log}: Pick<VendorParts, 'after' | 'log'>): Losses => {
  let lost = 0;
  let latest = '';
  /** Ends the quiet minute early; undefined: there is none. */
  let cancel: (() => void) | undefined;

  const tell = () => {
    cancel = undefined;
    if (lost === 0) return;
    log.warn({provider: name, lost}, `audit events are lost: ${latest}`);
    lost = 0;
    cancel = after(quiet, tell);
  };

  return {
    add(number, why) {
      if (number === 0) return;
      lost += number;
      latest = why;
      if (cancel === undefined) tell();
    },
    close() {
      cancel?.();
      tell();
      cancel?.();
      cancel = undefined;
    },
  };
};
