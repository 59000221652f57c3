// The tokens of a request, each taken apart once, however many providers look at it.
import {derivedOnce} from '../core/derived.ts';
import type {Request} from '../core/request.ts';
import {type ParsedJwt, parseJwt} from './jwt.ts';

/** Undefined: it is no JWT. */
const parsedOf = derivedOnce((_: Request) => new Map<string, ParsedJwt | undefined>());

/** The token taken apart; undefined if it is no JWT (see parseJwt). A request has as many as it has places, which are few. */
export const tokenOf = (request: Request, token: string): ParsedJwt | undefined => {
  const parsed = parsedOf(request);
  const known = parsed.get(token);
  if (known !== undefined || parsed.has(token)) return known;
  const found = parseJwt(token);
  parsed.set(token, found);
  return found;
};

/** Whether somebody has taken it apart already: then to look into it is cheaper than to hash it. */
export const isParsed = (request: Request, token: string): boolean => parsedOf(request).has(token);
