// What a request shows to Frontier, and in which order Frontier looks at it. Nothing here is verified but the cookie's seal.

import {cookiePlace} from '../../core/credential/cookiePlace.ts';
import type {Held, Place} from '../../core/credential/credential.ts';
import {headerPlace} from '../../core/credential/places.ts';
import type {Request} from '../../core/request/request.ts';
import {type Claims, longestToken} from '../../providers/jwtForm.ts';
import {tokenOf as parsedIn} from '../../providers/tokensOf.ts';
import type {VerifiedCache} from '../../providers/verifiedCache.ts';
import {isTooOld, makeOpenCookie, remembering, sessionCookie} from './secureCookie.ts';
import type {FrontierSettings} from './settings.ts';

/** One credential of a request, in Frontier's terms. `value`: as it stood there, without the scheme. */
export type Presented = {readonly place: Place; readonly value: string} & (
  | {readonly kind: 'session'; readonly id: string; readonly at: number}
  /** The cookie is of the right form, and not of Frontier's making. */
  | {readonly kind: 'forged'}
  /** A personal access token. */
  | {readonly kind: 'personal'}
  /** A JWT that Frontier has issued, if its signature holds. `key`: of the verified, if it has been among them. */
  | {readonly kind: 'access'; readonly claims: Claims; readonly key?: string}
  /** A JWT that a service user has signed for itself. */
  | {readonly kind: 'assertion'; readonly claims: Claims}
  /** Credential id and secret of a service user. */
  | {readonly kind: 'secret'; readonly clientId: string; readonly clientSecret: string}
  /** A JWT of another issuer. */
  | {readonly kind: 'foreign'; readonly claims: Claims}
  /** Twice, or not readable. */
  | {readonly kind: 'duplicate'}
  | {readonly kind: 'malformed'; readonly why: string}
);

/** All that one request shows. */
export interface Shown {
  readonly cookie?: Presented | undefined;
  readonly bearer?: Presented | undefined;
  readonly userToken?: Presented | undefined;
  readonly basic?: Presented | undefined;
}

export interface ReadPresented {
  /** The places, in the order in which they are looked at. */
  readonly places: readonly Place[];
  of(request: Request): Shown;
}

/** The access tokens that were verified a moment ago: such a one need not be taken apart again. */
export type KnownTokens = Pick<VerifiedCache, 'keyOf' | 'claimsOf'>;

/** Compiles the settings. What is not in any form of Frontier's is left out: it is someone else's. */
export const makeReadPresented = (settings: FrontierSettings, known: KnownTokens): ReadPresented => {
  const {session} = settings;
  const cookie = cookiePlace(sessionCookie);
  const bearer = headerPlace('authorization', 'Bearer');
  const userToken = headerPlace('x-user-token');
  const basic = headerPlace('authorization', 'Basic');
  const openCookie = session === undefined ? undefined : remembering(makeOpenCookie(session));
  const tokenOf = makeTokenOf(settings, known);

  const cookieOf = (value: string): Presented | undefined => {
    const opened = openCookie?.(value) ?? {opened: 'foreign'};
    if (opened.opened === 'foreign') return undefined;
    if (opened.opened === 'forged') return {kind: 'forged', place: cookie, value};
    return {kind: 'session', place: cookie, value, id: opened.id, at: opened.at};
  };

  return {
    places: [...(openCookie === undefined ? [] : [cookie]), bearer, basic, userToken],
    of: (request) => ({
      cookie: openCookie === undefined ? undefined : readAt(cookie, request, cookieOf),
      bearer: isBare(request) ? undefined : readAt(bearer, request, (value) => tokenOf(bearer, value, request)),
      userToken: readAt(userToken, request, (value) => tokenOf(userToken, value, request)),
      basic: readAt(basic, request, (value) => basicOf(basic, value)),
    }),
  };
};

/** `Bearer` and nothing behind it, which is no token to Frontier. */
const isBare = ({headers}: Request): boolean => /^[ \t]*bearer[ \t]*$/i.test(headers.get('authorization') ?? '');

const readAt = (place: Place, request: Request, read: (value: string) => Presented | undefined) => {
  const held: Held = place.find(request);
  if (held.held === 'nothing') return undefined;
  if (held.held === 'value') return read(held.value);
  return held.held === 'duplicate' ? duplicateAt(place) : ({kind: held.held, place, value: '', why: held.why} as const);
};

const duplicateAt = (place: Place) => ({kind: 'duplicate', place, value: ''}) as const;

/** By prefix, issuer, or the two key ids of an assertion: unverified, so this selects and grants nothing. */
const makeTokenOf = ({issuer, personalTokens: {prefix}}: FrontierSettings, known: KnownTokens) => {
  return (place: Place, value: string, request: Request): Presented | undefined => {
    if (value.length > longestToken) return undefined;
    if (value.startsWith(prefix)) {
      return /^[A-Za-z0-9_-]{1,512}$/.test(value)
        ? {kind: 'personal', place, value}
        : {kind: 'malformed', place, value, why: 'a personal token has letters, digits, - and _ only'};
    }
    const key = known.keyOf(value);
    const verified = known.claimsOf(key);
    if (verified !== undefined) return {kind: 'access', place, value, claims: verified, key};
    const parsed = parsedIn(request, value);
    if (parsed === undefined) return undefined;
    const {header, claims} = parsed;
    // A service user's assertion names its credential twice (`kid` of header and claims), and Frontier checks no issuer
    // of it; what Frontier issues has a `kid` among its claims as well, but says what it is.
    const isIssued = claims.gen !== undefined || (claims.iss === issuer && claims.sub_type !== undefined);
    const isAssertion =
      !isIssued && typeof claims.kid === 'string' && claims.kid === header.kid && header.alg === 'RS256';
    if (isAssertion) return {kind: 'assertion', place, value, claims};
    return {kind: claims.iss === issuer ? 'access' : 'foreign', place, value, claims};
  };
};

/** Standard alphabet, padded, and exactly one colon, as Frontier wants it (RFC 7617 would allow more colons). */
const basicOf = (place: Place, value: string): Presented | undefined => {
  const bytes = Buffer.from(value, 'base64');
  if (value.length > 2_048 || bytes.toString('base64') !== value) return undefined;
  const parts = bytes.toString('utf8').split(':');
  const [clientId = '', clientSecret = ''] = parts;
  if (parts.length !== 2 || clientId === '' || clientSecret === '' || parts.join().includes('\ufffd')) return undefined;
  return {kind: 'secret', place, value, clientId, clientSecret};
};

/** Of everything that a request shows, what Frontier asks of it, first to last, at `now` (milliseconds since the epoch). */
export const inPrecedence = ({cookie, bearer, userToken, basic}: Shown, now: number): readonly Presented[] => {
  const session =
    cookie?.kind === 'session' && isTooOld(cookie.at, now) ? ({...cookie, kind: 'forged'} as const) : cookie;
  const token = bearer !== undefined && (userToken === undefined || overrides(bearer, now)) ? bearer : userToken;
  return [session, token, basic].filter((presented) => presented !== undefined);
};

/** A bearer counts before `x-user-token` unless it is a JWT without a `jti`, or one that has expired. */
const overrides = (bearer: Presented, now: number): boolean =>
  !('claims' in bearer) || (hasId(bearer.claims) && expires(bearer.claims) > now);

/** Whether the token has the id without which Frontier takes no bearer. */
export const hasId = ({jti}: Claims): boolean => typeof jti === 'string' && jti !== '';

/** Milliseconds since the epoch; never, without a date: then nothing is remembered of it. */
export const expires = ({exp}: Claims): number => (typeof exp === 'number' ? exp * 1_000 : Number.NEGATIVE_INFINITY);
