// Is this principal still good now? The index of revocations: a few map look-ups, no I/O, no allocation.
import type {Principal} from './principal.ts';

/** A memory look-up: costs a request no I/O. */
export interface Revocations {
  revoked(principal: Principal): boolean;
}

/** What a revocation may select by, and the field of the principal that must equal it. */
const selectors = ['tokenId', 'sessionId', 'subject', 'tenant', 'provider'] as const;
type Selector = (typeof selectors)[number];

/**
 * Everything that was issued before a moment to whom it selects. All selectors that are given must equal the principal's
 * (one that the principal lacks never does), so each one more makes it narrower; at least one must be given:
 *
 * - `tokenId` (`jti`): this one token. With `provider`: where two issuers may give out the same id.
 * - `sessionId` (`sid`): all tokens of this session.
 * - `subject`: all tokens of this subject, in every tenant, from every provider. With `tenant`: only those issued for
 *   this tenant (removed from one organisation). With `provider`: only this provider's subject of that name.
 * - `tenant`: everyone in this tenant. With `provider`: this provider's tenant of that name.
 * - `provider`: everything that this provider has vouched for (its keys have leaked).
 */
export interface Revocation {
  /** Name under which it is known on the feed. Two of the same content may have two ids. */
  readonly id?: string;
  readonly tokenId?: string;
  readonly sessionId?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly provider?: string;
  /** Seconds since the epoch, as `iat`: what was issued in an earlier second is refused, what at it or later is not. */
  readonly before: number;
  /**
   * Milliseconds since the epoch from which nothing issued before `before` can be alive by itself, so that the entry may
   * be forgotten. Credentials without an end of their own (API keys) must be taken away at their source until then.
   */
  readonly expires: number;
}

/** Cached entitlements to be fetched anew: of a tenant, of one principal of it, or (neither given) all. */
export interface Drop {
  readonly tenant?: string;
  readonly subject?: string;
}

/** What travels on the feed. */
export type FeedMessage =
  | {readonly kind: 'revoke'; readonly revocation: Revocation}
  | {readonly kind: 'drop'; readonly drop: Drop};

export interface RevocationIndex extends Revocations {
  /**
   * Takes effect at once. What comes from outside goes through checkRevocation first: one that selects nobody in
   * particular, and would so refuse everyone, is a bug here (RangeError).
   */
  add(revocation: Revocation): void;
  /** Adds many; never forgets one. */
  load(revocations: Iterable<Revocation>): void;
  /** Forgets what has expired at `now` (milliseconds since the epoch); returns how many. */
  prune(now: number): number;
  /** How many are held. Those with equal selectors count as one, which reaches and lasts as far as the farthest. */
  readonly size: number;
  list(): readonly Revocation[];
}

/**
 * `before` for "all that was issued until now": `iat` is in whole seconds, so the running second has to be included.
 * `now` in milliseconds since the epoch; the answer in seconds.
 */
export const untilNow = (now: number): number => Math.floor(now / 1000) + 1;

/** Nested by the values of a combination's selectors, in order; the last level holds the revocations. */
type Level = Map<string, Level | Revocation>;

/** The revocations that select by the same combination. */
interface Combination {
  readonly by: readonly Selector[];
  readonly root: Level;
}

// Never for a principal that lacks a selected field: Map.get(undefined) finds nothing.
const find = ({by, root}: Combination, principal: Principal): Revocation | undefined => {
  let level: Level = root;
  for (const selector of by) {
    const next = level.get(principal[selector] as string);
    if (next === undefined) return undefined;
    if (!(next instanceof Map)) return next;
    level = next;
  }
  return undefined;
};

/** Equal selectors, one entry: as far as the farther of both, as long as the longer. Refuses too much, if anything. */
const joined = (a: Revocation, b: Revocation): Revocation => {
  const farther = b.before >= a.before ? b : a;
  return {...farther, expires: Math.max(a.expires, b.expires)};
};

/** Removes what has expired, and levels that become empty; returns how many entries went. */
const pruneLevel = (level: Level, now: number, kept: (revocation: Revocation) => void): number => {
  let gone = 0;
  for (const [key, next] of level) {
    if (next instanceof Map) {
      gone += pruneLevel(next, now, kept);
      if (next.size === 0) level.delete(key);
    } else if (next.expires <= now) {
      level.delete(key);
      gone++;
    } else {
      kept(next);
    }
  }
  return gone;
};

const collect = (level: Level, into: Revocation[]): Revocation[] => {
  for (const next of level.values()) {
    if (next instanceof Map) collect(next, into);
    else into.push(next);
  }
  return into;
};

/**
 * An empty index. A principal without `issuedAt` counts as issued before anything, so whatever selects it refuses it.
 * A look-up costs as many map look-ups as there are combinations of selectors in use (31 at most, rarely more than 4),
 * however many revocations there are.
 */
export const makeRevocationIndex = (): RevocationIndex => {
  const combinations = new Map<string, Combination>();
  let inUse: readonly Combination[] = [];
  let size = 0;
  // Until then a prune finds nothing, so it need not look.
  let earliest = Number.POSITIVE_INFINITY;

  const combinationOf = (revocation: Revocation): Combination => {
    const by = selectors.filter((selector) => revocation[selector] !== undefined);
    if (by.length === 0) {
      throw new RangeError(
        `A revocation must select by one of ${selectors.join(', ')}: without any it refuses everyone`,
      );
    }
    const name = by.join();
    const known = combinations.get(name);
    if (known !== undefined) return known;
    const combination = {by, root: new Map()};
    combinations.set(name, combination);
    inUse = [...combinations.values()];
    return combination;
  };

  const add = (revocation: Revocation): void => {
    const {by, root} = combinationOf(revocation);
    let level: Level = root;
    for (const selector of by.slice(0, -1)) {
      const key = revocation[selector] as string;
      const next = (level.get(key) as Level | undefined) ?? new Map();
      level.set(key, next);
      level = next;
    }
    const key = revocation[by.at(-1) as Selector] as string;
    const known = level.get(key) as Revocation | undefined;
    level.set(key, known === undefined ? revocation : joined(known, revocation));
    if (known === undefined) size++;
    earliest = Math.min(earliest, revocation.expires);
  };

  return {
    add,
    load: (revocations) => {
      for (const revocation of revocations) add(revocation);
    },
    revoked: (principal) => {
      for (const combination of inUse) {
        const found = find(combination, principal);
        if (found === undefined) continue;
        // Written so that a NaN on either side refuses too.
        if (principal.issuedAt === undefined || !(principal.issuedAt >= found.before)) return true;
      }
      return false;
    },
    prune: (now) => {
      if (now < earliest) return 0;
      earliest = Number.POSITIVE_INFINITY;
      let gone = 0;
      for (const [name, {root}] of combinations) {
        gone += pruneLevel(root, now, ({expires}) => {
          earliest = Math.min(earliest, expires);
        });
        if (root.size === 0) combinations.delete(name);
      }
      inUse = [...combinations.values()];
      size -= gone;
      return gone;
    },
    get size() {
      return size;
    },
    list: () => inUse.flatMap(({root}) => collect(root, [])),
  };
};
