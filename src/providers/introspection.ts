// The provider `introspection`: opaque tokens, about which their issuer is asked (RFC 7662).

import {makePlace} from '../core/credential/places.ts';
import {derivedOnce} from '../core/derived.ts';
import type {Principal} from '../core/principal.ts';
import {type Asks, jsonOf, type RemoteAnswer, type RemoteCall} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type Misfit, wantedGot} from '../core/words/misfit.ts';
import {idOfKey} from './apiKeysForm.ts';
import {makeReadPrincipal} from './claims.ts';
import {clientFault} from './clients.ts';
import {introspectionReply, type KeptReply, keptOf, keptReply} from './introspectionReply.ts';
import type {IntrospectionSettings} from './introspectionSettings.ts';
import {audienceFault, issuerFault, timeDetail, timeFault} from './jwtClaims.ts';
import {type Claims, longestToken, looksLikeJwt} from './jwtForm.ts';
import type {Authentication, Provider} from './provider.ts';
import {type AskingParts, makeAskOnce} from './session.ts';
import {otherKind} from './tokenKind.ts';

export interface IntrospectionParts extends AskingParts {
  readonly call: RemoteCall;
}

/**
 * How long "not active" is kept, milliseconds: a client that goes on with a dead token must not flood the issuer, and a
 * token that is new to a replica of the issuer must not stay refused.
 */
const negative = 2_000;

/** A reply of a kilobyte is long. */
const maxBytes = 65_536;

/** RFC 6750 section 2.1, and two characters more that are seen. Nothing that could make the issuer answer with a fault. */
const isToken = (value: string): boolean => value.length <= longestToken && /^[\w.~+/:|-]+=*$/.test(value);

const noToken = ({length}: string): string =>
  length > longestToken
    ? `it has ${length} characters, ${longestToken} at most are asked about`
    : 'it has characters that no token has (RFC 6750, 2.1)';

/**
 * Takes every token that does not look like a JWT (`tokens: any`: those too) or an API key of ours, so other providers of
 * the same place stand before it. What the issuer says is kept by the hash of token and settings, for `ttl` and never past `exp`; what the
 * settings want of it (audience, issuer, client) is looked at each time.
 */
export const makeIntrospectionProvider = (settings: IntrospectionSettings, parts: IntrospectionParts): Provider => {
  const {name, ttl, timeout, tokens} = settings;
  const {call, now} = parts;
  const dependency = `introspection:${name}`;
  // A change of settings asks anew: another client may be told other things (section 2.2).
  const askOnce = makeAskOnce(
    {
      dependency,
      cache: 'introspection',
      settings,
      shape: keptReply,
      good: ({claims}: KeptReply) => claims !== undefined,
    },
    parts,
  );
  const read = makeRead(settings);
  const life = ({claims}: KeptReply): number => (claims === undefined ? Math.min(ttl, negative) : ttl);
  /** Asks whatever becomes of the request that was first to want it: others wait for the same answer. */
  const ask = async (token: string, asks?: Asks): Promise<KeptReply> => {
    const request = {...requestOf(settings, token), timeout, maxBytes, ...(asks && {asks})};
    const answer = await call(dependency, request, now() + timeout);
    if (answer.status === 401 || answer.status === 403) throw refusedUs(dependency, answer, settings);
    return keptOf(jsonOf(dependency, answer, introspectionReply));
  };

  return {
    name,
    places: settings.credentials.map(makePlace),
    accepts(credential) {
      if (tokens === 'opaque' && looksLikeJwt(credential.value)) return undefined;
      // A key of the provider type apiKeys is nobody else's business, wherever that provider stands.
      return idOfKey(credential.value) === undefined ? credential : undefined;
    },
    misfit: () => ({reason: 'unsupported_credential', detail: 'it is a JWT or an API key, about which is not asked'}),
    async authenticate({value}, context) {
      if (!isToken(value)) return {rejected: 'malformed_credential', detail: noToken(value)};
      const kept = await askOnce(
        {about: [value], ask: (_, asks) => ask(value, asks), life, end: expiryOf},
        context.deadline,
      );
      return read(kept, context.now);
    },
    health: () => [askOnce.health()],
    trials: [
      {
        what: 'introspection',
        async run() {
          const {claims} = await ask(nobodysToken);
          return claims === undefined
            ? {found: `${settings.endpoint} takes clientId and clientSecret, and calls a made-up token inactive`}
            : {found: `${settings.endpoint} calls a made-up token active: whoever makes one up is let in`, doubt: true};
        },
      },
    ],
  };
};

const nobodysToken = 'asked-by-postern-doctor';

/** RFC 7662 section 2.3: this is said of who asks, never of the token. */
const refusedUs = (dependency: string, {asked, status}: RemoteAnswer, settings: IntrospectionSettings): Unavailable => {
  const other = settings.authentication === 'post' ? 'basic' : 'post';
  return new Unavailable(
    dependency,
    new Error(
      `${asked} answered with status ${status}: it refuses clientId and clientSecret, or wants authentication: ${other}`,
    ),
  );
};

const expiryOf = ({claims}: KeptReply): number =>
  typeof claims?.exp === 'number' ? claims.exp * 1_000 : Number.POSITIVE_INFINITY;

/** The request of section 2.1. It changes nothing there, so it may be repeated. */
const requestOf = (settings: IntrospectionSettings, token: string) => {
  const {endpoint: url, clientId, clientSecret = '', authentication} = settings;
  const form = new URLSearchParams({token, token_type_hint: 'access_token'});
  const headers: Record<string, string> = {'content-type': 'application/x-www-form-urlencoded'};
  if (authentication === 'basic') {
    const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    form.set('client_id', clientId);
    // RFC 8705 section 2: the certificate of the connection stands for the secret.
    if (authentication === 'post') form.set('client_secret', clientSecret);
  }
  return {method: 'POST', url, headers, body: form.toString(), idempotent: true} as const;
};

/** RFC 6749 section 2.3.1: both are form-encoded before they become user name and password. */
const formEncoded = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1);

/** From what was said of a token to a principal, or to why not. */
const makeRead = (settings: IntrospectionSettings): ((kept: KeptReply, now: number) => Authentication) => {
  const read = makeReadPrincipal(settings.name, settings.claims);
  const principalOf = derivedOnce((claims: Claims): Principal | undefined => {
    // `username` names whoever authorized the token: without it, all users of a client would be that client.
    const named = read(claims.sub === undefined ? {...claims, sub: claims.username} : claims);
    return named && {...named, claims};
  });
  return ({claims}, now) => {
    if (claims === undefined) return {rejected: 'inactive', detail: 'its issuer says that it is not active'};
    const misfit = claimFault(claims, settings);
    if (misfit !== undefined) return {rejected: misfit.reason, detail: misfit.detail};
    const ended = timeFault({exp: never, ...claims}, settings.clockTolerance, now);
    if (ended !== undefined) return {rejected: ended, detail: timeDetail(claims, settings.clockTolerance, now)};
    const principal = principalOf(claims);
    return principal === undefined
      ? {rejected: 'missing_claim', detail: 'the reply names no subject (sub, username)'}
      : {verified: principal};
  };
};

/** An access token, and nothing more (Salesforce; RFC 8693 section 3): not how it is to be shown, as is meant here. */
const plain: ReadonlySet<string> = new Set(['access_token', 'urn:ietf:params:oauth:token-type:access_token']);

/** Section 2.2: `exp` is optional here. */
const never = Number.MAX_SAFE_INTEGER;

const claimFault = (claims: Claims, settings: IntrospectionSettings): Misfit | undefined => {
  const {issuer, audience, clients, tokenType} = settings;
  // A bound token (RFC 9449, RFC 8705) is worth nothing without a proof of possession, which nobody checks here.
  const other = otherKind(claims, 'access');
  if (other !== undefined) return {reason: 'wrong_token_type', detail: other};
  const type = typeof claims.token_type === 'string' ? claims.token_type.toLowerCase() : undefined;
  if (type === undefined || plain.has(type) ? tokenType !== undefined : type !== 'bearer')
    return {reason: 'wrong_token_type', detail: wantedGot('token_type', '"Bearer"', claims.token_type)};
  const foreign = issuerFault(claims, issuer) ?? audienceFault(claims, audience);
  return foreign ?? (clients === undefined ? undefined : clientFault(claims, clients));
};
