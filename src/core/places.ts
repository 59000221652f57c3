// Where in a request a credential may stand: header, cookie, query parameter. One pass over the text, whatever is in it.
import type {Held, Place} from './credential.ts';
import {type Request, rawQueryOf} from './request.ts';

/** A place as settings write it. */
export type Where =
  | {readonly header: string; readonly scheme?: string | undefined}
  | {readonly cookie: string}
  | {readonly query: string};

/** The place that the settings mean. */
export const makePlace = (where: Where): Place => {
  if ('header' in where) return headerPlace(where.header, where.scheme);
  return 'cookie' in where ? cookiePlace(where.cookie) : queryPlace(where.query);
};

const nothing: Held = {held: 'nothing'};
const duplicate: Held = {held: 'duplicate'};
const malformed: Held = {held: 'malformed'};
const holding = (value: string): Held => ({held: 'value', value});

/**
 * A header, with a scheme (`Authorization: Bearer x`) or whole (`x-api-key: x`). A comma means that several lines of the
 * header were joined (no credential has a comma in it), so it is a duplicate; with a scheme it is one only if a piece is of
 * that scheme, for other schemes have commas of their own (AWS SigV4, Digest).
 */
export const headerPlace = (name: string, scheme?: string): Place => {
  const header = name.toLowerCase();
  if (scheme === undefined) {
    return {
      label: `header:${header}`,
      kind: 'header',
      name: header,
      find: (request) => wholeValue(request.headers.get(header)),
    };
  }
  const lower = scheme.toLowerCase();
  return {
    label: `header:${header}:${lower}`,
    kind: 'header',
    name: header,
    scheme,
    find: (request) => ofScheme(request.headers.get(header), lower),
  };
};

const wholeValue = (line: string | undefined): Held => {
  if (line === undefined) return nothing;
  if (line.includes(',')) return duplicate;
  const value = line.trim();
  return value === '' ? nothing : holding(value);
};

const ofScheme = (line: string | undefined, scheme: string): Held => {
  if (line === undefined) return nothing;
  if (line.includes(',')) return line.split(',').some((piece) => hasScheme(piece.trim(), scheme)) ? duplicate : nothing;
  const value = line.trim();
  if (!hasScheme(value, scheme)) return nothing;
  // RFC 9110 section 11.4: the scheme, spaces, then the credential, which has no space in it (token68).
  const credential = value.slice(scheme.length).trimStart();
  if (value[scheme.length] !== ' ' || credential === '' || /\s/.test(credential)) return malformed;
  return holding(credential);
};

/** `Bearer`, `bearer x` and `Bearer: x`, but not `BearerX x`, which is another scheme. */
const hasScheme = (value: string, scheme: string): boolean =>
  value.length >= scheme.length &&
  value.slice(0, scheme.length).toLowerCase() === scheme &&
  !/^[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(value.slice(scheme.length, scheme.length + 1));

/**
 * A cookie. Names are compared as sent (RFC 6265 section 4.1.1). The name twice is a duplicate, for servers differ in which
 * one they take; so is a comma in the value, which comes of two cookie headers that a proxy has joined wrongly.
 */
export const cookiePlace = (name: string): Place => ({
  label: `cookie:${name}`,
  kind: 'cookie',
  name,
  find: (request) => {
    const line = request.headers.get('cookie');
    if (line === undefined) return nothing;
    const values = valuesOf(line, ';', (written) => written.trim() === name);
    if (values.length === 0) return nothing;
    if (values.length > 1 || values[0]?.includes(',')) return duplicate;
    const value = unquoted((values[0] ?? '').trim());
    return value === '' ? nothing : holding(value);
  },
});

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;

/**
 * A parameter of the query (RFC 6750 section 2.3), its name and value percent-decoded, `+` being a space. The name twice,
 * in whatever encoding, is a duplicate; a value that cannot be decoded is malformed.
 */
export const queryPlace = (name: string): Place => ({
  label: `query:${name}`,
  kind: 'query',
  name,
  find: (request: Request) => {
    const values = valuesOf(
      rawQueryOf(request.target),
      '&',
      (written) => written === name || decodedParameter(written) === name,
    );
    if (values.length === 0) return nothing;
    if (values.length > 1) return duplicate;
    const value = decodedParameter(values[0] ?? '');
    if (value === undefined) return malformed;
    return value === '' ? nothing : holding(value);
  },
});

/** The first two values whose name is the one: more are not needed to know that there is more than one. */
const valuesOf = (line: string, separator: string, isName: (written: string) => boolean): string[] => {
  const values: string[] = [];
  for (let start = 0; start <= line.length && values.length < 2; ) {
    const found = line.indexOf(separator, start);
    const end = found < 0 ? line.length : found;
    const piece = line.slice(start, end);
    const equals = piece.indexOf('=');
    if (equals >= 0 ? isName(piece.slice(0, equals)) : separator === '&' && isName(piece)) {
      values.push(equals >= 0 ? piece.slice(equals + 1) : '');
    }
    start = end + 1;
  }
  return values;
};

/** A name or value of a query as written -> what it means: percent-decoded, `+` a space. Undefined: it cannot be decoded. */
export const decodedParameter = (written: string): string | undefined => {
  if (!/[%+]/.test(written)) return written;
  try {
    return decodeURIComponent(written.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
};
