// The Frontegg provider: tokens of users and APIs by Authorization, access tokens by x-api-key, the session cookie.
import type {Credential} from '../../core/credential.ts';
import {headerPlace, makePlace} from '../../core/places.ts';
import type {Principal} from '../../core/principal.ts';
import type {Request} from '../../core/request.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {longestToken, makeVerifyJwt, parseJwt} from '../../providers/jwt.ts';
import {makeKeyKeeper} from '../../providers/keyKeeper.ts';
import type {Provider} from '../../providers/provider.ts';
import {isOtherToken} from '../../providers/tokenKind.ts';
import {makeVerifiedCache, type Verification} from '../../providers/verifiedCache.ts';
import type {VendorParts} from '../vendor.ts';
import {makeAccessTokens} from './accessTokens.ts';
import {makeFronteggApi} from './api.ts';
import {makeAudits} from './audits.ts';
import {makeFronteggKeys} from './keys.ts';
import {cookieNameOf, openSession, sessionCookiePlace} from './sessionCookie.ts';
import {baseOf, type FronteggSettings, isEnvironmentsOwn} from './settings.ts';
import {type Family, isOfFamily, looksLikeFrontegg, makeReadFrontegg} from './tokens.ts';

const apiKeyPlace = headerPlace('x-api-key');

/**
 * Accepts JWTs whose unverified `iss` is the configured issuer (without one: that look like Frontegg's), and seals in the
 * session cookie. Signatures are checked with the environment's own keys; of an access token Frontegg is asked besides
 * whether it is active and what it may do. What is verified is kept by the hash of the credential until it runs out.
 */
export const makeFronteggProvider = (settings: FronteggSettings, parts: VendorParts): Provider => {
  const {name, issuer, audience, clockTolerance, sessionCookie} = settings;
  const api = makeFronteggApi(settings, parts);
  const dependency = `keys:${name}`;
  // A key set that may be that of all of Frontegg's customers does not say whose token it is; issuer or audience do.
  const isBound = issuer !== null || Array.isArray(audience);
  const source = makeFronteggKeys(api, dependency, isBound || isEnvironmentsOwn(baseOf(settings)));
  const keys = makeKeyKeeper({...parts, dependency, timing: settings.jwks, fetch: source.fetch});
  const verify = makeVerifyJwt(keys, {
    issuer: issuer ?? undefined,
    audience: audience ?? 'any',
    algorithms: ['RS256'],
    clockTolerance,
    tokenType: undefined,
  });
  const principalOf = makeReadFrontegg(name);
  const {audits: _, ...verifying} = settings;
  const verified = makeVerifiedCache({cache: parts.cache, settings: verifying, holds: keys.holds});
  const accessTokens = makeAccessTokens(settings, api, parts);
  const audits = settings.audits && makeAudits(name, settings.audits, api, parts);
  const cookie = sessionCookie && sessionCookiePlace(sessionCookie.name ?? cookieNameOf(settings.clientId));
  const withRights = makeWithRights();
  let lookedForKey = Number.NEGATIVE_INFINITY;

  const isMine = (token: string): boolean => {
    const claims = parseJwt(token)?.claims;
    return claims !== undefined && (issuer === null ? looksLikeFrontegg(claims) : claims.iss === issuer);
  };

  /** A key without id shows its rotation by signatures that do not hold: it is fetched anew, once in a cooldown. */
  const verifyOnceMore: typeof verify = async (token, now, deadline) => {
    const first = await verify(token, now, deadline);
    if (first.rejected !== 'bad_signature' || !source.unnamed()) return first;
    const isTime = now - lookedForKey >= settings.jwks.cooldown;
    if (isTime) {
      lookedForKey = now;
      await keys.start();
    }
    const second = isTime ? await verify(token, now, deadline) : first;
    // As for an unknown key id: while keys cannot be fetched, it may be a new one that we cannot know.
    if (second.rejected === 'bad_signature' && keys.health().state !== 'ready')
      throw new Unavailable(dependency, new Error('its key may be another one by now, and cannot be fetched'));
    return second;
  };

  const verifyToken = async (token: string, family: Family, now: number, deadline: number): Promise<Verification> => {
    const parsed = token.length > longestToken ? undefined : parseJwt(token);
    if (parsed === undefined) return {rejected: 'malformed_credential'};
    const {claims, signedBy, rejected} = await verifyOnceMore(parsed, now, deadline);
    if (rejected !== undefined) return {rejected};
    if (isOtherToken(claims) || !isOfFamily(claims, family)) return {rejected: 'wrong_token_type'};
    const principal = principalOf(claims);
    return principal === undefined ? {rejected: 'missing_claim'} : {verified: principal, signedBy};
  };

  /** The token of a credential, and until when it may stand there; undefined if a seal does not hold. */
  const open = ({value, place}: Credential, now: number) =>
    place.label === cookie?.label && sessionCookie !== undefined
      ? openSession(value, sessionCookie.password, now)
      : {accessToken: value, until: Number.POSITIVE_INFINITY};

  const verifyAnew = async (credential: Credential, now: number, deadline: number): Promise<Verification> => {
    const opened = await open(credential, now);
    if (opened === undefined) return {rejected: 'session_invalid'};
    const {accessToken, until} = opened;
    return {...(await verifyToken(accessToken, familyAt(credential.place.label), now, deadline)), until};
  };

  // A token must not pass at one place because it was verified at another.
  const keyOf = ({place, value}: Credential): string => verified.keyOf(`${place.label} ${value}`);

  return {
    name,
    places: [...settings.credentials.map(makePlace), apiKeyPlace, ...(cookie === undefined ? [] : [cookie])],
    accepts(credential, request) {
      const {label} = credential.place;
      // With an Authorization header x-api-key does not count, whatever the header holds.
      if (label === apiKeyPlace.label && hasAuthorization(request)) return undefined;
      const key = keyOf(credential);
      if (verified.knows(key)) return {...credential, key};
      const mine = label === cookie?.label ? credential.value.startsWith('Fe26.2*') : isMine(credential.value);
      return mine ? {...credential, key} : undefined;
    },
    async authenticate(credential, {now, deadline}) {
      const key = credential.key ?? keyOf(credential);
      const identified = await verified.authenticate(key, now, () => verifyAnew(credential, now, deadline));
      const {verified: principal} = identified;
      if (principal === undefined || familyAt(credential.place.label) !== 'accessToken') return identified;
      const {sub} = principal.claims;
      if (typeof sub !== 'string' || sub === '') return {rejected: 'missing_claim'};
      const rights = await accessTokens.rightsOf(principal, sub, now, deadline);
      return rights === undefined ? {rejected: 'inactive'} : {verified: withRights(principal, rights)};
    },
    health: () => [keys.health()],
    keysAge: keys.age,
    start: keys.start,
    ...(audits && {denied: audits.denied}),
    async close() {
      keys.close();
      await audits?.close();
    },
  };
};

const familyAt = (label: string): Family => (label === apiKeyPlace.label ? 'accessToken' : 'jwt');

const hasAuthorization = ({headers}: Request): boolean => (headers.get('authorization') ?? '').trim() !== '';

/** The same principal for the same rights, so that what others keep by it (its headers) is found again. */
const makeWithRights = () => {
  const made = new WeakMap<object, Principal>();
  return (
    principal: Principal,
    rights: {readonly roles: readonly string[]; readonly permissions: readonly string[]},
  ): Principal => {
    const known = made.get(rights);
    if (known?.claims === principal.claims) return known;
    const whole = {...principal, roles: rights.roles, permissions: rights.permissions};
    made.set(rights, whole);
    return whole;
  };
};
