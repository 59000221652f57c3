// What an operator says to revoke somebody, as a revocation.
import {type Removal, type Revocation, selectors, untilNow} from './revocation.ts';
import {checkElement} from './revocationCheck.ts';

/** Who says so, and why: written down with what was done. */
export interface Attribution {
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
}

/**
 * At least one selector. `before`: an RFC 3339 time, or seconds since the epoch; absent: whatever its age for a token or a
 * session, else everything issued until now.
 */
export interface RevocationOrder extends Attribution {
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
  readonly provider?: string | undefined;
  readonly before?: string | number | undefined;
}

const orderKeys = new Set<string>([...selectors, 'before', 'reason', 'by']);

/** The moment, milliseconds since the epoch, how long to keep it, and something random. */
export interface Making {
  readonly now: number;
  readonly keep: number;
  readonly salt: string;
}

/** The revocation, or what is wrong with the order. It is kept until nothing that it refuses can be alive. */
export const revocationOf = (
  order: RevocationOrder,
  {now, keep, salt}: Making,
): {readonly revocation: Omit<Revocation, 'id'>} | {readonly fault: string} => {
  const other = Object.keys(order).find((key) => !orderKeys.has(key));
  if (other !== undefined) return {fault: `has an unknown key: the keys are ${[...orderKeys].join(', ')}`};
  const {before, ...rest} = order;
  const moment = before === undefined ? undefined : secondsOf(before);
  if (before !== undefined && moment === undefined) {
    return {fault: 'has a `before` that is no time: write 2026-01-31T12:00:00Z, or seconds since the epoch'};
  }
  if (moment !== undefined && moment > untilNow(now)) {
    return {fault: 'has a `before` in the future: it would refuse tokens that are still to be issued'};
  }
  const checked = checkElement({...rest, before: moment, at: now, expires: now + keep, salt});
  return 'fault' in checked ? checked : {revocation: checked.element as Omit<Revocation, 'id'>};
};

/** Takes back a revocation, for at least as long as that one is kept; or what is wrong with the order. */
export const removalOf = (
  {id, expires}: Pick<Revocation, 'id' | 'expires'>,
  {reason, by, ...others}: Attribution,
  {now, keep, salt}: Making,
): {readonly removal: Omit<Removal, 'id'>} | {readonly fault: string} => {
  if (Object.keys(others).length > 0) return {fault: 'has an unknown key: the keys are reason and by'};
  const end = Math.max(expires, now + keep);
  const checked = checkElement({removes: id, reason, by, at: now, expires: end, salt});
  return 'fault' in checked ? checked : {removal: checked.element as Omit<Removal, 'id'>};
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
