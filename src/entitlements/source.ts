// Where grants come from: two shapes, whole snapshots and per-principal look-ups.

import type {Amount, Unit} from '../core/entitlement/amount.ts';
import type {Grant, Snapshot} from '../core/entitlement/entitlement.ts';
import type {Principal} from '../core/principal.ts';
import type {Trial} from '../core/trial.ts';

/** A whole snapshot with its mark: an ETag, an offset, a file's digest. Equal marks mean equal content. */
export interface Versioned {
  readonly version: string;
  readonly snapshot: Snapshot;
  /** The source says that nothing is missing (a count that fits): then it may also be much less than before. */
  readonly whole?: boolean;
}

/** All that one tenant and its users have now: replaces what they had. */
export interface TenantGrants {
  readonly tenant: string;
  readonly grants: readonly Grant[];
}

/** Is told what a source knows to have changed since the load. */
export interface Follower {
  apply(changes: readonly TenantGrants[]): void;
  /** Everything up to this moment (milliseconds of the steady clock) has been told. */
  confirmed(moment: number): void;
  /** What changes cannot be told for a fault, in words for an operator; undefined: they can. */
  failed?(fault: string | undefined): void;
}

/** A source that knows everything at once and says when it changed (file, http, frontegg, redis). */
export interface SnapshotSource {
  readonly name: string;
  /** Where the entitlements stand, for whoever has to mend them: a file, a key of Redis. */
  readonly where?: string;
  /**
   * The snapshot, or `unchanged` if it still is the one marked `known`. Rejects with Unavailable if it cannot be had or
   * cannot be understood, the message saying what is wrong, where, and what to do.
   */
  load(known: string | undefined): Promise<Versioned | 'unchanged'>;
  /**
   * Calls back when a new load may bring something new (a file changed); returns what ends it. Absent: polling only. A
   * source that knows what changed tells it to `follower` instead.
   */
  watch?(changed: () => void, follower: Follower): () => void;
  close?(): Promise<void>;
}

/** What a look-up source knows of one principal at one moment. */
export interface PrincipalGrants {
  /** Feature key -> end of the grant in milliseconds since the epoch, or null for never. */
  readonly features: Readonly<Record<string, number | null>>;
  /** Permission key -> keys of the features it is linked to; absent if the source does not know. */
  readonly permissionFeatures?: Readonly<Record<string, readonly string[]>>;
  /** Names of the plans, the highest first; absent if the source does not know. */
  readonly plans?: readonly string[];
  /** Feature key -> how much of it; `unlimited`: no end. */
  readonly amounts?: Readonly<Record<string, LookedUpAmount>>;
}

export interface LookedUpAmount {
  readonly amount: number | string | readonly string[];
  /** Of a limit. */
  readonly per?: Unit;
}

/** A source that is asked about one principal (or tenant) at a time (kinde, frontier). */
export interface LookupSource {
  readonly name: string;
  /** It can only be asked with the principal's own token. */
  readonly asksWithToken?: true;
  /** What the answer depends on: equal keys may share an answer (`tenant:t1`). Never holds a token. */
  keyOf(principal: Principal, feature: string | undefined): string;
  /** Rejects with Unavailable for an outage or a malformed reply. `credential`: the token that the vendor's API wants. */
  lookup(
    principal: Principal,
    feature: string | undefined,
    credential: string | undefined,
    deadline: number,
  ): Promise<PrincipalGrants>;
  /** Whether it can be asked. Absent: only with the token of a user. */
  readonly trial?: Trial;
  /** How plans and amounts are asked for, with the same contract; absent: the source knows of none. */
  readonly holdings?: {
    keyOf(principal: Principal): string;
    lookup(principal: Principal, credential: string | undefined, deadline: number): Promise<PrincipalGrants>;
    /** What the credential itself says of a feature: it counts beside what is looked up, and is never kept. */
    own?(principal: Principal, feature: string): Amount | undefined;
  };
  close?(): Promise<void>;
}
