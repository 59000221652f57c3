// Verification of JSON Web Tokens, in this order: key, signature, type, claims. RFC 8725 has what goes wrong.

import type {Reason} from '../core/refusals.ts';
import {type Misfit, shownList, shownValue, wantedGot} from '../core/words/misfit.ts';
import {audienceFault, issuerFault, timeDetail, timeFault} from './jwtClaims.ts';
import type {Claims, ParsedJwt} from './jwtForm.ts';
import {signerAmong} from './jwtSignature.ts';
import type {Key} from './keys.ts';
import {type Algorithm, asymmetric} from './settings.ts';

/** What a verifier accepts. */
export interface JwtChecks {
  /** Undefined: not checked. Only for issuers that write none; the keys then say who it was. */
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | 'any';
  readonly algorithms: readonly Algorithm[];
  /** Milliseconds. */
  readonly clockTolerance: number;
  /**
   * `at+jwt` (RFC 9068): insists on this `typ`. `id`: JWT or none. Undefined: JWT, at+jwt or none, so that tokens of another
   * kind do not pass.
   */
  readonly tokenType: 'at+jwt' | 'id' | undefined;
}

/** Where keys come from; rejects with Unavailable while there are none to be had. */
export interface KeyFinder {
  find(
    kid: string | undefined,
    algorithm: Algorithm,
    now: number,
    deadline: number,
  ): readonly Key[] | Promise<readonly Key[]>;
  /**
   * Looks once more where the keys of `find` were guesses (no key has the token's id) and none of them has signed: the right
   * one may have been published since. Undefined: there is no more to be learnt now. At most one fetch in a cooldown.
   */
  findAgain?(
    kid: string | undefined,
    algorithm: Algorithm,
    now: number,
    deadline: number,
  ): Promise<readonly Key[] | undefined>;
}

export type Verified =
  | {readonly claims: Claims; readonly signedBy: Key; readonly rejected?: never; readonly detail?: never}
  | {
      readonly rejected: Reason;
      /** What was wanted and what came, for operators. */
      readonly detail?: string | undefined;
      readonly claims?: never;
      readonly signedBy?: never;
    };

/** Verifies a parsed token at `now`; times in milliseconds since the epoch. */
export type VerifyJwt = (token: ParsedJwt, now: number, deadline: number) => Promise<Verified>;

/**
 * Makes a verifier. The token's header chooses only among keys that the issuer has published, and among algorithms of the
 * list that also fit the key's type: `none` and HMAC do not exist here, and `jwk`, `jku`, `x5u`, `x5c` are not looked at.
 */
export const makeVerifyJwt = (keys: KeyFinder, checks: JwtChecks): VerifyJwt => {
  const accepted = new Set<string>(checks.algorithms);
  return async (token, now, deadline) => {
    const {header, claims} = token;
    // RFC 7515 section 4.1.11: an extension that is not understood makes the token invalid, and none is understood.
    if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
      return {rejected: 'malformed_credential', detail: 'its header has crit or b64, which is not understood here'};
    if (header.kid !== undefined && typeof header.kid !== 'string')
      return {rejected: 'malformed_credential', detail: `its kid is ${shownValue(header.kid)}`};
    const algorithm = algorithmOf(header.alg);
    if (algorithm === undefined || !accepted.has(algorithm))
      return {rejected: 'bad_signature', detail: wantedGot('alg', shownList(checks.algorithms), header.alg)};

    const found = keys.find(header.kid, algorithm, now, deadline);
    const candidates = found instanceof Promise ? await found : found;
    if (candidates.length === 0) return {rejected: 'unknown_key', detail: notPublished(header.kid, algorithm)};
    let signedBy = await signerAmong(token, algorithm, candidates);
    if (signedBy === undefined) {
      const others = await keys.findAgain?.(header.kid, algorithm, now, deadline);
      if (others !== undefined) signedBy = await signerAmong(token, algorithm, others);
    }
    if (signedBy === undefined) {
      const key = header.kid === undefined ? 'no kid' : `kid ${shownValue(header.kid)}`;
      return {
        rejected: 'bad_signature',
        detail: `${key}, alg "${algorithm}": it was not signed with the published key`,
      };
    }

    const fault = typeFault(header.typ, checks.tokenType) ?? claimFault(claims, checks, now);
    return fault === undefined ? {claims, signedBy} : {rejected: fault.reason, detail: fault.detail};
  };
};

const notPublished = (kid: string | undefined, algorithm: Algorithm): string =>
  kid === undefined
    ? `the token has no kid, and the issuer publishes no key for "${algorithm}"`
    : `the issuer publishes no key with the kid ${shownValue(kid)}`;

const algorithmOf = (alg: unknown): Algorithm | undefined =>
  asymmetric.find((algorithm) => algorithm === (alg === 'Ed25519' ? 'EdDSA' : alg));

/** RFC 8725 section 3.11: the kinds of token are told apart by `typ`, with or without `application/`. */
const typeFault = (typ: unknown, wanted: JwtChecks['tokenType']): Misfit | undefined => {
  const kind = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  const fits = kind === 'at+jwt' ? wanted !== 'id' : wanted !== 'at+jwt' && (kind === undefined || kind === 'jwt');
  const words = wanted === 'at+jwt' ? '"at+jwt"' : '"JWT" or none';
  return fits ? undefined : {reason: 'wrong_token_type', detail: wantedGot('typ of the header', words, typ)};
};

/** The first registered claim that does not hold, in the order iss, aud, exp, nbf, iat. */
const claimFault = (claims: Claims, {issuer, audience, clockTolerance}: JwtChecks, now: number): Misfit | undefined => {
  const fault = issuerFault(claims, issuer) ?? audienceFault(claims, audience);
  if (fault !== undefined) return fault;
  const reason = timeFault(claims, clockTolerance, now);
  return reason && {reason, detail: timeDetail(claims, clockTolerance, now)};
};
