// The ways in which upstreams read what `paths.allow` has opened: each must lead to the same rule.
import type {PathAllowance} from './path.ts';
import {percentDecoded} from './percent.ts';

type Segments = readonly string[];

/**
 * Every reading of a path that holds an opened ambiguity, without repetitions. The first is that of lenient upstreams: no
 * parameters, no empty segments, an encoded slash as a character, decoded once. Undefined where a segment has only
 * parameters, and where it would decode a third time.
 *
 * @param decoded the segments, decoded once
 */
export const readingsOf = (decoded: Segments, allow: ReadonlySet<PathAllowance>): readonly Segments[] | undefined => {
  const twice = decoded.some(isEncoded) ? decoded.map(decodedAgain) : decoded;
  if (twice.some(isEncoded)) return undefined;
  const lenient = decoded.map(withoutParameters);
  if (!allow.has('emptySegment') && lenient.includes('')) return undefined;

  const readings = new Map<string, Segments>();
  const add = (segments: Segments): void => {
    for (const reading of [segments.filter((segment) => segment !== ''), segments]) {
      const key = [reading.length, ...reading].join('\0');
      if (!readings.has(key)) readings.set(key, reading);
    }
  };
  for (const level of twice === decoded ? [decoded] : [decoded, twice]) {
    const split = level.flatMap((segment) => segment.split('/'));
    for (const segments of [level, split]) add(segments.map(withoutParameters));
    add(level.flatMap((segment) => withoutParameters(segment).split('/')));
    for (const segments of [level, split]) add(segments);
  }
  return [...readings.values()];
};

const isEncoded = (segment: string): boolean => /%[0-9A-Fa-f]{2}/.test(segment);

/** Path.ts has seen to it that what is encoded can be decoded. */
const decodedAgain = (segment: string): string => (isEncoded(segment) ? (percentDecoded(segment) ?? segment) : segment);

const withoutParameters = (segment: string): string => {
  const mark = segment.indexOf(';');
  return mark < 0 ? segment : segment.slice(0, mark);
};
