// The four outcomes that are counted and logged, out of the two that a decision has.
import type {Decision} from '../core/decision.ts';
import {type Reason, refusals} from '../core/refusals.ts';

/** `error`: we could not decide. `shadow_deny`: let through, though a shadow rule would have denied. */
export type Outcome = 'allow' | 'deny' | 'error' | 'shadow_deny';

export const outcomeOf = (decision: Decision): Outcome => {
  if (decision.outcome === 'allow') return decision.shadow === undefined ? 'allow' : 'shadow_deny';
  return refusals[decision.reason].kind === 'error' ? 'error' : 'deny';
};

/** Why it was refused, would have been, or made nobody of the caller; undefined on a plain allow. */
export const reasonOf = (decision: Decision): Reason | undefined =>
  decision.outcome === 'allow' ? (decision.shadow ?? decision.ignored) : decision.reason;
