// Principals that were verified a moment ago, by the hash of the credential that proved them.
import {hash} from 'node:crypto';
import type {Cache} from '../core/cache.ts';
import type {Principal} from '../core/principal.ts';

export interface VerifiedCache {
  /** The key of a credential: a hash of it and of the provider's settings, so that other settings verify anew. */
  keyOf(credential: string): string;
  /** Whether this process has lately seen the credential of this key verified: then it is this provider's. */
  knows(key: string): boolean;
  /** The principal, or undefined. The caller checks its times: they may have passed. */
  get(key: string): Principal | undefined | Promise<Principal | undefined>;
  /** Keeps it until `until` (milliseconds since the epoch) at most. */
  keep(key: string, principal: Principal, now: number, until: number): void;
}

const mostKnown = 20_000;

/** `settings`: all that the verification depends on, as JSON can write it. They are hashed: secrets in them stay here. */
export const makeVerifiedCache = (cache: Cache<Principal>, settings: unknown): VerifiedCache => {
  // Bump the version when the way from credential to principal changes: a shared cache outlives a deployment.
  const prefix = hash('sha256', `principal v1 ${JSON.stringify(settings)}`, 'base64url');
  // Two generations: keys that are in use are never all forgotten at once, and the number is bounded.
  let young = new Set<string>();
  let old = new Set<string>();

  const know = (key: string): void => {
    young.add(key);
    if (young.size < mostKnown) return;
    old = young;
    young = new Set();
  };

  return {
    keyOf: (credential) => hash('sha256', prefix + credential, 'base64url'),
    knows(key) {
      if (young.has(key)) return true;
      if (!old.has(key)) return false;
      know(key);
      return true;
    },
    get: (key) => cache.get(key),
    keep(key, principal, now, until) {
      if (!(until > now)) return;
      know(key);
      void cache.set(key, principal, until - now);
    },
  };
};
