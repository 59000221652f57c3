// The headers that tell the upstream who it is, and the forged ones that must not reach it.

import {claimNamed} from './claimPath.ts';
import {derivedOnce} from './derived.ts';
import {unlimited} from './entitlement/amount.ts';
import type {Holdings} from './entitlement/entitlement.ts';
import type {Principal} from './principal.ts';
import type {Request} from './request/request.ts';

/**
 * Header name (lower case) -> what it carries: a field of `identityFields`, `claims.<path>` (dots walk), a field of
 * `boughtFields`, or `value.<feature>`.
 */
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

/** What was bought, as far as it is told. */
export interface ToldHoldings {
  readonly holdings?: Holdings | undefined;
  /** Something is held only because a grant that has ended holds on for a while. */
  readonly grace?: boolean | undefined;
}

const bought = {
  plan: ({holdings}: ToldHoldings) => holdings?.plans[0],
  plans: ({holdings}: ToldHoldings) => holdings?.plans,
  grace: ({grace}: ToldHoldings) => (grace === true ? true : undefined),
} as const;

/** What of that which was bought a header may carry, besides `value.<feature>`. */
export const boughtFields = Object.keys(bought) as readonly (keyof typeof bought)[];

const valuePrefix = 'value.';
const isBought = (source: string): boolean =>
  Object.hasOwn(bought, source) || (source.startsWith(valuePrefix) && source.length > valuePrefix.length);

/** The features whose amounts are named, each once; undefined: nothing that was bought is named. */
export const featuresNamed = (sources: Iterable<string>): readonly string[] | undefined => {
  const named = [...sources].filter(isBought);
  if (named.length === 0) return undefined;
  const values = named.filter((source) => source.startsWith(valuePrefix));
  return [...new Set(values.map((source) => source.slice(valuePrefix.length)))].sort();
};

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
): ((principal: Principal | undefined, request: Request, told?: ToldHoldings) => HeaderChanges) => {
  const unfilled = alsoOurs.filter((name) => !name.endsWith('*') && !mapping.has(name));
  const prefixes = alsoOurs.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const names = [...new Set([...mapping.keys(), ...unfilled])];
  const owned = new Set(names.map(spelledWithDashes));
  const exact = new Set(names);
  // Removed unseen as well: Envoy may be set to tell us only some of the headers (`allowed_headers`).
  const underscored = names.map((name) => name.replaceAll('-', '_')).filter((name) => !exact.has(name));
  const isOurs = (name: string): boolean =>
    (isOdd(name) && owned.has(spelledWithDashes(name))) ||
    (prefixes.length > 0 && prefixes.some((prefix) => spelledWithDashes(name).startsWith(prefix)));
  const forNobody: HeaderChanges = {set: [], remove: [...names, ...underscored]};

  /** What the last principal lacked: as a rule the next one lacks the same, and its list is kept once for all. */
  let removed: readonly string[] = [];
  const changesOf = (principal: Principal, told: ToldHoldings): HeaderChanges => {
    const set: (readonly [string, string])[] = [];
    const remove = [...underscored, ...unfilled];
    for (const [name, source] of mapping) {
      const value = headerValue(sourced(principal, told, source));
      if (value === undefined) remove.push(name);
      else set.push([name, value]);
    }
    if (remove.length !== removed.length || remove.some((name, at) => name !== removed[at])) removed = remove;
    // A copy, for it is kept with the principal, and a list that has grown has room for more than it holds.
    return {set: [...set], remove: removed};
  };
  const changesFor = [...mapping.values()].some(isBought)
    ? madeOnce(changesOf)
    : derivedOnce((principal: Principal) => changesOf(principal, nothingTold));

  return (principal, request, told = nothingTold) => {
    const changes = principal === undefined ? forNobody : changesFor(principal, told);
    if (names.length === 0 && prefixes.length === 0) return changes;
    const odd: string[] = [];
    for (const name of request.headers.keys()) {
      if (!exact.has(name) && isOurs(name)) odd.push(name);
    }
    if (odd.length === 0) return changes;
    return {set: changes.set, remove: [...new Set([...changes.remove, ...odd])]};
  };
};

// CGI-like upstreams make one variable of `x-auth-subject`, `x_auth_subject` and, some, `x.auth.subject` or `x~auth~subject`.
const isOdd = (name: string): boolean => /[^a-z0-9-]/.test(name) && !name.startsWith(':');
const spelledWithDashes = (name: string): string => name.toLowerCase().replace(/[^a-z0-9-]/g, '-');

const nothingTold: ToldHoldings = {};

/** The same changes for the same principal, for as long as it holds the same: holdings may be shared by several. */
const madeOnce = (make: (principal: Principal, told: ToldHoldings) => HeaderChanges): typeof make => {
  const made = new WeakMap<Principal, ToldHoldings & {readonly changes: HeaderChanges}>();
  return (principal, told) => {
    const {holdings, grace} = told;
    const known = made.get(principal);
    if (known !== undefined && known.holdings === holdings && known.grace === grace) return known.changes;
    const changes = make(principal, told);
    made.set(principal, {holdings, grace, changes});
    return changes;
  };
};

const sourced = (principal: Principal, told: ToldHoldings, source: string): unknown => {
  if (Object.hasOwn(bought, source)) return bought[source as keyof typeof bought](told);
  if (isBought(source)) {
    const amount = told.holdings?.amounts.get(source.slice(valuePrefix.length))?.amount;
    return amount === Number.POSITIVE_INFINITY ? unlimited : amount;
  }
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
