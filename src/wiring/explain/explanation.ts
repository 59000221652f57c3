// How one request was decided, step by step: what `explain` and the explorer tell.
import type {Held} from '../../core/credential/credential.ts';
import type {Decision} from '../../core/decision.ts';
import type {Entitled, HeldGrant, Question} from '../../core/entitlement/entitlement.ts';
import type {Principal} from '../../core/principal.ts';
import type {PartName} from '../../core/requirement/part.ts';
import type {HeldAnswer} from './heldAnswer.ts';

/** One rule, as far as it was looked at. Undefined: the rule does not ask for it. */
export interface RuleStep {
  readonly rule: string;
  readonly matched: boolean;
  readonly host?: boolean;
  readonly method?: boolean;
  readonly path?: boolean;
  readonly connection?: boolean;
}

/** One place that was looked at; `accepted`: by provider, in the order in which they were asked. */
export interface PlaceStep {
  readonly place: string;
  readonly held: Held['held'];
  readonly accepted: readonly {readonly provider: string; readonly accepts: boolean}[];
}

export interface ProviderStep {
  readonly provider: string;
  readonly verdict: 'verified' | 'rejected' | 'unavailable';
  readonly reason?: string;
  readonly principal?: Principal;
}

export interface RequirementStep {
  readonly part: PartName;
  readonly wanted: unknown;
  readonly got: unknown;
  readonly met: boolean;
}

export interface EntitlementStep {
  readonly asked: Question;
  readonly answer: Entitled | 'unavailable';
  /** Which source has said so, and how many seconds ago. Absent where nobody keeps it. */
  readonly source?: string;
  readonly age?: number;
  /** `memory`: it was known already; `fetched`: it was asked for now, from Redis or the source. */
  readonly layer?: 'memory' | 'fetched';
  /** Grants of the tenant, or of this user, whose plans have what is asked about; also those that are over. */
  readonly grants?: readonly HeldGrant[];
}

/** How one request was decided, step by step. */
export interface Explanation {
  readonly rules: readonly RuleStep[];
  readonly places: readonly PlaceStep[];
  readonly provider?: ProviderStep;
  readonly revoked?: boolean;
  readonly requirements: readonly RequirementStep[];
  readonly entitlements: readonly EntitlementStep[];
  /** What is held of what headers, metadata, limits or conditions name. */
  readonly held?: HeldAnswer;
  readonly decision: Decision;
}
