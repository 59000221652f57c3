// WWW-Authenticate: what a client must bring to be let in (RFC 6750 section 3, RFC 9470 section 3).
import type {Challenge} from '../core/decision.ts';
import type {Refusal} from '../core/refusals.ts';

const REALM = 'realm="postern"';

// RFC 6750 section 3: scope-token is %x21 / %x23-5B / %x5D-7E, so that no quote or backslash breaks the quoted string.
const isToken = (value: string): boolean => /^[!#-[\]-~]+$/.test(value);
const list = (name: string, values: readonly string[] | undefined): string => {
  const tokens = values?.filter(isToken) ?? [];
  return tokens.length > 0 ? `, ${name}="${tokens.join(' ')}"` : '';
};

/**
 * The value of WWW-Authenticate. Without `refusal.error` (no credential was sent) there is no `error` either, as RFC 6750
 * section 3.1 wants it. `Basic` (RFC 7617) has no parameters that could say more.
 */
export const challengeOf = (refusal: Refusal, scheme: string | undefined, challenge: Challenge | undefined): string => {
  const named = scheme !== undefined && isToken(scheme) ? scheme : 'Bearer';
  if (named.toLowerCase() === 'basic') return `${named} ${REALM}, charset="UTF-8"`;
  if (!refusal.error) return `${named} ${REALM}`;
  const {maxAge} = challenge ?? {};
  return [
    `${named} ${REALM}, error="${refusal.error}", error_description="${refusal.sentence}"`,
    list('scope', challenge?.scopes),
    list('acr_values', challenge?.acrValues),
    maxAge !== undefined && Number.isFinite(maxAge) && maxAge >= 0 ? `, max_age="${Math.floor(maxAge)}"` : '',
  ].join('');
};
