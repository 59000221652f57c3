// Tokens of one issuer share its keys: an id, refresh or logout token must not pass for an access token.
import type {Claims} from './jwtForm.ts';

const logout = 'http://schemas.openid.net/event/backchannel-logout';

/** What issuers write into the `typ`, `token_use` or `token_type` claim of tokens of each kind (Keycloak, Cognito, SimpleJWT). */
const idWords = new Set<unknown>(['id', 'id_token']);
const otherWords = new Set<unknown>(['refresh', 'refresh_token', 'offline', 'logout']);
const accessWords = new Set<unknown>(['access', 'access_token', 'bearer', 'at+jwt']);

const lower = (value: unknown): unknown => (typeof value === 'string' ? value.trim().toLowerCase() : value);
/** One of a list is said, too. */
const says = (value: unknown, words: ReadonlySet<unknown>): boolean =>
  Array.isArray(value) ? value.some((one) => words.has(lower(one))) : words.has(lower(value));
const saysSo = ({typ, token_use: use, token_type: type}: Claims, words: ReadonlySet<unknown>): boolean =>
  says(typ, words) || says(use, words) || says(type, words);

/** An event about somebody (RFC 8417 section 2.2): names of events are URIs. */
const isEvent = ({events}: Claims): boolean =>
  typeof events === 'object' &&
  events !== null &&
  Object.keys(events).some((name) => /^[a-z][a-z0-9+.-]*:/i.test(name));

/**
 * By what it shows that it is an id token: `at_hash` and `c_hash` are in no other (OpenID Connect Core 1.0 section
 * 3.3.2.11), nor is `s_hash` (FAPI 1.0 part 2 section 5.1).
 */
const signsOfId = (claims: Claims): string | undefined => {
  if (claims.at_hash !== undefined) return 'at_hash';
  if (claims.c_hash !== undefined) return 'c_hash';
  if (claims.s_hash !== undefined) return 's_hash';
  return saysSo(claims, idWords) ? 'typ, token_use or token_type' : undefined;
};

/**
 * Why verified claims are those of another kind of token than `wanted`, in words; undefined: they are of that kind, as far
 * as they say. An id token shows it (`nonce` alone proves nothing, for some issuers copy it), a refresh token says it, a
 * logout token has its event (OpenID Connect Back-Channel Logout 1.0 section 2.4). Nor is a token that is bound to a key
 * (`cnf`) one for the bearer: whoever holds it must prove the key (RFC 8705 section 3, RFC 9449 section 7.1), and nothing
 * here can ask.
 */
export const otherKind = (claims: Claims, wanted: 'access' | 'id'): string | undefined => {
  if (claims.cnf !== undefined) return 'it is bound to a key (cnf), which nobody can prove here';
  if (typeof claims.events === 'object' && claims.events !== null && Object.hasOwn(claims.events, logout))
    return 'it is a logout token';
  if (isEvent(claims)) return 'it is a security event token (events)';
  if (claims.drn === 'DSR') return 'it is a refresh token of Descope (drn)';
  if (saysSo(claims, otherWords)) return 'it says that it is a refresh or logout token (typ, token_use or token_type)';
  if (wanted === 'id') {
    return saysSo(claims, accessWords) ? 'it says that it is an access token, and id tokens are wanted' : undefined;
  }
  const sign = signsOfId(claims);
  return sign === undefined ? undefined : `it is an id token, as ${sign} shows`;
};
