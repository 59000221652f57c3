// The oidc provider: JWT access tokens of one OpenID Connect or OAuth 2 issuer.
import type {Cache} from '../core/cache.ts';
import {makePlace} from '../core/credential/places.ts';
import type {Principal} from '../core/principal.ts';
import type {RemoteCall} from '../core/remote.ts';
import type {After} from '../core/within.ts';
import {type Misfit, shapeOf} from '../core/words/misfit.ts';
import type {ClaimPath} from './claimSettings.ts';
import {claimReader, makeReadPrincipal} from './claims.ts';
import {clientFault, partyFault} from './clients.ts';
import {keysAtUrl, keysByDiscovery} from './jwks.ts';
import {makeVerifyJwt} from './jwt.ts';
import {type Claims, longestToken, looksLikeJwt, malformedDetail, type ParsedJwt} from './jwtForm.ts';
import {jwtMisfit} from './jwtMisfit.ts';
import {type KeptKeys, type KeyKeeper, makeKeyKeeper} from './keyKeeper.ts';
import {keysTrial} from './keysTrial.ts';
import type {OidcSettings} from './oidcSettings.ts';
import type {Provider} from './provider.ts';
import {otherKind} from './tokenKind.ts';
import {isParsed, tokenOf} from './tokensOf.ts';
import {type KeptPrincipal, makeVerifiedCache, type Verification} from './verifiedCache.ts';

/** What a provider needs from the rest of the program. Times in milliseconds. */
export interface ProviderParts {
  readonly call: RemoteCall;
  /** Of verified principals; may be shared by all providers. */
  readonly cache: Cache<KeptPrincipal>;
  /** Milliseconds since the epoch, for work in the background; a request brings its own. */
  readonly now: () => number;
  /** Milliseconds that no step of the wall clock moves; see keyKeeper. */
  readonly steady?: () => number;
  readonly random: () => number;
  readonly after: After;
  /**
   * Where the keys of a provider are kept beyond the process. `identity`: whose keys they are, in words; `member`: of a
   * family of issuers. Absent: nowhere.
   */
  readonly keepKeys?: ((provider: string, identity: string, member?: string) => KeptKeys) | undefined;
}

/** The principal of verified claims, or why they prove none; undefined: they name no subject. */
export type ReadPrincipalOr = (claims: Claims) => Principal | Misfit | undefined;

/** Vendors whose tokens are such JWTs build on the same, under their own type. */
export type JwtProviderSettings = Omit<OidcSettings, 'type'> & {readonly type: string};

/**
 * Accepts a JWT whose unverified `iss` is exactly the configured issuer, and one that is too long to be read, which is
 * malformed; opens no socket for any other. A verified
 * principal is kept by the hash of its token until `exp`, or until the issuer takes back the key.
 * `principalOf`: for vendors whose claims say it in ways that settings cannot; the principal keeps the token's times in
 * its claims.
 */
export const makeOidcProvider = (
  settings: JwtProviderSettings,
  parts: ProviderParts,
  principalOf: ReadPrincipalOr = makeReadPrincipal(settings.name, settings.claims),
): Provider => {
  const {name, issuer} = settings;
  const {token} = settings.jwks;
  const dependency = `keys:${name}`;
  const keys = makeKeyKeeper({
    ...parts,
    dependency,
    timing: settings.jwks,
    keptKeys: parts.keepKeys?.(name, keysIdentity(issuer, settings.jwksUri)),
    fetch:
      settings.jwksUri === undefined
        ? keysByDiscovery(parts.call, dependency, issuer, settings.insecure, token, true)
        : keysAtUrl(parts.call, dependency, settings.jwksUri, token),
  });
  return makeIssuerProvider(settings, keys, parts, principalOf);
};

/** Whose keys they are: the issuer's, or those at an address of the settings. */
export const keysIdentity = (issuer: string, jwksUri: string | undefined): string =>
  jwksUri === undefined ? `the issuer ${issuer}` : `the issuer ${issuer} with keys at ${jwksUri}`;

const subjectMisfit = (claims: Claims, path: ClaimPath = 'sub'): string =>
  `${typeof path === 'string' ? path : path.join('.')}: wanted a text, got ${shapeOf(claimReader(path)(claims))}`;

/** The same with keys that somebody else keeps, who may share them: closing it ends them all the same. */
export const makeIssuerProvider = (
  settings: JwtProviderSettings,
  keys: KeyKeeper,
  parts: Pick<ProviderParts, 'cache'>,
  principalOf: ReadPrincipalOr,
): Provider => {
  const {name, issuer, clockTolerance, clients} = settings;
  // The token that opens the way to the keys says nothing of what they verify: it rotates, and what is verified stays.
  const {token: _, ...jwks} = settings.jwks;
  const verify = makeVerifyJwt(keys, {
    issuer,
    audience: settings.audience,
    algorithms: settings.algorithms,
    clockTolerance,
    tokenType: settings.tokenType,
  });
  const verifying = {...settings, jwks};
  const verified = makeVerifiedCache({cache: parts.cache, settings: verifying, holds: keys.holds});

  const unboundFault = (claims: Claims): Misfit | undefined => {
    if (clients !== undefined) return clientFault(claims, clients);
    const {tokenType, audience} = settings;
    return tokenType === 'id' && audience !== 'any' ? partyFault(claims, audience) : undefined;
  };

  const verifyAnew = async (
    token: string,
    parsed: ParsedJwt | undefined,
    now: number,
    deadline: number,
  ): Promise<Verification> => {
    if (parsed === undefined) return {rejected: 'malformed_credential', detail: malformedDetail(token)};
    const {claims, signedBy, rejected, detail} = await verify(parsed, now, deadline);
    if (rejected !== undefined) return {rejected, detail};
    const other = otherKind(claims, settings.tokenType === 'id' ? 'id' : 'access');
    if (other !== undefined) return {rejected: 'wrong_token_type', detail: other};
    const unbound = unboundFault(claims);
    if (unbound !== undefined) return {rejected: unbound.reason, detail: unbound.detail};
    // FusionAuth before 1.60 wrote the grant into the header, which is signed as well.
    const granted = claims.gty === undefined && parsed.header.gty !== undefined;
    const read = principalOf(granted ? {...claims, gty: parsed.header.gty} : claims);
    if (read === undefined) return {rejected: 'missing_claim', detail: subjectMisfit(claims, settings.claims.subject)};
    return 'reason' in read ? {rejected: read.reason, detail: read.detail} : {verified: read, signedBy};
  };

  return {
    name,
    places: settings.credentials.map(makePlace),
    accepts(credential, request) {
      // Nobody takes one so long apart to see whose it is: it is refused as such, not as that of a stranger.
      if (credential.value.length > longestToken) return looksLikeJwt(credential.value) ? credential : undefined;
      const {value} = credential;
      // Once another provider has taken it apart, whose it is is seen without looking it up.
      if (isParsed(request, value) && tokenOf(request, value)?.claims.iss !== issuer) return undefined;
      const key = verified.keyOf(value);
      const mine = verified.knows(key) || tokenOf(request, value)?.claims.iss === issuer;
      return mine ? {...credential, key} : undefined;
    },
    misfit: ({value}, request) => jwtMisfit(value, issuer, request),
    authenticate: ({value, key = verified.keyOf(value)}, {request, now, deadline}) =>
      verified.authenticate(key, now, () => verifyAnew(value, tokenOf(request, value), now, deadline)),
    health: () => [keys.health()],
    keysAge: keys.age,
    keysShown: keys.shown,
    start: keys.start,
    trials: [keysTrial(keys, whereFrom(settings))],
    async close() {
      keys.close();
    },
  };
};

const whereFrom = ({jwksUri, issuer}: JwtProviderSettings): string =>
  jwksUri === undefined
    ? `the discovery of "${issuer}", whose document names the issuer "${issuer}", as the settings do`
    : `${jwksUri}; jwksUri takes the place of discovery, so nobody was asked whether the issuer is "${issuer}"`;
