// The one canonical form of a path, or the finding that it has none.
//
// Proxies and services read an odd path in different ways; who is let past a check by one reading and served by another
// has found a hole (opa-envoy CVE-2026-26205 `//admin`, heimdall CVE-2026-42274 `/../`, istio 27409 `..;/`). So a path
// that can be read in more than one way is refused, never resolved or repaired.
import {rawPathOf} from './request.ts';

/** Ambiguities that are opened on purpose, for upstreams that are known to read them in one way. */
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
}

// Nearly all paths: plain characters of RFC 3986, no segment that starts with a dot. Linear: `/` is in no class.
const plain = /^(?:\/[\w~!$&'()*+,=:@-][\w~!$&'()*+,=:@.-]*)*\/?$/;
const badPercent = /%(?![0-9A-Fa-f]{2})/;
const encodedOctet = /%[0-9A-Fa-f]{2}/;
const neverAllowed = /[\u0000-\u001f\u007f-\u009f\\]/;

/**
 * Reads the path of a request target (the query, from the first `?`, never takes part).
 *
 * @param target the raw `:path` as Envoy gives it
 * @returns undefined where the path is ambiguous: it does not start with `/`, or it holds an empty segment, `.` or `..` in
 *   any encoding, `\`, an encoded `/` or `\`, `;`, `#`, a control character, a bad percent or UTF-8 sequence, or what
 *   would decode a second time (`%25` before two hex digits), unless `options.allow` opens it. What is opened is matched
 *   as lenient upstreams read it: parameters behind `;` and empty segments are left out.
 */
export const canonicalPath = (target: string, options: PathOptions): CanonicalPath | undefined => {
  const raw = rawPathOf(target);
  if (raw.charCodeAt(0) !== 0x2f) return undefined;
  const parts = raw.split('/');
  parts.shift();
  if (parts[parts.length - 1] === '') parts.pop();
  if (plain.test(raw)) return withCase(parts, options);

  const captured: string[] = [];
  for (const part of parts) {
    const segment = canonicalSegment(part, options.allow);
    if (segment === undefined) return undefined;
    if (segment !== '') captured.push(segment);
    else if (!options.allow.has('emptySegment')) return undefined;
  }
  return withCase(captured, options);
};

const withCase = (captured: readonly string[], {caseSensitive}: PathOptions): CanonicalPath => ({
  segments: caseSensitive ? captured : captured.map((segment) => segment.toLowerCase()),
  captured,
});

/** One segment, decoded once; '' for an empty one; undefined for an ambiguous one. */
const canonicalSegment = (raw: string, allow: ReadonlySet<PathAllowance>): string | undefined => {
  if (raw.includes('#')) return undefined;
  const decoded = decodedOnce(raw);
  if (decoded === undefined || neverAllowed.test(decoded)) return undefined;
  if (decoded.includes('/') && !allow.has('encodedSlash')) return undefined;
  if (decoded.includes(';') && !allow.has('semicolon')) return undefined;
  if (encodedOctet.test(decoded) && !allow.has('doubleEncoding')) return undefined;
  if (hidesDots(decoded)) return undefined;
  const [beforeParameters = ''] = decoded.split(';', 1);
  // `/;x` is an empty segment to whoever drops parameters.
  return beforeParameters;
};

const decodedOnce = (text: string): string | undefined => {
  if (!text.includes('%')) return text.isWellFormed() ? text : undefined;
  if (badPercent.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // not UTF-8 (overlong forms included)
  }
};

/** True if some upstream, however often it decodes and however it splits, may see a `.` or `..` segment. */
const hidesDots = (decoded: string): boolean => {
  let text = decoded;
  // Every round takes at least two characters away; a handful of rounds is more than any upstream does.
  for (let round = 0; round < 8; round++) {
    for (const piece of text.split(/[/\\]/)) {
      const [beforeParameters] = piece.split(';', 1);
      if (beforeParameters === '.' || beforeParameters === '..') return true;
    }
    const again = encodedOctet.test(text) ? decodedOnce(text) : text;
    if (again === undefined) return true;
    if (again === text) return false;
    text = again;
  }
  return true;
};
