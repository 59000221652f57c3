// Where in a request a credential may stand: header, cookie, query parameter. What is long is read once for all places.

import {decodedParameter, longestLine, mostParameters, parametersOf, trimmed} from '../request/pieces.ts';
import {type CookieForm, cookiePlace} from './cookiePlace.ts';
import type {Held, Place} from './credential.ts';
import {duplicate, holding, makeOfScheme, malformed, nothing} from './held.ts';
import {subprotocolHeader, subprotocolPlace} from './subprotocol.ts';

/** A place as settings write it. */
export type Where =
  | {readonly header: string; readonly scheme?: string | undefined}
  | ({readonly cookie: string} & CookieForm)
  | {readonly query: string};

/** The place that the settings mean. */
export const makePlace = (where: Where): Place => {
  if ('header' in where) {
    const isSubprotocol = where.header.toLowerCase() === subprotocolHeader;
    return isSubprotocol ? subprotocolPlace(where.scheme) : headerPlace(where.header, where.scheme);
  }
  return 'cookie' in where ? cookiePlace(where.cookie, where) : queryPlace(where.query);
};

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
    if (!whole) return malformed(`the query has more than ${mostParameters} parameters, or ${longestLine} characters`);
    const found = byName.get(name);
    if (found === undefined) return nothing;
    if (found.length > 1) return duplicate;
    const value = decodedParameter(found[0]?.value ?? '');
    if (value === undefined) return malformed('it cannot be percent-decoded');
    return value === '' ? nothing : holding(value);
  },
});
