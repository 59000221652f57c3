// The tokens of a request, each taken apart once, however many providers look at it.
import {readOnce} from '../core/derived.ts';
import type {Request} from '../core/request/request.ts';
import {type ParsedJwt, parseJwt} from './jwtForm.ts';

interface Seen {
  readonly token: string;
  /** Undefined: it is no JWT. */
  readonly parsed: ParsedJwt | undefined;
}

/** A request has as many as it has places, which are few: a list costs less than a map. */
const seenOf = readOnce((_: Request): Seen[] => []);

const find = (seen: readonly Seen[], token: string): Seen | undefined => {
  for (const one of seen) if (one.token === token) return one;
  return undefined;
};

/** The token taken apart; undefined if it is no JWT (see parseJwt). */
export const tokenOf = (request: Request, token: string): ParsedJwt | undefined => {
  const seen = seenOf(request);
  const known = find(seen, token);
  if (known !== undefined) return known.parsed;
  const parsed = parseJwt(token);
  seen.push({token, parsed});
  return parsed;
};

/** Whether somebody has taken it apart already: then to look into it is cheaper than to look it up. */
export const isParsed = (request: Request, token: string): boolean => find(seenOf(request), token) !== undefined;
