// From Authgear's claims to a principal, with the words of its resolver's headers for upstreams that know those.

import type {ClaimSettings} from '../../providers/claimSettings.ts';
import {makeReadPrincipal, type ReadPrincipal, stringsOf, textOf} from '../../providers/claims.ts';
import type {Claims} from '../../providers/jwtForm.ts';
import type {AuthgearSettings} from './settings.ts';

/** Claims of an access token; what the resolver says is put under the same names. */
export const userClaims = {
  anonymous: 'https://authgear.com/claims/user/is_anonymous',
  verified: 'https://authgear.com/claims/user/is_verified',
  reauthenticate: 'https://authgear.com/claims/user/can_reauthenticate',
  roles: 'https://authgear.com/claims/user/roles',
} as const;

/** User flags as permissions, so that a rule can ask for them; `user.identified` is the contrary of anonymous. */
const flagPermissions = (claims: Claims): readonly string[] => {
  const held: string[] = [];
  if (claims[userClaims.anonymous] === true) held.push('user.anonymous');
  if (claims[userClaims.anonymous] === false) held.push('user.identified');
  if (claims[userClaims.verified] === true) held.push('user.verified');
  if (claims[userClaims.reauthenticate] === true) held.push('user.can_reauthenticate');
  return held;
};

/** What the resolver's headers `x-authgear-*` would say, by the rest of their names. */
const headerWords = (claims: Claims): Claims => ({
  'session-valid': true,
  'user-id': claims.sub,
  'user-anonymous': claims[userClaims.anonymous],
  'user-verified': claims[userClaims.verified],
  'user-can-reauthenticate': claims[userClaims.reauthenticate],
  'user-roles': stringsOf(claims[userClaims.roles]),
  'session-amr': stringsOf(claims.amr).join(' '),
  'session-authenticated-at': claims.auth_time,
});

/** A machine's subject is `client_id_` and its client id; ids of users never begin so. */
const isMachine = (claims: Claims): boolean => textOf(claims.sub)?.startsWith('client_id_') === true;

/** Where things stand in the claims. Without a path there are no permissions: the claims as a whole are no list. */
export const claimPaths = ({claims: {permissions = [], ...others}}: AuthgearSettings): ClaimSettings => ({
  ...others,
  permissions,
  roles: [userClaims.roles],
  scopes: 'scope',
});

/** The principal's claims are those of the token and `x-authgear`, the words of the headers, which machines have not. */
export const makeReadAuthgearPrincipal = (settings: AuthgearSettings): ReadPrincipal => {
  const read = makeReadPrincipal(settings.name, claimPaths(settings), stringsOf);
  return (claims) => {
    const principal = read(claims);
    if (principal === undefined) return undefined;
    // The word is ours: a claim of that name, which only a hook could have added, does not become headers.
    const {'x-authgear': _, ...sent} = claims;
    if (isMachine(claims)) return {...principal, kind: 'service', claims: sent};
    const held = [...principal.permissions, ...flagPermissions(claims)];
    return {...principal, permissions: held, claims: {...sent, 'x-authgear': headerWords(claims)}};
  };
};
