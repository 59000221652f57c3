// From verified claims to a principal.
import {claimByKeys, claimNamed} from '../core/claimPath.ts';
import {isObject} from '../core/isObject.ts';
import type {Principal} from '../core/principal.ts';
import {shapeOf} from '../core/words/misfit.ts';
import type {ClaimPath, ClaimSettings, ListClaim} from './claimSettings.ts';
import type {Claims} from './jwtForm.ts';
import {clientClaims, isMachine, isServiceToken} from './machine.ts';

/** Reads one place of the claims; undefined where there is nothing. */
export type ReadClaim = (claims: Claims) => unknown;

/** Compiles a path: a text is the name of a claim, or walks by its dots; a list of keys is taken literally. */
export const claimReader = (path: ClaimPath): ReadClaim =>
  typeof path === 'string' ? (claims) => claimNamed(claims, path) : (claims) => claimByKeys(claims, path);

const none: readonly string[] = [];

/** A list of strings, or nothing: half a list would be a guess. */
export const stringsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : none;

/** A list of strings, or one string, which is one item whatever is in it: some issuers write a list of one so. */
const itemsOf = (value: unknown): readonly string[] => {
  const text = textOf(value);
  return text === undefined ? stringsOf(value) : [text];
};

/** A list as it is read, and where it is looked for, for what is said of one that is not understood. */
interface ListReader {
  (claims: Claims): readonly string[];
  readonly claim: ReadClaim;
}

/** Compiles where a list is: a claim, or the keys of the object that a claim is. */
const listReader = (path: ListClaim, read: (value: unknown) => readonly string[]): ListReader => {
  if (typeof path === 'string' || !('keysOf' in path)) {
    const claim = claimReader(path);
    return Object.assign((claims: Claims): readonly string[] => read(claim(claims)), {claim});
  }
  const claim = claimReader(path.keysOf);
  const keys = (claims: Claims): readonly string[] => {
    const value = claim(claims);
    return isObject(value) ? Object.keys(value) : none;
  };
  return Object.assign(keys, {claim});
};

/** What stands where nothing was read: a list of other things than texts, an object. Undefined: nothing, or an empty list. */
const oddity = (value: unknown): string | undefined => {
  if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0))
    return undefined;
  return shapeOf(value);
};

/** A list of strings, or one string with spaces between (RFC 6749 section 3.3). */
export const scopesOf = (value: unknown): readonly string[] => {
  if (typeof value !== 'string') return stringsOf(value);
  const scopes = value.split(' ');
  // As a rule there is no second space, and the list is kept as it is: a filtered one has room for 17.
  return scopes.includes('') ? scopes.filter((scope) => scope !== '') : scopes;
};

/** A string that says something. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** Seconds since the epoch, as a number or written out. */
const momentOf = (value: unknown): number | undefined =>
  numberOf(typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value);

/** A principal of verified claims; undefined if they name no subject. */
export type ReadPrincipal = (claims: Claims) => Principal | undefined;

/**
 * Compiles the claim settings. The subject is `sub`; the client of a service token may stand for it. An `email` that the
 * issuer does not say is verified is left out, for anyone could have typed it. `listOf`: what counts as a list of roles or
 * permissions; vendors who always write lists pass `stringsOf`.
 */
export const makeReadPrincipal = (
  provider: string,
  settings: ClaimSettings,
  listOf: (value: unknown) => readonly string[] = itemsOf,
): ReadPrincipal => {
  const stated = settings.subject === undefined ? (claims: Claims) => claims.sub : claimReader(settings.subject);
  const sessionId = claimReader(settings.sessionId ?? ['sid']);
  const tokenId = claimReader(settings.tokenId ?? ['jti']);
  const tenant = settings.tenant === undefined ? () => undefined : claimReader(settings.tenant);
  const roles = listReader(settings.roles, listOf);
  const permissions = listReader(settings.permissions, listOf);
  const scopes = listReader(settings.scopes, scopesOf);
  const statedKind = statedKindReader(settings.kind);
  const isVerified = settings.emailVerified === 'required' ? saysVerified : (claims: Claims) => !deniesVerified(claims);

  return (claims) => {
    const kind = statedKind(claims) ?? (isMachine(claims) ? 'service' : 'user');
    const named = stated(claims);
    const subject = textOf(named) ?? (kind === 'service' ? standIn(claims, named) : undefined);
    if (subject === undefined) return undefined;
    const fields = {
      tenant: textOf(tenant(claims)),
      roles: roles(claims),
      permissions: permissions(claims),
      scopes: scopes(claims),
    };
    const unread = present<NonNullable<Principal['unread']>>({
      tenant: fields.tenant === undefined ? oddity(tenant(claims)) : undefined,
      roles: fields.roles.length === 0 ? oddity(roles.claim(claims)) : undefined,
      permissions: fields.permissions.length === 0 ? oddity(permissions.claim(claims)) : undefined,
      scopes: fields.scopes.length === 0 ? oddity(scopes.claim(claims)) : undefined,
    });
    return present<Principal>({
      provider,
      kind,
      subject,
      ...fields,
      claims,
      email: isVerified(claims) ? textOf(claims.email) : undefined,
      permissionPatterns: undefined,
      statedEmail: undefined,
      sessionId: textOf(sessionId(claims)),
      tokenId: textOf(tokenId(claims)),
      issuedAt: numberOf(claims.iat),
      expiresAt: numberOf(claims.exp),
      authTime: momentOf(claims.auth_time),
      acr: textOf(claims.acr),
      amr: listOf(claims.amr),
      unread: Object.keys(unread).length === 0 ? undefined : unread,
    });
  };
};

/** Who stands for the subject of a machine that has none; an empty one is none to Cloudflare alone. */
const standIn = (claims: Claims, named: unknown): string | undefined => {
  if (named === undefined) return clientOf(claims);
  return named === '' && isServiceToken(claims) ? textOf(claims.common_name) : undefined;
};

/** The first client that the claims name. */
const clientOf = (claims: Claims): string | undefined =>
  clientClaims.map((name) => textOf(claims[name])).find((client) => client !== undefined);

/** Sign in with Apple, Cognito and Entra ID write the text. Everything else that is there says no. */
const saysVerified = ({email_verified: verified}: Claims): boolean => verified === true || verified === 'true';
const deniesVerified = (claims: Claims): boolean => claims.email_verified !== undefined && !saysVerified(claims);

/** What the claim of the setting says; undefined where it says nothing that is understood, so that other signs count. */
const statedKindReader = (setting: ClaimSettings['kind']): ((claims: Claims) => Principal['kind'] | undefined) => {
  if (setting === undefined) return () => undefined;
  if (typeof setting === 'object' && 'claim' in setting) {
    const read = claimReader(setting.claim);
    const service = new Set(setting.service);
    // An object is none of them, and JSON can make one that is no text at all (`{"toString": 1}`).
    const isOneOf = (value: unknown): boolean => typeof value !== 'object' && service.has(String(value));
    return (claims) => {
      const stated = read(claims);
      if (stated === undefined || stated === null) return undefined;
      return (Array.isArray(stated) ? stated : [stated]).some(isOneOf) ? 'service' : 'user';
    };
  }
  const read = claimReader(setting);
  return (claims) => {
    const stated = read(claims);
    if (stated === 'app') return 'service'; // Entra ID's idtyp
    return stated === 'user' || stated === 'service' ? stated : undefined;
  };
};

type Optional<T> = {[K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K]};

/** Leaves out what is undefined: a principal from a remote cache (JSON) must be equal to a fresh one. */
const present = <T extends object>(fields: {[K in keyof Required<T>]: Optional<T>[K]}): T => {
  const found: Partial<T> = {};
  for (const name in fields) if (fields[name] !== undefined) found[name] = fields[name] as T[typeof name];
  return found as T;
};
