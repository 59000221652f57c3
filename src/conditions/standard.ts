// Functions that stand in the place of the library's, where these differ from the specification of CEL, or take time or
// space that is not paid for (costs.ts).
import type {CelFunc, CelList, StandardParts} from './library.ts';
import {joined, pieces, replaced} from './pieces.ts';
import {inZone, zoned} from './zones.ts';

export const standardFunctions = ({cel, wkt, spend}: StandardParts): CelFunc[] => {
  const {celFunc, celMethod, celList, celUint, listType, mapType, objectType, CelScalar} = cel;
  const {INT, UINT, DOUBLE, STRING, BOOL, DYN} = CelScalar;
  const list = listType(DYN);
  const map = mapType(DYN, DYN);
  const timestamp = objectType(wkt.TimestampSchema);
  const asList = (texts: readonly string[]): CelList => {
    spend(texts.length);
    return celList(texts);
  };
  return [
    // The library takes '' for 0, and `0x10` and ` 1 ` for numbers.
    celFunc('int', [STRING], INT, (text) => whole(text, -(2n ** 63n), 2n ** 63n - 1n)),
    celFunc('uint', [STRING], UINT, (text) => celUint(whole(text, 0n, 2n ** 64n - 1n))),
    celFunc('double', [STRING], DOUBLE, decimal),
    // The library takes the seconds for milliseconds.
    celFunc('timestamp', [INT], timestamp, (seconds) => wkt.timestampFromMs(Number(inTime(seconds)) * 1_000)),
    // The library goes by way of the machine's own time zone, where an hour may be missing.
    ...zoned.flatMap((name) => [
      celMethod(name, timestamp, [], INT, function () {
        return partOf(name, inZone(millisecondsOf(this.message), undefined));
      }),
      celMethod(name, timestamp, [STRING], INT, function (zone) {
        return partOf(name, inZone(millisecondsOf(this.message), zone));
      }),
    ]),
    // The library keeps the lists as they are, one within another, and asks each of them for each member.
    celFunc('_+_', [list, list], list, (first, second) => celList([...first, ...second])),
    // The library does not find a key whose value is null.
    ...[STRING, INT, UINT, DOUBLE, BOOL].map((key) =>
      celFunc('@in', [key, map], BOOL, (asked, of) => of.get(asked) !== undefined),
    ),
    // The library drops what is behind the last piece.
    celMethod('split', STRING, [STRING], list, function (separator) {
      return asList(pieces(this, separator, -1n));
    }),
    celMethod('split', STRING, [STRING, INT], list, function (separator, most) {
      return asList(pieces(this, separator, most));
    }),
    // The library copies the whole text for each part that it replaces.
    celMethod('replace', STRING, [STRING, STRING], STRING, function (old, made) {
      return replaced(this, old, made, -1n, spend);
    }),
    celMethod('replace', STRING, [STRING, STRING, INT], STRING, function (old, made, most) {
      return replaced(this, old, made, most, spend);
    }),
    celMethod('join', list, [], STRING, function () {
      return joined(this, '', spend);
    }),
    celMethod('join', list, [STRING], STRING, function (separator) {
      return joined(this, separator, spend);
    }),
  ];
};

const longestNumber = 64;

const whole = (text: string, least: bigint, most: bigint): bigint => {
  if (text.length > longestNumber || !/^[+-]?\d+$/.test(text)) throw new Error('no whole number');
  const number = text.startsWith('+') ? BigInt(text.slice(1)) : BigInt(text);
  if (number < least || number > most) throw new Error('out of range');
  return number;
};

const decimal = (text: string): number => {
  const [, sign, name] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (name !== undefined) return name.toLowerCase() === 'nan' ? Number.NaN : Number(`${sign}Infinity`);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error('no number');
  return Number(text);
};

/** Seconds since 1970, within the years 1 to 9999. */
const inTime = (seconds: bigint): bigint => {
  if (seconds < -62_135_596_800n || seconds > 253_402_300_799n) throw new Error('out of range');
  return seconds;
};

/** Not the library's, which rounds up into the next second. */
const millisecondsOf = ({seconds, nanos}: {readonly seconds: bigint; readonly nanos: number}): number =>
  Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000);

const day = 86_400_000;

const parts: Readonly<Record<(typeof zoned)[number], (local: Date) => number>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getDayOfYear: (local) => {
    const begin = new Date(local);
    begin.setUTCMonth(0, 1);
    return Math.round((local.getTime() - begin.getTime()) / day);
  },
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
  getMilliseconds: (local) => local.getUTCMilliseconds(),
};

const partOf = (name: (typeof zoned)[number], local: Date): bigint => BigInt(parts[name](local));
