// Tokens of one issuer share its keys: an id, refresh or logout token must not pass for an access token.
import type {Claims} from './jwt.ts';

const logout = 'http://schemas.openid.net/event/backchannel-logout';

/** What issuers write into the `typ` or `token_use` claim of tokens that are no access tokens (Keycloak, Cognito). */
const others = new Set<unknown>(['id', 'id_token', 'refresh', 'refresh_token', 'offline', 'logout']);

const lower = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

/**
 * Whether verified claims are those of another kind of token: an id token (`at_hash` and `c_hash` are in no other, OpenID
 * Connect Core 1.0 section 3.3.2.11; `nonce` alone proves nothing, for some issuers copy it), one that says so itself, or
 * a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4). Nor is a token that is bound to a key (`cnf`) one
 * for the bearer: whoever holds it must prove the key (RFC 8705 section 3, RFC 9449 section 7.1), and nothing here can ask.
 */
export const isOtherToken = (claims: Claims): boolean =>
  claims.at_hash !== undefined ||
  claims.c_hash !== undefined ||
  claims.cnf !== undefined ||
  others.has(lower(claims.typ)) ||
  others.has(lower(claims.token_use)) ||
  (typeof claims.events === 'object' && claims.events !== null && Object.hasOwn(claims.events, logout));
