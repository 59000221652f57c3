// Why a credential is no JWT of an issuer.

import type {Request} from '../core/request/request.ts';
import {type Misfit, shownValue, wantedGot} from '../core/words/misfit.ts';
import {isSameButSlash} from './jwks.ts';
import {malformedDetail} from './jwtForm.ts';
import {tokenOf} from './tokensOf.ts';

/**
 * `issuer`: what the settings name, or words for it; that of the token comes back with the misfit. One that differs by
 * a slash is told as such: it is a slip of settings.
 */
export const jwtMisfit = (value: string, issuer: string, request: Request): Misfit & {readonly issuer?: unknown} => {
  const claims = tokenOf(request, value)?.claims;
  if (claims === undefined) return {reason: 'malformed_credential', detail: malformedDetail(value)};
  const {iss} = claims;
  const detail = wantedGot('iss', shownValue(issuer), iss);
  return typeof iss === 'string' && isSameButSlash(iss, issuer)
    ? {reason: 'wrong_issuer', detail: `${detail}: they differ only by the slash at the end`, issuer: iss}
    : {reason: 'unsupported_credential', detail, issuer: iss};
};
