// Where in a request a credential may stand: header, cookie, query parameter. What is long is read once for all places.
import type {Held, Place} from './credential.ts';
import {cookiesOf, decodedParameter, parametersOf, trimmed} from './pieces.ts';

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
  const ofScheme = makeOfScheme(lower);
  return {
    label: `header:${header}:${lower}`,
    kind: 'header',
    name: header,
    scheme,
    find: (request) => ofScheme(request.headers.get(header)),
  };
};

const wholeValue = (line: string | undefined): Held => {
  if (line === undefined) return nothing;
  if (line.includes(',')) return duplicate;
  const value = trimmed(line);
  return value === '' ? nothing : holding(value);
};

/** A token of RFC 9110 section 5.6.2 ends here: `Bearer`, `bearer x` and `Bearer: x`, but not `BearerX x`. */
const ended = "(?![!#$%&'*+.^_`|~0-9A-Za-z-])";

const makeOfScheme = (scheme: string): ((line: string | undefined) => Held) => {
  const written = scheme.replace(/[.+]/g, '\\$&') + ended;
  const begins = new RegExp(`^${written}`, 'i');
  const among = new RegExp(`(?:^|,)[ \\t]*${written}`, 'i');

  return (line) => {
    if (line === undefined) return nothing;
    if (line.includes(',')) return among.test(line) ? duplicate : nothing;
    const value = trimmed(line);
    if (!begins.test(value)) return nothing;
    // RFC 9110 section 11.4: the scheme, spaces, then the credential, which has no space in it (token68).
    let start = scheme.length;
    while (value[start] === ' ') start++;
    const credential = value.slice(start);
    if (value[scheme.length] !== ' ' || credential === '' || /\s/.test(credential)) return malformed;
    return holding(credential);
  };
};

/**
 * A cookie. Names are compared as sent (RFC 6265 section 4.1.1). The name twice is a duplicate, for servers differ in which
 * one they take; so is a comma in the value, which comes of two cookie headers that a proxy has joined wrongly. Where there
 * are more cookies than anyone looks at, nobody knows which is meant: malformed.
 */
export const cookiePlace = (name: string): Place => ({
  label: `cookie:${name}`,
  kind: 'cookie',
  name,
  find: (request) => {
    if (!request.headers.has('cookie')) return nothing;
    const {whole, byName} = cookiesOf(request);
    if (!whole) return malformed;
    const found = byName.get(name);
    if (found === undefined) return nothing;
    const [{value} = {value: ''}] = found;
    if (found.length > 1 || value.includes(',')) return duplicate;
    const secret = unquoted(value);
    return secret === '' ? nothing : holding(secret);
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
  find: (request) => {
    if (!request.target.includes('?')) return nothing;
    const {whole, byName} = parametersOf(request);
    if (!whole) return malformed;
    const found = byName.get(name);
    if (found === undefined) return nothing;
    if (found.length > 1) return duplicate;
    const value = decodedParameter(found[0]?.value ?? '');
    if (value === undefined) return malformed;
    return value === '' ? nothing : holding(value);
  },
});
