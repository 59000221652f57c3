// A Hasura mapping in Kinde gives some claims another name: `org_code` is then `x-hasura-org-code`.
import type {Claims} from '../../providers/jwtForm.ts';

const mappable = ['org_code', 'roles', 'permissions', 'feature_flags'] as const;
const mappedName = (name: string): string => `x-hasura-${name.replaceAll('_', '-')}`;

/** Own properties only. */
export const own = (object: unknown, key: string): unknown =>
  typeof object === 'object' && object !== null && Object.hasOwn(object, key) ? (object as Claims)[key] : undefined;

/** A claim, or what a Hasura mapping calls it. */
export const mapped = (claims: Claims, name: (typeof mappable)[number]): unknown =>
  own(claims, name) ?? own(claims, mappedName(name));

/** The claims as they were sent, and under the plain name where only the mapped one was. */
export const withPlainNames = (claims: Claims): Claims => {
  const missing = mappable.filter((name) => !Object.hasOwn(claims, name) && Object.hasOwn(claims, mappedName(name)));
  if (missing.length === 0) return claims;
  return {...claims, ...Object.fromEntries(missing.map((name) => [name, claims[mappedName(name)]]))};
};
