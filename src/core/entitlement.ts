// Has this principal bought it? The model: features, plans, grants, flags. (The engine is entitlementIndex.ts.)
import type {Attributes} from './attributes.ts';
import type {Principal} from './principal.ts';
import type {TargetingRule} from './targeting.ts';

/** Something that is sold. `permissions`: the permissions that are worth something only while the feature is live. */
export interface Feature {
  readonly permissions: readonly string[];
}

/** A bundle of features. `default: true` entitles everyone whom no rule of the plan says otherwise about. */
export interface Plan {
  readonly features: readonly string[];
  readonly default: boolean;
  readonly rules: readonly TargetingRule[];
}

/**
 * A plan given to a tenant, or to one user of it (a person's subject; a service is nobody's user). `expires` in
 * milliseconds since the epoch; null: never; NaN (a date that could not be read): has expired.
 */
export interface Grant {
  readonly plan: string;
  readonly tenant: string;
  readonly user: string | null;
  readonly expires: number | null;
}

/** A switch for a feature: while on, the first matching rule's treatment, else `default`; while off, `off`. */
export interface Flag {
  readonly on: boolean;
  readonly default: boolean;
  readonly off: boolean;
  readonly rules: readonly TargetingRule[];
}

/** Everything that a snapshot source knows at one moment. */
export interface Snapshot {
  readonly features: ReadonlyMap<string, Feature>;
  readonly plans: ReadonlyMap<string, Plan>;
  /** Read once, in order; may stream. */
  readonly grants: Iterable<Grant>;
  /** By feature key. */
  readonly flags: ReadonlyMap<string, Flag>;
}

/** What is asked of the entitlement store. */
export type Question = {readonly feature: string} | {readonly permission: string};

/** Why not. `missing-permission`: the principal does not even hold the permission. */
export type Justification = 'missing-feature' | 'missing-permission' | 'bundle-expired';

export type Entitled = {readonly entitled: true} | {readonly entitled: false; readonly justification: Justification};

export type {Attributes} from './attributes.ts';

/**
 * Answers from facts that are fresh enough; throws or rejects with Unavailable when none are. A store that has its facts
 * in memory answers at once, without a promise. `now` in milliseconds since the epoch. `credential`: the principal's own
 * token, for sources that ask the vendor in its name.
 */
export interface EntitlementStore {
  entitled(
    principal: Principal,
    question: Question,
    attributes: Attributes,
    now: number,
    call?: {readonly credential: string; readonly deadline: number},
  ): Entitled | Promise<Entitled>;
  /**
   * Whether a tenant, or one of its users, has a grant of any plan that is live at `now`: is it a customer? Throws
   * Unavailable where there are no facts. Absent where the source is asked about one principal at a time.
   */
  isGranted?(tenant: string, now: number): boolean;
}
