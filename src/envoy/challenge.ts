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
 * The values of WWW-Authenticate, a line each. Where no credential was sent, every scheme that is offered; else the one of
 * the place where it stood. A 401 needs one (RFC 9110 section 11.6.1): without any it is Bearer, which no browser asks its
 * user about. `metadata`: URL of the resource's metadata (RFC 9728 section 5.1).
 */
export const challengesOf = (
  refusal: Refusal,
  scheme: string | undefined,
  challenge: Challenge | undefined,
  metadata: string | undefined,
): readonly string[] => {
  const offered = refusal.error === undefined ? challenge?.schemes : undefined;
  const schemes = offered === undefined ? [scheme] : offered.length === 0 ? [undefined] : offered;
  return schemes.map((one) => challengeOf(refusal, one, challenge, metadata));
};

/**
 * One value of WWW-Authenticate. Without `refusal.error` (no credential was sent) there is no `error` either, as RFC 6750
 * section 3.1 wants it. `Basic` (RFC 7617) has no parameters that could say more.
 */
const challengeOf = (
  refusal: Refusal,
  scheme: string | undefined,
  challenge: Challenge | undefined,
  metadata: string | undefined,
): string => {
  const named = scheme !== undefined && isToken(scheme) ? scheme : 'Bearer';
  if (named.toLowerCase() === 'basic') return `${named} ${REALM}, charset="UTF-8"`;
  const {maxAge} = challenge ?? {};
  return [
    `${named} ${REALM}`,
    refusal.error ? `, error="${refusal.error}", error_description="${refusal.sentence}"` : '',
    list('scope', challenge?.scopes),
    list('acr_values', challenge?.acrValues),
    maxAge !== undefined && Number.isFinite(maxAge) && maxAge >= 0 ? `, max_age="${Math.floor(maxAge)}"` : '',
    // A URL of the settings, which holds no quote.
    metadata === undefined ? '' : `, resource_metadata="${metadata}"`,
  ].join('');
};
