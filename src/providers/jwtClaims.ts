// The registered claims of JSON Web Tokens (RFC 7519 section 4.1): issuer, audience, times.

import type {Reason} from '../core/refusals.ts';
import {distance, type Misfit, nearMiss, shownList, shownValue, wantedGot} from '../core/words/misfit.ts';
import type {Claims} from './jwtForm.ts';

/** Undefined: it is of this issuer, or none is asked for. */
export const issuerFault = ({iss}: Claims, issuer: string | undefined): Misfit | undefined => {
  if (issuer === undefined || iss === issuer) return undefined;
  const detail = wantedGot('iss', shownValue(issuer), iss);
  return {reason: iss === undefined ? 'missing_claim' : 'wrong_issuer', detail};
};

/** Undefined: it names one of these, or none is asked for. */
export const audienceFault = ({aud}: Claims, audience: readonly string[] | 'any'): Misfit | undefined => {
  if (audience === 'any') return undefined;
  const detail = () => wantedGot('aud', shownList(audience), aud) + nearMiss(audience, aud);
  if (aud === undefined) return {reason: 'missing_claim', detail: detail()};
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audience.some((one) => named.includes(one)) ? undefined : {reason: 'wrong_audience', detail: detail()};
};

/** NumericDate, RFC 7519 section 2: seconds, perhaps with a fraction. Undefined: not a date. */
const milliseconds = (claim: unknown): number | undefined =>
  typeof claim === 'number' && Number.isFinite(claim) ? claim * 1000 : undefined;

/**
 * Whether claims are of their time: `exp` is required, and the moment that it names is no longer good (RFC 7519 section
 * 4.1.4); a token from the future (`nbf`, `iat`) is not yet good. Run again whenever a verified token is used again.
 */
export const timeFault = (claims: Claims, tolerance: number, now: number): Reason | undefined => {
  if (claims.exp === undefined) return 'missing_claim';
  const expires = milliseconds(claims.exp);
  if (expires === undefined) return 'malformed_credential';
  if (now >= expires + tolerance) return 'token_expired';
  for (const claim of [claims.nbf, claims.iat]) {
    if (claim === undefined) continue;
    const begins = milliseconds(claim);
    if (begins === undefined) return 'malformed_credential';
    if (begins > now + tolerance) return 'token_not_yet_valid';
  }
  return undefined;
};

/** The times of claims that are not of their time, beside `now`. */
export const timeDetail = ({exp, nbf, iat}: Claims, tolerance: number, now: number): string => {
  const begins = nbf === undefined ? '' : `, nbf ${distance(nbf, now)}`;
  return `exp ${distance(exp, now)}, iat ${distance(iat, now)}${begins}; clockTolerance ${tolerance / 1_000} s`;
};
