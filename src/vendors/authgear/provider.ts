// Authgear: JWTs are verified here, sessions behind cookies and opaque tokens by its resolver.
import {makePlace} from '../../core/credential/places.ts';
import {makeProviderOfKinds} from '../../providers/kinds.ts';
import {makeOidcProvider} from '../../providers/oidc.ts';
import type {Provider} from '../../providers/provider.ts';
import type {VendorParts} from '../vendor.ts';
import {claimPaths, makeReadAuthgearPrincipal} from './claims.ts';
import {makeSessions, type Sessions} from './resolver.ts';
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

export const makeAuthgearProvider = (settings: AuthgearSettings, parts: VendorParts): Provider => {
  const {name, endpoint, mode, cookiePrefix} = settings;
  const bearer = {header: 'authorization', scheme: 'Bearer'};
  const tokenCookie = {cookie: `${cookiePrefix}app_access_token`};
  const principalOf = makeReadAuthgearPrincipal(settings);
  /** As issued with `issue_jwt_access_token`. Id tokens share the keys, and are neither `at+jwt` nor for the endpoint. */
  const tokens = () =>
    makeOidcProvider(
      {
        ...settings,
        issuer: endpoint,
        audience: settings.audience ?? [endpoint],
        credentials: mode === 'jwt' ? [bearer] : [bearer, tokenCookie],
        algorithms: ['RS256'],
        tokenType: 'at+jwt',
        claims: claimPaths(settings),
      },
      parts,
      principalOf,
    );
  if (mode === 'jwt') return {...tokens(), ownedHeaders};

  // The order in which Authgear looks, too.
  const cookies = [{cookie: `${cookiePrefix}app_session`}, tokenCookie, {cookie: `${cookiePrefix}session`}];
  const places = [bearer, ...cookies].map(makePlace);
  const sessions = makeSessions(settings, places, principalOf, parts);
  const kinds = mode === 'both' ? [elseSession(tokens(), sessions), sessions] : [sessions];
  return {...makeProviderOfKinds(name, places, kinds), ownedHeaders};
};

/** A token that has run out in its cookie says nothing of the session beside it, which Authgear takes then, too. */
const elseSession = (tokens: Provider, sessions: Sessions): Provider => ({
  ...tokens,
  async authenticate(credential, context) {
    const answer = await tokens.authenticate(credential, context);
    if (answer.rejected !== 'token_expired' || credential.place.kind !== 'cookie') return answer;
    const others = sessions.shownBy(context.request).filter(({place}) => place.label !== credential.place.label);
    return others.length === 0 ? answer : sessions.authenticate(credential, context);
  },
});
