// The Frontegg provider: tokens of users and APIs by Authorization, access tokens by x-api-key, the session cookie.
import type {Credential} from '../../core/credential/credential.ts';
import {headerPlace, makePlace} from '../../core/credential/places.ts';
import type {Principal} from '../../core/principal.ts';
import type {Request} from '../../core/request/request.ts';
import {malformedDetail} from '../../providers/jwtForm.ts';
import {jwtMisfit} from '../../providers/jwtMisfit.ts';
import {keysTrial} from '../../providers/keysTrial.ts';
import type {AuthenticationContext, Provider} from '../../providers/provider.ts';
import {otherKind} from '../../providers/tokenKind.ts';
import {tokenOf} from '../../providers/tokensOf.ts';
import {makeVerifiedCache, type Verification} from '../../providers/verifiedCache.ts';
import type {VendorParts} from '../vendor.ts';
import {makeAccessTokens} from './accessTokens.ts';
import {makeFronteggApi} from './api.ts';
import {makeAudits} from './audits.ts';
import {cookieNameOf, openSession, sessionCookiePlace} from './sessionCookie.ts';
import {baseOf, type FronteggSettings} from './settings.ts';
import {type Family, looksLikeFrontegg, makeReadFrontegg, missingDetail, otherFamily} from './tokens.ts';
import {vendorTokenTrial} from './vendorToken.ts';
import {makeFronteggVerifier} from './verifier.ts';

const apiKeyPlace = headerPlace('x-api-key');

/**
 * Accepts JWTs whose unverified `iss` is the configured issuer (without one: that look like Frontegg's), and seals in the
 * session cookie. Signatures are checked with the environment's own keys; of an access token Frontegg is asked besides
 * whether it is active and what it may do. What is verified is kept by the hash of the credential until it runs out.
 */
export const makeFronteggProvider = (settings: FronteggSettings, parts: VendorParts): Provider => {
  const {name, issuer, sessionCookie} = settings;
  const api = makeFronteggApi(settings, parts);
  const verifier = makeFronteggVerifier(settings, api, parts);
  const principalOf = makeReadFrontegg(name);
  const {audits: _, ...verifying} = settings;
  const verified = makeVerifiedCache({cache: parts.cache, settings: verifying, holds: verifier.holds});
  const accessTokens = makeAccessTokens(settings, api, parts);
  const audits = settings.audits && makeAudits(name, settings.audits, api, parts);
  const cookie = sessionCookie && sessionCookiePlace(sessionCookie.name ?? cookieNameOf(settings.clientId));
  const withRights = makeWithRights();

  const isMine = (token: string, request: Request): boolean => {
    const claims = tokenOf(request, token)?.claims;
    return claims !== undefined && (issuer === null ? looksLikeFrontegg(claims) : claims.iss === issuer);
  };

  const verifyToken = async (token: string, family: Family, context: AuthenticationContext): Promise<Verification> => {
    const {request, now, deadline} = context;
    const parsed = tokenOf(request, token);
    if (parsed === undefined) return {rejected: 'malformed_credential', detail: malformedDetail(token)};
    const {claims, signedBy, rejected, detail} = await verifier.verify(parsed, now, deadline);
    if (rejected !== undefined) return {rejected, detail};
    const other = otherKind(claims, 'access') ?? otherFamily(claims, family);
    if (other !== undefined) return {rejected: 'wrong_token_type', detail: other};
    const principal = principalOf(claims);
    return principal === undefined
      ? {rejected: 'missing_claim', detail: missingDetail(claims)}
      : {verified: principal, signedBy};
  };

  /** The token of a credential, and until when it may stand there; undefined if a seal does not hold. */
  const open = ({value, place}: Credential, now: number) =>
    place.label === cookie?.label && sessionCookie !== undefined
      ? openSession(value, sessionCookie.password, now)
      : {accessToken: value, until: Number.POSITIVE_INFINITY};

  const verifyAnew = async (credential: Credential, context: AuthenticationContext): Promise<Verification> => {
    const opened = await open(credential, context.now);
    if (opened === undefined) return {rejected: 'session_invalid', detail: sealDetail};
    const {accessToken, until} = opened;
    return {...(await verifyToken(accessToken, familyAt(credential.place.label), context)), until};
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
      const mine = label === cookie?.label ? credential.value.startsWith('Fe26.2*') : isMine(credential.value, request);
      return mine ? {...credential, key} : undefined;
    },
    misfit: ({value, place}, request) =>
      place.label === cookie?.label
        ? {reason: 'unsupported_credential', detail: 'it is no sealed session'}
        : jwtMisfit(value, issuer ?? 'one of Frontegg', request),
    async authenticate(credential, context) {
      const {now, deadline} = context;
      const key = credential.key ?? keyOf(credential);
      const identified = await verified.authenticate(key, now, () => verifyAnew(credential, context));
      const {verified: principal} = identified;
      if (principal === undefined || familyAt(credential.place.label) !== 'accessToken') return identified;
      const {sub} = principal.claims;
      if (typeof sub !== 'string' || sub === '') return {rejected: 'missing_claim', detail: missingDetail({sub})};
      const rights = await accessTokens.rightsOf(principal, sub, now, deadline);
      return rights === undefined
        ? {rejected: 'inactive', detail: inactiveDetail}
        : {verified: withRights(principal, rights)};
    },
    health: () => [verifier.health(), accessTokens.health()],
    keysAge: verifier.age,
    keysShown: verifier.shown,
    start: verifier.start,
    trials: [keysTrial(verifier, baseOf(settings)), vendorTokenTrial(settings, parts, `frontegg:${name}`)],
    ...(audits && {denied: audits.denied}),
    async close() {
      verifier.close();
      await audits?.close();
    },
  };
};

const sealDetail =
  'the seal of the session cookie does not hold with sessionCookie.password, has run out, or holds no session';
const inactiveDetail =
  'Frontegg has the access token not among its active ones: it was deleted, has ended, or API tokens are disabled';

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
