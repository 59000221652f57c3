// What a place may hold, in words that all places share, and how a scheme before a credential is read.

import {trimmed} from '../request/pieces.ts';
import type {Held} from './credential.ts';

export const nothing: Held = {held: 'nothing'};
export const duplicate: Held = {held: 'duplicate'};
export const malformed = (why: string): Held => ({held: 'malformed', why});
export const holding = (value: string): Held => ({held: 'value', value});

/** A token of RFC 9110 section 5.6.2 ends here: `Bearer`, `bearer x` and `Bearer: x`, but not `BearerX x`. */
const ended = "(?![!#$%&'*+.^_`|~0-9A-Za-z-])";

/**
 * Reads a value that begins with a scheme (RFC 9110 section 11.4), in any case. One of another scheme is nothing.
 *
 * @param scheme in lower case
 */
export const makeOfScheme = (scheme: string): ((line: string | undefined) => Held) => {
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
    if (credential === '') return malformed('nothing stands behind the scheme');
    if (value[scheme.length] !== ' ') return malformed('what stands behind the scheme is no space');
    if (/\s/.test(credential)) return malformed('the credential has white space in it');
    return holding(credential);
  };
};
