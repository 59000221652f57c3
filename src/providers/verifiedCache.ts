// Principals that were verified a moment ago, by the hash of the credential that proved them.
import {hash} from 'node:crypto';
import type {Cache} from '../core/cache.ts';
import type {Principal} from '../core/principal.ts';
import type {Reason} from '../core/refusals.ts';
import {remembering} from '../core/remembering.ts';
import {weightOf} from '../core/weight.ts';
import {timeFault} from './jwtClaims.ts';
import type {Claims} from './jwtForm.ts';
import type {Key} from './keys.ts';
import type {Authentication} from './provider.ts';

/** A verified principal, as it is kept. */
export interface KeptPrincipal {
  readonly principal: Principal;
  /** Thumbprint of the key that its token was signed with. */
  readonly signedBy: string;
}

/** What verification comes to. `until`: milliseconds since the epoch, if it ends before the token does. */
export type Verification = {readonly until?: number} & (
  | {readonly verified: Principal; readonly signedBy: Key; readonly rejected?: never}
  | {readonly rejected: Reason; readonly detail?: string | undefined; readonly verified?: never}
);

export interface VerifiedCache {
  /** The key of a credential: a hash of it and of the provider's settings, so that other settings verify anew. */
  keyOf(credential: string): string;
  /** Whether this process has lately seen the credential of this key verified: then it is this provider's. */
  knows(key: string): boolean;
  /** The claims of such a credential, whatever has become of them since. */
  claimsOf(key: string): Claims | undefined;
  /**
   * The kept principal, if it still counts at `now`: its token is of its time, and the issuer has not taken back the key.
   * Else what `verify` finds, which is kept until the token's `exp`. Rejects as `verify` does.
   */
  authenticate(key: string, now: number, verify: () => Promise<Verification>): Authentication | Promise<Authentication>;
}

export interface VerifiedCacheParts {
  readonly cache: Cache<KeptPrincipal>;
  /** All that the verification depends on, as JSON can write it. They are hashed: secrets in them stay here. */
  readonly settings: {readonly name: string; readonly clockTolerance: number};
  /** False if the issuer is known to publish this key no longer. */
  readonly holds: (thumbprint: string) => boolean;
}

/** Keys, and bytes of all their claims, after which the older half is forgotten. */
const mostKnown = 20_000;
const mostKnownBytes = 8 * 1_048_576;

/** For the caches of principals: about how many bytes one takes, with the headers and grants that are kept beside it. */
export const weightOfKept = (kept: KeptPrincipal): number => 1_000 + weightOf(kept);

interface Known {
  readonly claims: Claims;
  readonly bytes: number;
}

export const makeVerifiedCache = ({cache, settings, holds}: VerifiedCacheParts): VerifiedCache => {
  const {name, clockTolerance} = settings;
  // Bump the version when the way from credential to principal changes: a shared cache outlives a deployment.
  const prefix = hash('sha256', `principal v5 ${JSON.stringify(settings)}`, 'base64url');
  const keyOf = remembering((credential: string) => hash('sha256', prefix + credential, 'base64url'));
  // Two generations: keys that are in use are never all forgotten at once, and what is held is bounded.
  let young = new Map<string, Known>();
  let old = new Map<string, Known>();
  let held = 0;

  const know = (key: string, known: Known): void => {
    held += known.bytes - (young.get(key)?.bytes ?? 0);
    young.set(key, known);
    if (young.size < mostKnown && held < mostKnownBytes) return;
    old = young;
    young = new Map();
    held = 0;
  };
  const claimsOf = (key: string): Claims | undefined => {
    const known = young.get(key);
    if (known !== undefined) return known.claims;
    const older = old.get(key);
    if (older !== undefined) know(key, older);
    return older?.claims;
  };

  /** What does not look like ours is verified anew: a shared cache may hold what another version wrote. */
  const isOurs = (kept: KeptPrincipal | undefined): kept is KeptPrincipal =>
    kept?.principal?.provider === name && typeof kept.principal.claims === 'object' && kept.principal.claims !== null;
  const isGood = ({principal, signedBy}: KeptPrincipal, now: number): boolean =>
    holds(signedBy) && timeFault(principal.claims, clockTolerance, now) === undefined;

  const anew = async (key: string, now: number, verify: () => Promise<Verification>): Promise<Authentication> => {
    const found = await verify();
    if (found.verified === undefined) return {rejected: found.rejected, detail: found.detail};
    const {verified, signedBy, until = Number.POSITIVE_INFINITY} = found;
    // Without the tolerance: within it, a token is verified each time, and nothing outlives its exp.
    const life = Math.min(until, (verified.expiresAt ?? 0) * 1_000) - now;
    if (life > 0) {
      know(key, {claims: verified.claims, bytes: weightOf(verified.claims)});
      void cache.set(key, {principal: verified, signedBy: signedBy.thumbprint}, life);
    }
    return {verified};
  };
  const heldOrAnew = (
    kept: KeptPrincipal | undefined,
    key: string,
    now: number,
    verify: () => Promise<Verification>,
  ): Authentication | Promise<Authentication> =>
    isOurs(kept) && isGood(kept, now) ? {verified: kept.principal} : anew(key, now, verify);

  return {
    keyOf,
    knows: (key) => claimsOf(key) !== undefined,
    claimsOf,
    authenticate(key, now, verify) {
      const held = cache.get(key);
      return held instanceof Promise
        ? held.then((kept) => heldOrAnew(kept, key, now, verify))
        : heldOrAnew(held, key, now, verify);
    },
  };
};
