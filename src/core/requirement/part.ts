// One part of a rule's `require`: what it is given, what it answers, and how it is compiled.

import type {CompileCondition} from '../condition.ts';
import type {Credential} from '../credential/credential.ts';
import type {Challenge, Upgrade} from '../decision.ts';
import type {Attributes} from '../entitlement/attributes.ts';
import type {EntitlementStore} from '../entitlement/entitlement.ts';
import type {Principal} from '../principal.ts';
import type {Reason} from '../refusals.ts';
import type {CanonicalPath} from '../request/path.ts';
import type {Request} from '../request/request.ts';
import type {Requirement} from '../rule/rules.ts';
import type {UnmetPart} from './unmet.ts';

/** What a requirement may look at. All of it was verified, or comes from Envoy's own attributes. */
export interface Facts {
  readonly principal: Principal;
  /** What the rule's path captured, decoded once. */
  readonly captures: ReadonlyMap<string, string>;
  readonly request: Request;
  /** Undefined of a connection. */
  readonly path: CanonicalPath | undefined;
  /** The principal's own, for those who ask a vendor in its name. */
  readonly credential: Credential;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds since the epoch after which nobody waits for the answer; Infinity if unknown. */
  readonly deadline: number;
  /** Set by the part that finds it: something holds only because a grant that has ended holds on for a while. */
  grace?: boolean;
}

/** What does not hold, and what would mend it. */
export interface Unmet {
  readonly reason: Reason;
  readonly challenge?: Challenge;
  readonly upgrade?: Upgrade;
  /** What was wanted and what came, for operators; see misfit.ts for what may stand there. */
  readonly detail?: string;
  /** The same as values; compile.ts adds it. */
  readonly unmet?: UnmetPart;
}

/**
 * A part, compiled: undefined means that it holds. A promise only where somebody outside is asked, so that a request
 * whose facts are in memory waits for nothing. Throws or rejects with Unavailable where the facts cannot be had.
 */
export type Holds = (facts: Facts) => Unmet | undefined | Promise<Unmet | undefined>;

/** May the principal do this to that? Asked of the provider that a `relation` names. */
export type Relate = (
  asked: {readonly permission: string; readonly resource: string},
  facts: Facts,
) => Promise<boolean>;

/** Whom parts ask for what is not in the principal itself. */
export interface Sources {
  readonly entitlements: EntitlementStore;
  /** Absent where the provider of this name knows of no relations. */
  relate(provider: string): Relate | undefined;
  /** Which plans would open the rule. Absent: no refusal says so. */
  readonly upgrade?: ((facts: Facts) => Upgrade | undefined | Promise<Upgrade | undefined>) | undefined;
  /** What targeting rules may look at. Absent: the captures of the path. */
  readonly attributes?: ((facts: Facts) => Attributes) | undefined;
  /** Makes a condition of its text. Absent where no rule has one. */
  readonly condition?: CompileCondition;
}

/** What of `require` is no part: `providers` chooses who is asked, before there is a principal. */
export type PartName = Exclude<keyof Requirement, 'providers'>;

/** What a setting of `require` means; parts.ts has them in a table. */
export interface Part<Name extends PartName> {
  /** Called once a rule that has the part; `wanted` is its setting, checked. */
  compile(wanted: NonNullable<Requirement[Name]>, sources: Sources): Holds;
  /** The setting for one request, for whoever is told of it. Absent: as the rule has it. */
  readonly filled?: (wanted: NonNullable<Requirement[Name]>, facts: Facts) => unknown;
  /** What the setting is compared with. Undefined: with nothing that came with the request; others are asked. */
  readonly got: Got | undefined;
}

export interface Got {
  readonly of: (facts: Facts) => unknown;
  /** `everywhere`: names nobody, and is no claim but the tenant. Else only who explains a request is told. */
  readonly told: 'everywhere' | 'explained';
}
