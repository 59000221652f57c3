// What access logs and later filters read of a decision: dynamic metadata `postern`.
import type {Decision} from '../core/decision.ts';
import {refusals} from '../core/refusals.ts';
import type {Struct} from './wire.ts';

const LONGEST = 256;

/** `postern: {decision, rule, outcome, reason, provider, subject}`; what there is not is left out. */
export const metadataOf = (decision: Decision, id: string): Struct => {
  const denied = decision.outcome === 'deny';
  const reason = denied ? (decision.reply?.kind ?? decision.reason) : (decision.shadow ?? decision.ignored);
  const fields: Record<string, {stringValue: string}> = {
    decision: stringOf(id),
    outcome: {stringValue: outcomeOf(decision)},
  };
  if (decision.rule !== undefined) fields.rule = stringOf(decision.rule);
  if (reason !== undefined) fields.reason = {stringValue: reason};
  const provider = decision.provider ?? decision.principal?.provider;
  if (provider !== undefined) fields.provider = stringOf(provider);
  if (decision.principal) fields.subject = stringOf(decision.principal.subject);
  return {fields: {postern: {structValue: {fields}}}};
};

const outcomeOf = (decision: Decision): 'allow' | 'shadow_deny' | 'answer' | 'deny' | 'error' => {
  if (decision.outcome === 'allow') return decision.shadow ? 'shadow_deny' : 'allow';
  if (decision.reply !== undefined) return 'answer';
  return refusals[decision.reason].kind === 'error' ? 'error' : 'deny';
};

/** A lone surrogate is no UTF-8, and Envoy fails the whole request over it. */
const stringOf = (text: string): {stringValue: string} => ({
  stringValue: (text.length > LONGEST ? text.slice(0, LONGEST) : text).toWellFormed(),
});
