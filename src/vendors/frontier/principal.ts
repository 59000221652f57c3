// From the claims of Frontier's access token to a principal.

import type {Principal} from '../../core/principal.ts';
import {type Misfit, shapeOf, wantedGot} from '../../core/words/misfit.ts';
import {makeReadPrincipal, stringsOf, textOf} from '../../providers/claims.ts';
import type {Claims} from '../../providers/jwtForm.ts';
import type {Exchangeable} from './exchange.ts';
import type {FrontierSettings} from './settings.ts';

/** What `sub_type` says that the subject is. Frontier's own rule for a token without one: a user. */
const kinds = new Map<unknown, Principal['kind']>([
  [undefined, 'user'],
  ['app/user', 'user'],
  ['app/serviceuser', 'service'],
  ['app/pat', 'user'],
]);

/** Its tokens carry no roles, permissions or scopes: those are relations, which Frontier is asked about. */
const nowhere = {roles: ['roles'], permissions: ['permissions'], scopes: ['scope']} as const;

/** Compiles the settings: verified claims -> the principal, or why there is none. */
export const makePrincipalOf = (settings: FrontierSettings): ((claims: Claims) => Principal | Misfit) => {
  const {name, tenant, personalTokens} = settings;
  const read = makeReadPrincipal(
    name,
    {
      roles: [...nowhere.roles],
      permissions: [...nowhere.permissions],
      scopes: [...nowhere.scopes],
    },
    stringsOf,
  );
  const tenantOf = {
    organization: (claims: Claims) => only(claims.org_ids),
    project: (claims: Claims) => textOf(claims.project_id),
    none: () => undefined,
  }[tenant];

  return (claims) => {
    const kind = kinds.get(claims.sub_type);
    if (kind === undefined)
      return {
        reason: 'wrong_token_type',
        detail: wantedGot('sub_type', 'app/user, app/serviceuser or app/pat', claims.sub_type),
      };
    const principal = read(claims);
    if (principal === undefined) return missing('sub', claims.sub);
    const isOwners = claims.sub_type === 'app/pat' && personalTokens.subject === 'owner';
    const subject = isOwners ? textOf(claims.user_id) : principal.subject;
    if (subject === undefined) return missing('user_id', claims.user_id);
    const of = tenantOf(claims);
    return {...principal, kind, subject, ...(of !== undefined && {tenant: of})};
  };
};

const missing = (claim: string, got: unknown): Misfit => ({
  reason: 'missing_claim',
  detail: `${claim}: wanted a text, got ${shapeOf(got)}`,
});

/** The one id of a comma-joined list; of several, none is the tenant, for nothing says which is meant. */
const only = (joined: unknown): string | undefined => {
  const ids =
    typeof joined === 'string'
      ? joined
          .split(',')
          .map((id) => id.trim())
          .filter((id) => id !== '')
      : [];
  return ids.length === 1 ? ids[0] : undefined;
};

/**
 * The principal of a credential that was exchanged for the token of `principal`. The token is a minute old at most, and
 * another one every time; what can be revoked is the credential: the session since its cookie was written, the assertion
 * since it was signed. When a secret or a personal token was made nobody knows, so any revocation of its subject refuses
 * it: of the service user for a secret; for a personal token, of the token itself or of its owner, as the settings say.
 */
export const principalOfExchanged = (principal: Principal, presented: Exchangeable): Principal => {
  const {issuedAt: _, tokenId: __, ...rest} = principal;
  switch (presented.kind) {
    case 'session':
      // Not every Frontier is set to name the session in the token; the cookie has proved it.
      return {...rest, sessionId: presented.id, issuedAt: presented.at};
    case 'secret':
      return {...rest, tokenId: presented.clientId};
    case 'personal':
      return {...rest, ...optional('tokenId', textOf(principal.claims.sub))};
    case 'assertion': {
      const {iat, jti} = presented.claims;
      return {
        ...rest,
        ...optional('tokenId', textOf(jti)),
        ...optional('issuedAt', typeof iat === 'number' ? iat : undefined),
      };
    }
  }
};

const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : {[key]: value}) as {readonly [Key in K]?: V};
