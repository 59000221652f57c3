// Moments in time zones, on any machine: `03:00` of a day in which the machine's own clock has no such hour, too.
import {kept} from './kept.ts';

/** The parts of a moment, each of which may be asked for in a zone. */
export const zoned = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
] as const;

/** More zones than a configuration names; a claim may name others, and each takes some 30 KB. */
const mostZones = 100;

/** A moment whose parts in UTC are those of `zone` (none: UTC; `+02:00`; a name of IANA). Throws for an unknown zone. */
export const inZone = (milliseconds: number, zone: string | undefined): Date => {
  if (zone === undefined || zone === 'UTC') return new Date(milliseconds);
  const [, sign, hours, minutes] = /^([+-]?)(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (hours !== undefined) {
    const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
    return new Date(milliseconds + (sign === '-' ? -offset : offset));
  }
  const local = new Date(0);
  const part = Object.fromEntries(
    formatOf(zone)
      .formatToParts(milliseconds)
      .map(({type, value}) => [type, Number(value)]),
  );
  // Not Date.UTC, which takes the year 99 for 1999.
  local.setUTCFullYear(part.year as number, (part.month as number) - 1, part.day as number);
  local.setUTCHours(part.hour as number, part.minute, part.second, new Date(milliseconds).getUTCMilliseconds());
  return local;
};

const formatOf = kept(
  (timeZone: string) =>
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }),
  mostZones,
);

/** Whether to write a moment in this zone takes no longer than to write it: another one is made ready first, in 0.1 ms. */
export const isZoneAtHand = (zone: string): boolean => formatOf.has(zone) || /^(UTC|[+-]?\d\d:\d\d)$/.test(zone);

/** Whether a function reads a part of a moment. */
export const isZoned = (name: string): boolean => zoned.some((one) => one === name);

/** Whether a text names a time zone. */
export const isZone = (zone: string): boolean => {
  try {
    return !Number.isNaN(inZone(0, zone).getTime());
  } catch {
    return false;
  }
};
