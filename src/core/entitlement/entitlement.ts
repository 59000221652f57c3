// Has this principal bought it, and how much of it? The model: features, plans, grants, flags. (The engine is
// entitlementIndex.ts.)

import type {Principal} from '../principal.ts';
import type {Amount, Unit, unlimited} from './amount.ts';
import type {Attributes} from './attributes.ts';
import type {TargetingRule} from './targeting.ts';

/**
 * Something that is sold. `permissions`: the permissions that are worth something only while the feature is live. It may
 * have either a value or a limit.
 */
export interface Feature {
  readonly permissions: readonly string[];
  readonly value?: 'number' | 'text' | 'list';
  readonly limit?: {readonly per: Unit};
}

/** Amounts as they are written, by feature. */
export type Values = Readonly<Record<string, number | string | readonly string[]>>;
export type Limits = Readonly<Record<string, number | typeof unlimited>>;

/** A bundle of features. `default: true` entitles everyone whom no rule of the plan says otherwise about. */
export interface Plan {
  readonly features: readonly string[];
  readonly default: boolean;
  readonly rules: readonly TargetingRule[];
  /** The higher, the more it is: of two texts that of the higher rank counts. Absent: below all others. */
  readonly rank?: number;
  readonly values?: Values;
  readonly limits?: Limits;
  /** true: no refusal names it. */
  readonly hidden?: boolean;
  /** It is no plan that somebody sells, but stands for something that opens as one does: its name is told nowhere. */
  readonly unnamed?: true;
}

/** What a grant gives otherwise than its plan: amounts that stand before the plan's, and what comes on top. */
export interface Terms {
  /** Milliseconds for which it still holds after its end. */
  readonly grace?: number;
  readonly values?: Values;
  /** Of numbers and limits. */
  readonly add?: Readonly<Record<string, number>>;
  readonly limits?: Limits;
}

/**
 * A plan given to a tenant, or to one user of it (a person's subject; a service is nobody's user). `expires` in
 * milliseconds since the epoch; null: never; NaN (a date that could not be read): has expired.
 */
export interface Grant extends Terms {
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

/** `grace`: a grant has ended, and holds on for a while. */
export type Entitled =
  | {readonly entitled: true; readonly grace?: true}
  | {readonly entitled: false; readonly justification: Justification};

/** One source of an amount: a grant (until `end`, milliseconds since the epoch, null: never), or a plan for everyone. */
export interface Origin {
  readonly plan: string;
  readonly by: 'grant' | 'everyone';
  readonly end: number | null;
  readonly grace: boolean;
  readonly amount: Amount | undefined;
  /** The amount is the grant's own, and not its plan's. */
  readonly own: boolean;
  readonly add: number;
}

/** How much of a feature somebody has, and where it comes from. */
export interface Holding {
  readonly amount: Amount;
  /** Of a limit. */
  readonly per?: Unit;
  /** It would be another one without a grant that has ended and holds on for a while. */
  readonly grace: boolean;
  readonly origins: readonly Origin[];
}

/** What somebody holds at one moment. Equal facts give the same object again, as a rule. */
export interface Holdings {
  /** The plans that are live, the highest rank first. */
  readonly plans: readonly string[];
  /** The first plan, or an amount, would be another one without a grant that holds on after its end. */
  readonly grace: boolean;
  /** Of the features that were named and of which there is an amount. A feature without one is absent, never 0. */
  readonly amounts: ReadonlyMap<string, Holding>;
}

/** One grant as it is held. Milliseconds since the epoch: its end (null: never), and until when it holds on after that. */
export interface HeldGrant {
  readonly plan: string;
  readonly of: 'tenant' | 'user';
  readonly end: number | null;
  readonly graceEnd?: number;
}

/** Where an answer comes from: which source, and how many seconds ago it has said so. */
export interface Whence {
  readonly source: string;
  readonly age: number;
}

/** What is sold, whoever has it. */
export interface Catalog {
  readonly features: ReadonlyMap<string, Feature>;
  readonly plans: ReadonlyMap<string, Plan>;
}

export type {Attributes} from './attributes.ts';

/** For sources that ask the vendor in the principal's name. `credential`: its own token. */
export interface SourceCall {
  readonly credential: string;
  readonly deadline: number;
}

/**
 * Answers from facts that are fresh enough; throws or rejects with Unavailable when none are. A store that has its facts
 * in memory answers at once, without a promise. `now` in milliseconds since the epoch.
 */
export interface EntitlementStore {
  entitled(
    principal: Principal,
    question: Question,
    attributes: Attributes,
    now: number,
    call?: SourceCall,
  ): Entitled | Promise<Entitled>;
  /**
   * Whether a tenant, or one of its users, has a grant of any plan that is live at `now`: is it a customer? Throws
   * Unavailable where there are no facts. Absent where the source is asked about one principal at a time.
   */
  isGranted?(tenant: string, now: number): boolean;
  /**
   * The plans that are live and how much there is of the named features. `features`: the same list each time, made once,
   * so that what was found by it is found again.
   */
  holdings(
    principal: Principal,
    features: readonly string[],
    attributes: Attributes,
    now: number,
    call?: SourceCall,
  ): Holdings | Promise<Holdings>;
  /**
   * The grants of a tenant (and of one of its users), also those that are over, for whoever asks why: at most so many.
   * Absent where the source is asked about one principal at a time. Throws Unavailable as the others do.
   */
  grantsOf?(tenant: string, user: string | undefined, most: number): readonly HeldGrant[];
  /** Where what is known of a question comes from, for whoever asks why; undefined: nothing is in memory yet. */
  whence?(principal: Principal, question: Question): Whence | undefined;
  /** What is sold; undefined where only the source knows. Throws Unavailable as the others do. */
  catalog(): Catalog | undefined;
}
