// Frontier's access tokens, verified here by its keys: those that clients send, and those that it has just issued to us.

import type {Principal} from '../../core/principal.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {wantedGot} from '../../core/words/misfit.ts';
import {makeVerifyJwt, type VerifyJwt} from '../../providers/jwt.ts';
import {timeFault} from '../../providers/jwtClaims.ts';
import {malformedDetail, parseJwt} from '../../providers/jwtForm.ts';
import type {KeyKeeper} from '../../providers/keyKeeper.ts';
import type {Authentication} from '../../providers/provider.ts';
import {makeVerifiedCache, type Verification} from '../../providers/verifiedCache.ts';
import type {VendorParts} from '../vendor.ts';
import type {KnownTokens} from './presented.ts';
import {makePrincipalOf} from './principal.ts';
import type {FrontierSettings} from './settings.ts';

/** Times in milliseconds since the epoch. Each rejects with Unavailable for an outage. */
export interface AccessTokens {
  readonly known: KnownTokens;
  /** Of a token that a client sends. `key`: of the verified, if it is known. */
  presented(
    token: string,
    key: string | undefined,
    now: number,
    deadline: number,
  ): Authentication | Promise<Authentication>;
  /** Of a token that Frontier has just given us. `dependency`: of whom it was asked, as in the metrics. */
  issued(token: string, dependency: string, now: number, deadline: number): Promise<Principal>;
}

/**
 * A token that has just come over our own connection is not one from the future: a clock that is ahead wrote it. So `nbf`
 * and `iat` may lie as far ahead as this; else every session and secret were unavailable until the clocks agree.
 */
const aheadOfUs = 30_000;

export const makeAccessTokens = (settings: FrontierSettings, keys: KeyKeeper, parts: VendorParts): AccessTokens => {
  const {issuer, clockTolerance} = settings;
  // Its tokens have no audience; `gen` is looked at below, for service users' assertions share nothing else to tell by.
  const checks = {issuer, audience: 'any', algorithms: ['RS256'], clockTolerance, tokenType: undefined} as const;
  const verifyPresented = makeVerifyJwt(keys, checks);
  const verifyTolerant = makeVerifyJwt(keys, {...checks, clockTolerance: Math.max(clockTolerance, aheadOfUs)});
  const verified = makeVerifiedCache({cache: parts.cache, settings, holds: keys.holds});
  const principalOf = makePrincipalOf(settings);

  /** What is tolerated is the beginning alone: the end is the end. */
  const verifyIssued: VerifyJwt = async (parsed, now, deadline) => {
    const of = await verifyTolerant(parsed, now, deadline);
    const ended = timeFault({exp: parsed.claims.exp}, clockTolerance, now);
    return of.rejected === undefined && ended !== undefined ? {rejected: ended} : of;
  };

  const verifyAnew = async (verify: VerifyJwt, token: string, now: number, deadline: number): Promise<Verification> => {
    const parsed = parseJwt(token);
    if (parsed === undefined) return {rejected: 'malformed_credential', detail: malformedDetail(token)};
    const {claims, signedBy, rejected, detail} = await verify(parsed, now, deadline);
    if (rejected !== undefined) return {rejected, detail};
    if (claims.gen !== undefined && claims.gen !== 'system')
      return {rejected: 'wrong_token_type', detail: wantedGot('gen', '"system"', claims.gen)};
    const principal = principalOf(claims);
    return 'reason' in principal
      ? {rejected: principal.reason, detail: principal.detail}
      : {verified: principal, signedBy};
  };

  return {
    known: verified,
    presented: (token, key = verified.keyOf(token), now, deadline) =>
      verified.authenticate(key, now, () => verifyAnew(verifyPresented, token, now, deadline)),
    async issued(token, dependency, now, deadline) {
      const key = verified.keyOf(token);
      const answer = await verified.authenticate(key, now, () => verifyAnew(verifyIssued, token, now, deadline));
      if (answer.verified !== undefined) return answer.verified;
      // The credential is good, for Frontier says so: a token of its own that does not verify is a fault of the settings.
      const advice = adviceOn[answer.rejected] ?? 'this release of Frontier issues tokens of another kind';
      const what = `the token that it issued is refused here (${answer.rejected}): ${advice}`;
      throw new Unavailable(dependency, new Error(what));
    },
  };
};

const keysAdvice =
  'it signs with a key that it does not publish: see that url is this very Frontier, and that all its instances have the same keys (rsa_path, rsa_base64)';
const clocksAdvice = "its clock and this machine's differ too far: set both by the same time server";

/** What to do, by reason. */
const adviceOn: Readonly<Record<string, string>> = {
  token_not_yet_valid: clocksAdvice,
  token_expired: clocksAdvice,
  wrong_issuer: 'set issuer to what Frontier writes as iss of its tokens',
  unknown_key: keysAdvice,
  bad_signature: keysAdvice,
};
