// The five outcomes that are counted and logged, out of the two that a decision has.
import type {Decision, Reply} from '../core/decision.ts';
import {type Reason, refusals} from '../core/refusals.ts';

/**
 * `answer`: no rule let it through, and Postern answered itself (a preflight, the resource's metadata). `error`: we
 * could not decide. `shadow_deny`: let through, though a shadow rule would have denied.
 */
export type Outcome = 'allow' | 'deny' | 'answer' | 'error' | 'shadow_deny';

export const outcomeOf = (decision: Decision): Outcome => {
  if (decision.outcome === 'allow') return decision.shadow === undefined ? 'allow' : 'shadow_deny';
  if (decision.reply !== undefined) return 'answer';
  return refusals[decision.reason].kind === 'error' ? 'error' : 'deny';
};

/** Why it was refused, would have been, made nobody of the caller, or what was answered instead; undefined on a plain allow. */
export const reasonOf = (decision: Decision): Reason | Reply['kind'] | undefined =>
  decision.outcome === 'allow' ? (decision.shadow ?? decision.ignored) : (decision.reply?.kind ?? decision.reason);
