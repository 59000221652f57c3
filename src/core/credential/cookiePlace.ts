// A cookie as a place: whole or in numbered pieces, plain, quoted, encoded, or with a scheme before the credential.

import {percentDecoded} from '../request/percent.ts';
import {cookiesOf, longestLine, mostCookies, type Piece} from '../request/pieces.ts';
import type {Held, Place} from './credential.ts';
import {duplicate, holding, makeOfScheme, malformed, nothing} from './held.ts';

/** How a cookie is written, beyond `name=value`. */
export interface CookieForm {
  /** The value is `Bearer x`, as it stands, in quotes, or percent-encoded. */
  readonly scheme?: string | undefined;
  /** The value is percent-encoded. */
  readonly encoded?: boolean | undefined;
  /** Names of the pieces of a long value: `{n}` counts from 0, `{n+1}` from 1, `{name}` is the cookie's own. */
  readonly pieces?: string | undefined;
}

/** A browser keeps 4 kB a cookie, and Envoy takes 60 KiB of headers. */
export const mostPieces = 16;

/**
 * Names are compared as sent (RFC 6265 section 4.1.1). The name twice with two values is a duplicate, for servers differ in
 * which one they take (with one value there is nothing to choose); so is a comma in the value, which comes of two cookie
 * headers that a proxy has joined wrongly, and a whole value beside pieces. Pieces are joined in order; one that is
 * missing among them makes the whole malformed, and so do more cookies than anyone looks at.
 */
export const cookiePlace = (name: string, {scheme, encoded = false, pieces}: CookieForm = {}): Place => {
  const names = pieces === undefined ? undefined : pieceNames(name, pieces);
  const ofScheme = scheme === undefined ? undefined : makeOfScheme(scheme.toLowerCase());
  const form = [scheme?.toLowerCase(), encoded ? 'encoded' : undefined, pieces].filter((part) => part !== undefined);

  const read = ({value}: {readonly value: string}): Held => {
    const decoded = encoded || ofScheme !== undefined ? percentDecoded(value) : value;
    if (decoded === undefined) return malformed('it is not percent-encoded as it should be');
    if (decoded !== value && /[\0-\x1f\x7f]/.test(decoded)) return malformed('it decodes to control characters');
    if (ofScheme === undefined) return holding(decoded);
    const held = ofScheme(unquoted(decoded));
    return held.held === 'nothing' ? malformed(`it does not begin with the scheme ${scheme}`) : held;
  };

  return {
    label: ['cookie', name, ...form].join(':'),
    kind: 'cookie',
    name,
    ...(names && {pieces: names}),
    find(request) {
      if (!request.headers.has('cookie')) return nothing;
      const {whole, byName} = cookiesOf(request);
      if (!whole) return malformed(`there are more than ${mostCookies} cookies, or ${longestLine} characters of them`);
      const own = heldBy(byName.get(name));
      const held = names === undefined ? own : together(own, names, byName);
      return held.held === 'value' ? read(held) : held;
    },
  };
};

const pieceNames = (name: string, template: string): readonly string[] =>
  Array.from({length: mostPieces + 1}, (_, at) =>
    template.replace(/\{(name|n|n\+1)\}/g, (_whole, what: string) =>
      what === 'name' ? name : String(what === 'n' ? at : at + 1),
    ),
  );

const heldBy = (found: readonly Piece[] | undefined): Held => {
  if (found === undefined) return nothing;
  const [{value} = {value: ''}, ...others] = found;
  if (value.includes(',') || others.some((other) => other.value !== value)) return duplicate;
  const bare = unquoted(value);
  return bare === '' ? nothing : holding(bare);
};

/** The names are one more than there may be pieces, so that a value is not cut without a word. */
const together = (own: Held, names: readonly string[], byName: ReadonlyMap<string, readonly Piece[]>): Held => {
  let value = '';
  let ended = false;
  for (const [at, name] of names.entries()) {
    const held = heldBy(byName.get(name));
    if (held.held === 'nothing') ended = true;
    else if (held.held !== 'value') return held;
    else if (ended) return malformed('a piece is missing');
    else if (at === mostPieces) return malformed(`it has more than ${mostPieces} pieces`);
    else value += held.value;
  }
  if (value === '') return own;
  return own.held === 'nothing' ? holding(value) : duplicate;
};

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
