// Authgear: JWTs are verified here, sessions behind cookies and opaque tokens by its resolver.
import type {Credential} from '../../core/credential.ts';
import {cookiePlace, headerPlace} from '../../core/places.ts';
import type {Principal} from '../../core/principal.ts';
import {parseJwt} from '../../providers/jwt.ts';
import {makeOidcProvider} from '../../providers/oidc.ts';
import type {Provider} from '../../providers/provider.ts';
import type {VendorParts} from '../vendor.ts';
import {claimPaths, makeReadAuthgearPrincipal} from './claims.ts';
import {makeResolver, type Session} from './resolver.ts';
import type {AuthgearSettings} from './settings.ts';

/** What upstreams behind Authgear's nginx integration take for its word. */
const ownedHeaders = [
  'session-valid',
  'session-acr',
  'session-amr',
  'session-authenticated-at',
  'user-id',
  'user-anonymous',
  'user-verified',
  'user-can-reauthenticate',
  'user-roles',
  '*',
].map((name) => `x-authgear-${name}`);

/** JWTs as issued with `issue_jwt_access_token`. Id tokens share the keys, and are neither `at+jwt` nor for the endpoint. */
const makeJwtProvider = (settings: AuthgearSettings, parts: VendorParts): Provider =>
  makeOidcProvider(
    {
      ...settings,
      issuer: settings.endpoint,
      audience: settings.audience ?? [settings.endpoint],
      credentials: [{header: 'authorization', scheme: 'Bearer'}],
      algorithms: ['RS256'],
      tokenType: 'at+jwt',
      claims: claimPaths(settings),
    },
    parts,
    makeReadAuthgearPrincipal(settings),
  );

export const makeAuthgearProvider = (settings: AuthgearSettings, parts: VendorParts): Provider => {
  const {name, endpoint, mode, cookiePrefix} = settings;
  const tokens = makeJwtProvider(settings, parts);
  if (mode === 'jwt') return {...tokens, ownedHeaders};

  const resolver = makeResolver(settings, parts);
  const tokenCookie = `${cookiePrefix}app_access_token`;
  const principalOf = makeReadAuthgearPrincipal(settings);
  /** The same session makes the same principal, so that what is derived from it is derived once. */
  const principals = new WeakMap<Session, Principal>();
  const principalBehind = (session: Session): Principal | undefined => {
    const known = principals.get(session);
    if (known !== undefined) return known;
    const made = principalOf(session);
    if (made === undefined) return undefined;
    // A session counts as issued when its user signed in, so that a revocation ends it and not the next one.
    const principal = made.authTime === undefined ? made : {...made, issuedAt: made.authTime};
    principals.set(session, principal);
    return principal;
  };

  const isToken = ({place}: Credential) => place.kind === 'header' || place.name === tokenCookie;
  /** What may be sent to Authgear: its opaque and its own tokens, and cookies that are cookie values (RFC 6265). */
  const isForResolver = ({place, value}: Credential): boolean => {
    if (place.kind === 'cookie') return /^[!#-+\--:<-[\]-~]{1,4096}$/.test(value);
    return /^[A-Za-z0-9]{32}$/.test(value) || (mode === 'resolver' && parseJwt(value)?.claims.iss === endpoint);
  };

  const background: Provider | Pick<Provider, 'health'> = mode === 'both' ? tokens : {health: () => []};
  return {
    ...background,
    name,
    ownedHeaders,
    // The order in which Authgear looks, too.
    places: [
      headerPlace('authorization', 'Bearer'),
      cookiePlace(`${cookiePrefix}app_session`),
      cookiePlace(tokenCookie),
      cookiePlace(`${cookiePrefix}session`),
    ],
    accepts(credential, request) {
      const token = mode === 'both' && isToken(credential) ? tokens.accepts(credential, request) : undefined;
      if (token !== undefined) return token;
      return isForResolver(credential) ? {...credential, key: `session:${resolver.keyOf(credential)}`} : undefined;
    },
    async authenticate(credential, context) {
      const {key} = credential;
      if (!key?.startsWith('session:')) return tokens.authenticate(credential, context);
      const {session, setCookies} = await resolver.resolve(key, credential, context.request);
      const principal = session === null ? undefined : principalBehind(session);
      return principal === undefined ? {rejected: 'session_invalid', setCookies} : {verified: principal, setCookies};
    },
  };
};
