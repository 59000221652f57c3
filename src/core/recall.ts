// What was remembered is read once, and late: when the better has failed, or is long in coming.
import type {After} from './within.ts';

export interface Recall {
  /** Reads it if the better takes too long; what is returned calls that off. */
  inTime(): () => void;
  /** The better has failed: resolves when it has been read, or when that takes too long (a disk that hangs). */
  instead(): Promise<void>;
}

/** Milliseconds that a start waits for the source, the issuer or the disk. */
const patience = 2_000;

/** `read` never rejects; undefined: nothing is remembered. */
export const makeRecall = (read: (() => Promise<void>) | undefined, after: After): Recall => {
  if (read === undefined) return {inTime: () => () => {}, instead: async () => {}};
  let reading: Promise<void> | undefined;
  const once = (): Promise<void> => {
    reading ??= read();
    return reading;
  };
  const late = () => new Promise<void>((resolve) => void after(patience, resolve));
  return {
    inTime: () => after(patience, () => void once()),
    instead: () => Promise.race([once(), late()]),
  };
};
