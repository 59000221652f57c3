// Is this principal still good now? What a revocation is, whom it refuses, and how it is taken back.
import type {Principal} from '../principal.ts';

/** A look-up in memory: costs a request no I/O. Throws Unavailable while it is not known who has been revoked. */
export interface Revocations {
  revoked(principal: Principal): boolean;
}

/** What a revocation may select by, and the field of the principal that must equal it. */
export const selectors = ['tokenId', 'sessionId', 'subject', 'tenant', 'provider'] as const;
export type Selector = (typeof selectors)[number];

/** What revocations and removals have in common: when, how long, by whom and why. */
interface Recorded {
  /** Made from all that it says, so that the same is the same wherever it is met, and nothing else is. */
  readonly id: string;
  /** When it was made, milliseconds since the epoch, by the clock of Redis where there is one. */
  readonly at: number;
  /** Milliseconds since the epoch; kept until then, whoever holds it. */
  readonly expires: number;
  readonly reason?: string;
  readonly by?: string;
  /** Tells two of the same content and moment apart. */
  readonly salt?: string;
}

/**
 * Refuses whom it selects. All selectors that are given must equal the principal's (one that the principal lacks never
 * does), so each one more makes it narrower; at least one must be given:
 *
 * - `tokenId` (`jti`): this one token. With `provider`: where two issuers may give out the same id.
 * - `sessionId` (`sid`): all tokens of this session.
 * - `subject`: all tokens of this subject, in every tenant, from every provider. With `tenant`: only those issued for
 *   this tenant (removed from one organisation). With `provider`: only this provider's subject of that name.
 * - `tenant`: everyone in this tenant. With `provider`: this provider's tenant of that name.
 * - `provider`: everything that this provider has vouched for (its keys have leaked).
 *
 * What names one thing (`tokenId`, `sessionId`) is refused whatever its age, so tokens that a revoked session is given
 * later are, too. What names many is refused if it was issued, or its user signed in (`auth_time`), before the moment.
 */
export interface Revocation extends Recorded {
  readonly tokenId?: string;
  readonly sessionId?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly provider?: string;
  /**
   * Seconds since the epoch, as `iat`, where the operator has named the moment: what was issued in an earlier second is
   * refused, what at it or later is not. Absent: `at`, and on top the tolerance that the provider has for `iat`.
   */
  readonly before?: number;
}

/** Takes the one revocation back that has this id; a later one of the same person has another. */
export interface Removal extends Recorded {
  readonly removes: string;
}

/** An element of the set that instances and Redis merge: it only grows, and each element has its own end. */
export type RevocationElement = Revocation | Removal;

/** Cached entitlements to be fetched anew: of a tenant, of one principal of it, or (neither given) all. */
export interface Drop {
  readonly tenant?: string;
  readonly subject?: string;
}

/**
 * `before` for "all that was issued until now": `iat` is in whole seconds, so the running second has to be included.
 * `now` in milliseconds since the epoch; the answer in seconds.
 */
export const untilNow = (now: number): number => Math.floor(now / 1000) + 1;

/** Names one token or one session, which can never be good again. */
export const namesOne = ({tokenId, sessionId}: Pick<Revocation, 'tokenId' | 'sessionId'>): boolean =>
  tokenId !== undefined || sessionId !== undefined;
