// From Kinde's claims to a principal: roles are objects, and a Hasura mapping gives some claims another name.
import {makeReadPrincipal, type ReadPrincipal} from '../../providers/claims.ts';
import type {Claims} from '../../providers/jwt.ts';

/** Own properties only. */
export const own = (object: unknown, key: string): unknown =>
  typeof object === 'object' && object !== null && Object.hasOwn(object, key) ? (object as Claims)[key] : undefined;

/** A claim, or what a Hasura mapping calls it: `org_code`, `x-hasura-org-code`. */
export const mapped = (claims: Claims, name: string): unknown =>
  own(claims, name) ?? own(claims, `x-hasura-${name.replaceAll('_', '-')}`);

/** `[{id, name, key}]` -> the keys. A list with anything else in it gives nothing, for half a list would be a guess. */
const roleKeys = (roles: unknown): readonly unknown[] =>
  Array.isArray(roles) ? roles.map((role) => (typeof role === 'string' ? role : own(role, 'key'))) : [];

export const paths = {tenant: 'org_code', roles: 'roles', permissions: 'permissions', scopes: 'scp'} as const;

/** The principal's claims stay as they were sent. A machine has no `sub`; its `azp`, the client id, stands for it. */
export const makeReadKindePrincipal = (provider: string): ReadPrincipal => {
  const read = makeReadPrincipal(provider, paths);
  return (claims) => {
    const principal = read({
      ...claims,
      org_code: mapped(claims, 'org_code'),
      roles: roleKeys(mapped(claims, 'roles')),
      permissions: mapped(claims, 'permissions'),
      scp: own(claims, 'scp') ?? own(claims, 'scope'),
    });
    return principal && {...principal, claims};
  };
};
