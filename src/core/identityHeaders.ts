// The headers that tell the upstream who it is, and the forged ones that must not reach it.
import {claimNamed} from './claimPath.ts';
import {derivedOnce} from './derived.ts';
import type {Principal} from './principal.ts';
import type {Request} from './request.ts';

/** Header name (lower case) -> what of the principal it carries: a field of `identityFields`, or `claims.<path>` (dots walk). */
export type IdentityMapping = ReadonlyMap<string, string>;

/** Changes to the request's headers. No name stands in both: Envoy removes after it sets. */
export interface HeaderChanges {
  /** Name and value; the value is printable ASCII. */
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

const fields = {
  provider: (principal: Principal) => principal.provider,
  kind: (principal: Principal) => principal.kind,
  subject: (principal: Principal) => principal.subject,
  tenant: (principal: Principal) => principal.tenant,
  roles: (principal: Principal) => principal.roles,
  permissions: (principal: Principal) => principal.permissions,
  scopes: (principal: Principal) => principal.scopes,
  email: (principal: Principal) => principal.email,
  sessionId: (principal: Principal) => principal.sessionId,
  tokenId: (principal: Principal) => principal.tokenId,
  issuedAt: (principal: Principal) => principal.issuedAt,
  expiresAt: (principal: Principal) => principal.expiresAt,
  authTime: (principal: Principal) => principal.authTime,
  acr: (principal: Principal) => principal.acr,
  amr: (principal: Principal) => principal.amr,
} as const;

/** The fields of a principal that a header may carry, besides `claims.<path>`. */
export const identityFields = Object.keys(fields) as readonly (keyof typeof fields)[];

/**
 * Compiles the mapping. The result gives the changes for a principal, or for nobody (public and shadow rules): then all
 * of our names are removed. Whatever the client sent under one of our names, in any spelling (`X_Auth_Subject` is the
 * same variable as `X-Auth-Subject` to CGI-like upstreams; ESP CVE-2021-41130, oauth2-proxy CVE-2025-64484), is gone.
 *
 * @param alsoOurs names, in lower case, that clients may not send although nothing fills them; `x-vendor-*`: all such
 */
export const makeIdentityHeaders = (
  mapping: IdentityMapping,
  alsoOurs: readonly string[] = [],
): ((principal: Principal | undefined, request: Request) => HeaderChanges) => {
  const unfilled = alsoOurs.filter((name) => !name.endsWith('*') && !mapping.has(name));
  const prefixes = alsoOurs.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const names = [...new Set([...mapping.keys(), ...unfilled])];
  const owned = new Set(names.map(spelledWithDashes));
  const exact = new Set(names);
  // Removed unseen as well: Envoy may be set to tell us only some of the headers (`allowed_headers`).
  const underscored = names.map((name) => name.replaceAll('-', '_')).filter((name) => !exact.has(name));
  const isOurs = (name: string): boolean =>
    (name.includes('_') && owned.has(spelledWithDashes(name))) ||
    (prefixes.length > 0 && prefixes.some((prefix) => spelledWithDashes(name).startsWith(prefix)));
  const forNobody: HeaderChanges = {set: [], remove: [...names, ...underscored]};

  const changesFor = derivedOnce((principal: Principal): HeaderChanges => {
    const set: (readonly [string, string])[] = [];
    const remove = [...underscored, ...unfilled];
    for (const [name, source] of mapping) {
      const value = headerValue(sourced(principal, source));
      if (value === undefined) remove.push(name);
      else set.push([name, value]);
    }
    return {set, remove};
  });

  return (principal, request) => {
    const changes = principal === undefined ? forNobody : changesFor(principal);
    if (names.length === 0 && prefixes.length === 0) return changes;
    const odd: string[] = [];
    for (const name of request.headers.keys()) {
      if (!exact.has(name) && isOurs(name)) odd.push(name);
    }
    if (odd.length === 0) return changes;
    return {set: changes.set, remove: [...new Set([...changes.remove, ...odd])]};
  };
};

const spelledWithDashes = (name: string): string => name.toLowerCase().replaceAll('_', '-');

const sourced = (principal: Principal, source: string): unknown => {
  if (Object.hasOwn(fields, source)) return fields[source as keyof typeof fields](principal);
  return claimNamed(principal.claims, source.slice('claims.'.length));
};

/** Undefined for what is absent: nothing, an empty list, an empty string, an object. */
const headerValue = (value: unknown): string | undefined => {
  const items = (Array.isArray(value) ? value : [value]).filter(isScalar).map((item) => encodedItem(String(item)));
  const joined = items.join(',');
  // A field value must not start or end with white space (RFC 9113, section 8.2.1).
  return joined === '' ? undefined : joined.replace(/^ | $/g, '%20');
};

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const unsafe = /[^\x20-\x24\x26-\x2b\x2d-\x7e]/u;
const everyUnsafe = /[^\x20-\x24\x26-\x2b\x2d-\x7e]/gu;

/** `,`, `%` and all but printable ASCII percent-encoded as UTF-8, so that a value is one item on one line to everybody. */
const encodedItem = (item: string): string =>
  unsafe.test(item) ? item.toWellFormed().replace(everyUnsafe, encodeURIComponent) : item;
