// From Kinde's claims to a principal: roles are objects, and some claims may have another name.
import {makeReadPrincipal, type ReadPrincipal, stringsOf} from '../../providers/claims.ts';
import {mapped, own, withPlainNames} from './hasura.ts';

/** `[{id, name, key}]` -> the keys. A list with anything else in it gives nothing, for half a list would be a guess. */
const roleKeys = (roles: unknown): readonly unknown[] =>
  Array.isArray(roles) ? roles.map((role) => own(role, 'key')) : [];

export const paths = {tenant: 'org_code', roles: 'roles', permissions: 'permissions', scopes: 'scp'} as const;

/**
 * The principal's claims are those that were sent, under their plain names too. A machine has no `sub`; its `azp`, the
 * client id, stands for it.
 */
export const makeReadKindePrincipal = (provider: string): ReadPrincipal => {
  const read = makeReadPrincipal(provider, paths, stringsOf);
  return (claims) => {
    const principal = read({
      ...claims,
      org_code: mapped(claims, 'org_code'),
      roles: roleKeys(mapped(claims, 'roles')),
      permissions: mapped(claims, 'permissions'),
      scp: own(claims, 'scp') ?? own(claims, 'scope'),
    });
    return principal && {...principal, claims: withPlainNames(claims)};
  };
};
