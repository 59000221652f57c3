// The one canonical form of a path, or the finding that it has none.
//
// Proxies and services read an odd path in different ways; who is let past a check by one reading and served by another
// has found a hole (opa-envoy CVE-2026-26205 `//admin`, heimdall CVE-2026-42274 `/../`, istio 27409 `..;/`). So a path
// that can be read in more than one way is refused, never resolved or repaired.
import {readAsLetters, readAsSyntax} from './foldings.ts';
import {readingsOf} from './pathReadings.ts';
import {percentDecoded} from './percent.ts';
import {rawPathOf} from './request.ts';

/** Ambiguities that are opened on purpose: whatever reading the upstream has, the rule must be the same. */
export type PathAllowance = 'semicolon' | 'encodedSlash' | 'emptySegment' | 'doubleEncoding';

export interface PathOptions {
  readonly caseSensitive: boolean;
  readonly allow: ReadonlySet<PathAllowance>;
}

/** A path that can be read in one way only. The root has no segments; a trailing slash leaves no trace. */
export interface CanonicalPath {
  /** Decoded once; in lower case if case does not count. For matching. */
  readonly segments: readonly string[];
  /** Decoded once, in the case that was sent. For captures. */
  readonly captured: readonly string[];
  /** The other ways to read what `allow` has opened: each must lead to the same rule with the same captures. */
  readonly others?: readonly CanonicalPath[];
}

/** The longest path that is looked at, in characters and without its query. RFC 9110 section 4.1 wants 8,000 at least. */
export const longestPath = 16_384;

export const mostSegments = 512;

/** Whether the path of a target is longer, or of more segments, than anyone looks at: such a request is malformed. */
export const isTooLong = (target: string): boolean => {
  if (target.length <= 2 * mostSegments) return false;
  const path = rawPathOf(target);
  if (path.length > longestPath) return true;
  let slashes = 0;
  for (let at = path.indexOf('/'); at >= 0 && slashes <= mostSegments; at = path.indexOf('/', at + 1)) slashes++;
  return slashes > mostSegments;
};

/** The longest path that is read in several ways. */
const longestOpened = 4_096;

// Nearly all paths: plain characters of RFC 3986, no segment that starts with a dot. Linear: `/` is in no class.
const plain = /^(?:\/[\w~!$&'()*+,=:@-][\w~!$&'()*+,=:@.-]*)*\/?$/;
const encodedOctet = /%[0-9A-Fa-f]{2}/;
const neverAllowed = new RegExp(`[\\u0000-\\u001f\\u007f-\\u009f\\\\]|${readAsSyntax.source}`);
// Blanks at its ends are dropped by some (Windows, frameworks that trim), characters without width by others.
const dots = /^[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}.]*$/u;
const notDots = /[^.]+/g;
/** A whole segment of these is an empty one to whoever drops them. */
const blanks = /^[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}]+$/u;

/**
 * Reads the path of a request target (the query, from the first `?`, never takes part).
 *
 * @param target the raw `:path` as Envoy gives it; isTooLong says which nobody reads
 * @returns undefined where the path is ambiguous: it does not start with `/`, or it holds an empty segment, `.` or `..` in
 *   any encoding and with any white space, one of nothing but white space, `\`, an encoded `/` or `\`, what normalises to a separator, `;`, `#`, a control
 *   character, a bad percent or UTF-8 sequence, or what would decode a second time (`%25` before two hex digits), unless
 *   `options.allow` opens it; where case does not count, a character that some folding makes a letter of ASCII. What is
 *   opened is read as lenient upstreams do (parameters behind `;` and empty segments are left out), and in `others` as
 *   the others do.
 */
export const canonicalPath = (target: string, options: PathOptions): CanonicalPath | undefined => {
  const raw = rawPathOf(target);
  if (raw.charCodeAt(0) !== 0x2f) return undefined;
  const parts = raw.split('/');
  parts.shift();
  if (parts[parts.length - 1] === '') parts.pop();
  if (plain.test(raw)) return withCase(parts, options);

  const decoded: string[] = [];
  let opened = false;
  for (const part of parts) {
    const segment = decodedSegment(part, options.allow);
    if (segment === undefined) return undefined;
    opened ||= segment === '' || isOpened.test(segment);
    decoded.push(segment);
  }
  if (!opened) return isFolded(decoded, options) ? undefined : withCase(decoded, options);
  if (raw.length > longestOpened) return undefined;
  const readings = readingsOf(decoded, options.allow);
  if (readings === undefined || readings.some((reading) => isFolded(reading, options))) return undefined;
  const [first, ...others] = readings;
  return first && {...withCase(first, options), others: others.map((reading) => withCase(reading, options))};
};

const isOpened = /[/;]|%[0-9A-Fa-f]{2}/;

const withCase = (captured: readonly string[], {caseSensitive}: PathOptions): CanonicalPath => ({
  segments: caseSensitive ? captured : captured.map(withoutCase),
  captured,
});

/** Whether some upstream, for which case does not count either, folds more than we do. */
const isFolded = (segments: readonly string[], {caseSensitive}: PathOptions): boolean =>
  !caseSensitive && segments.some((segment) => readAsLetters.test(segment));

/** Lower case alone would leave the final sigma and other second forms apart from their letter. */
export const withoutCase = (segment: string): string =>
  /^[\0-\x7f]*$/.test(segment) ? segment.toLowerCase() : segment.toUpperCase().toLowerCase();

/** One segment, decoded once; undefined for an ambiguous one. */
const decodedSegment = (raw: string, allow: ReadonlySet<PathAllowance>): string | undefined => {
  if (raw === '') return allow.has('emptySegment') ? raw : undefined;
  // A blank ends the target of a request line (RFC 9112 section 3).
  if (/[# ]/.test(raw) || !raw.isWellFormed()) return undefined;
  const decoded = percentDecoded(raw);
  if (decoded === undefined || hidesMore(decoded)) return undefined;
  if (decoded.includes('/') && !allow.has('encodedSlash')) return undefined;
  if (decoded.includes(';') && !allow.has('semicolon')) return undefined;
  if (encodedOctet.test(decoded) && !allow.has('doubleEncoding')) return undefined;
  return decoded;
};

/** True if some upstream, however often it decodes and however it splits, may see a `.` or `..` segment, or worse. */
const hidesMore = (decoded: string): boolean => {
  let text = decoded;
  // Every round takes at least two characters away; a handful of rounds is more than any upstream does.
  for (let round = 0; round < 8; round++) {
    if (neverAllowed.test(text)) return true;
    if (text.includes('.') && text.split('/').some(isDots)) return true;
    if (text.includes('/') ? text.split('/').some(isBlank) : isBlank(text)) return true;
    const again = encodedOctet.test(text) ? percentDecoded(text) : text;
    if (again === undefined) return true;
    if (again === text) return false;
    text = again;
  }
  return true;
};

const withoutParameters = (piece: string): string => {
  const mark = piece.indexOf(';');
  return mark < 0 ? piece : piece.slice(0, mark);
};

const isBlank = (piece: string): boolean => blanks.test(withoutParameters(piece));

const isDots = (piece: string): boolean => {
  const beforeParameters = withoutParameters(piece);
  if (!dots.test(beforeParameters)) return false;
  const bare = beforeParameters.replace(notDots, '');
  return bare === '.' || bare === '..';
};
