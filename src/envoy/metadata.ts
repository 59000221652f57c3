// What access logs and later filters read of a decision: dynamic metadata `postern`.
import type {Allow, Decision} from '../core/decision.ts';
import {refusals} from '../core/refusals.ts';
import {amountValue, limitOf, structOf} from './metadataValues.ts';
import type {Struct, StructValue} from './wire.ts';

const LONGEST = 256;

/**
 * `postern: {decision, rule, outcome, reason, provider, subject, tenant, plan, grace, values, limits}`; what there is not
 * is left out. Beside it each limit once more, as `postern.limits.<feature>`.
 */
export const metadataOf = (decision: Decision, id: string): Struct => {
  const denied = decision.outcome === 'deny';
  const reason = denied ? (decision.reply?.kind ?? decision.reason) : (decision.shadow ?? decision.ignored);
  const fields: Record<string, StructValue> = {
    decision: stringOf(id),
    outcome: {stringValue: outcomeOf(decision)},
  };
  if (decision.rule !== undefined) fields.rule = stringOf(decision.rule);
  if (reason !== undefined) fields.reason = {stringValue: reason};
  const provider = decision.provider ?? decision.principal?.provider;
  if (provider !== undefined) fields.provider = stringOf(provider);
  if (decision.principal) fields.subject = stringOf(decision.principal.subject);
  // Whole: who counts by it must not take two for one.
  const tenant = decision.principal?.tenant;
  if (tenant !== undefined) fields.tenant = {stringValue: tenant.toWellFormed()};
  const postern: StructValue = {structValue: {fields}};
  if (decision.outcome !== 'allow') return {fields: {postern}};
  addBought(fields, decision);
  return {fields: {postern, ...limitsAlone(decision)}};
};

const addBought = (fields: Record<string, StructValue>, {holdings, limits, grace}: Allow): void => {
  if (grace === true) fields.grace = {boolValue: true};
  if (holdings === undefined) return;
  const [plan] = holdings.plans;
  if (plan !== undefined) fields.plan = stringOf(plan);
  if (holdings.amounts.size > 0) {
    fields.values = structOf([...holdings.amounts].map(([feature, {amount}]) => [feature, amountValue(amount)]));
  }
  if (limits !== undefined) fields.limits = structOf(limits.map((feature) => [feature, limitOf(feature, holdings)]));
};

/** Each limit under a name of its own, for who cannot name a path (`fromMetadata` of Envoy Gateway). */
const limitsAlone = ({holdings, limits}: Allow): Readonly<Record<string, StructValue>> => {
  if (holdings === undefined || limits === undefined) return {};
  const named = limits.map((feature) => [`postern.limits.${feature}`.toWellFormed(), limitOf(feature, holdings)]);
  return Object.fromEntries(named);
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
