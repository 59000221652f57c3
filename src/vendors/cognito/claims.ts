// From Cognito's claims to a principal, or why they prove none: what kind of token it is they say themselves.
import {shapeOf, wantedGot} from '../../core/words/misfit.ts';
import type {ClaimSettings} from '../../providers/claimSettings.ts';
import {makeReadPrincipal, stringsOf, textOf} from '../../providers/claims.ts';
import type {ReadPrincipalOr} from '../../providers/oidc.ts';
import type {CognitoSettings} from './settings.ts';

/** Where things stand in the claims. A group is a role; a scope keeps the resource server before it, `orders/read`. */
export const claimPaths = ({claims}: CognitoSettings): ClaimSettings => ({
  ...claims,
  roles: ['cognito:groups'],
  scopes: 'scope',
});

/**
 * All tokens of one sign-in, refreshed ones too, have the same `origin_jti`, and RevokeToken ends just these: so it is the
 * session. Machines (`sub` is their `client_id`) have none. The principal's claims stay as they were sent.
 */
export const makeReadCognitoPrincipal = (settings: CognitoSettings): ReadPrincipalOr => {
  const read = makeReadPrincipal(settings.name, claimPaths(settings), stringsOf);
  return (claims) => {
    const {token_use: use, client_id: client, aud, origin_jti: session} = claims;
    if (use !== 'access') return {reason: 'wrong_token_type', detail: wantedGot('token_use', '"access"', use)};
    if (textOf(client) === undefined)
      return {reason: 'missing_claim', detail: `client_id: wanted a text, got ${shapeOf(client)}`};
    // RFC 7519 section 4.1.3: what is meant for somebody else is not for us. A trigger may write the client itself.
    if (settings.audience === undefined && aud !== undefined && aud !== client)
      return {reason: 'wrong_audience', detail: wantedGot('aud', 'none, as no audience is set', aud)};
    const principal = read({...claims, sid: session});
    return principal && {...principal, claims};
  };
};
