// What an operator says to revoke somebody, as a revocation.
import {type Revocation, untilNow} from './revocation.ts';
import {checkRevocation} from './revocationCheck.ts';

/** At least one selector. `before`: an RFC 3339 time, or seconds since the epoch; absent: everything issued until now. */
export interface RevocationOrder {
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
  readonly provider?: string | undefined;
  readonly before?: string | number | undefined;
}

/**
 * The revocation, or what is wrong with the order. `now` and `keep` in milliseconds: it is kept until nothing that it
 * refuses can be alive.
 */
export const revocationOf = (
  {before, ...selectors}: RevocationOrder,
  now: number,
  keep: number,
): {readonly revocation: Revocation} | {readonly fault: string} => {
  const moment = before === undefined ? untilNow(now) : secondsOf(before);
  if (moment === undefined) {
    return {fault: 'has a `before` that is no time: write 2026-01-31T12:00:00Z, or seconds since the epoch'};
  }
  if (moment > untilNow(now)) {
    return {fault: 'has a `before` in the future: it would refuse tokens that are still to be issued'};
  }
  return checkRevocation({...selectors, before: moment, expires: now + keep});
};

// A time without a zone would mean another moment on another machine.
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/;

const secondsOf = (before: string | number): number | undefined => {
  if (typeof before === 'number') return Number.isFinite(before) && before >= 0 ? before : undefined;
  if (typeof before !== 'string') return undefined;
  if (/^\d{1,12}$/.test(before)) return Number(before);
  const time = rfc3339.test(before) ? Date.parse(before) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.ceil(time / 1_000);
};
