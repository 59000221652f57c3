// What a targeting rule can look at, by name.
import type {Principal} from '../principal.ts';

/** Attributes that targeting rules look at besides the principal's own: path captures, and what the rule adds. */
export type Attributes = ReadonlyMap<string, unknown>;

/** The value of one attribute, or undefined if there is none. */
export type ReadAttribute = (principal: Principal, attributes: Attributes) => unknown;

/** Own and enumerable: neither `constructor` nor an array's `length`. */
const owns = (object: object, key: string): boolean => Object.prototype.propertyIsEnumerable.call(object, key);

const isBranch = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/**
 * The leaf at a path of claims, as if all were flattened with dots: `realm.name`, `groups.0`. A branch (an object or list
 * that is not empty) is no leaf. Keys may hold dots themselves (`https://acme.example/plan`): the longest key wins.
 */
export const claimAt = (claims: object, path: string): unknown => {
  if (owns(claims, path)) {
    const value = (claims as Record<string, unknown>)[path];
    if (!isBranch(value)) return value;
  }
  for (let dot = path.lastIndexOf('.'); dot >= 0; dot = dot === 0 ? -1 : path.lastIndexOf('.', dot - 1)) {
    const key = path.slice(0, dot);
    if (!owns(claims, key)) continue;
    const branch = (claims as Record<string, unknown>)[key];
    const value = isBranch(branch) ? claimAt(branch, path.slice(dot + 1)) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
};

/** The user that grants can be given to: the subject of a person's token. A service is nobody's user. */
export const userOf = ({kind, subject}: Principal): string | undefined => (kind === 'user' ? subject : undefined);

const emailVerified = ({claims}: Principal): unknown =>
  owns(claims, 'email_verified') ? claims.email_verified : undefined;

const ofPrincipal: ReadonlyMap<string, (principal: Principal) => unknown> = new Map<string, (p: Principal) => unknown>([
  ['frontegg.email', ({email, statedEmail}) => statedEmail ?? email],
  ['frontegg.emailVerified', emailVerified],
  ['frontegg.tenantId', ({tenant}) => tenant],
  ['frontegg.userId', userOf],
  ['principal.email', ({email}) => email],
  ['principal.emailVerified', emailVerified],
  ['principal.tenant', ({tenant}) => tenant],
  ['principal.user', userOf],
  ['principal.subject', ({subject}) => subject],
  ['principal.kind', ({kind}) => kind],
  ['principal.provider', ({provider}) => provider],
  ['principal.roles', ({roles}) => roles],
  ['principal.permissions', ({permissions}) => permissions],
  ['principal.scopes', ({scopes}) => scopes],
  ['principal.acr', ({acr}) => acr],
  ['principal.amr', ({amr}) => amr],
]);

/** What a provider has verified: a request can never supply what these names mean. */
export const isReserved = (name: string): boolean => /^(jwt|frontegg|principal)\./.test(name);

/** For who tries it: a sentence without its subject. */
export const reservedDetail = 'jwt., frontegg. and principal. are what the provider has verified';

/**
 * How to read an attribute. `jwt.<path>` are verified claims; `frontegg.*` (as Frontegg's rules have it) and `principal.*` the
 * principal's fields; every other name comes with the request.
 */
export const attributeReader = (name: string): ReadAttribute => {
  if (name.startsWith('jwt.')) {
    const path = name.slice('jwt.'.length);
    return ({claims}) => claimAt(claims, path);
  }
  const read = ofPrincipal.get(name);
  if (read !== undefined) return read;
  if (isReserved(name)) return () => undefined;
  return (_, attributes) => attributes.get(name);
};
