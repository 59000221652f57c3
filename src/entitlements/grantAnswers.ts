// What the grants of one principal answer. Own properties only: keys come from rules, but values come from outside.
import {type Amount, unlimited} from '../core/entitlement/amount.ts';
import type {Entitled, Holding, Holdings, Question} from '../core/entitlement/entitlement.ts';
import type {PrincipalGrants} from './source.ts';

/** Whether they entitle to a feature, or to a permission by a feature that it belongs to. */
export const entitledBy = (
  {features, permissionFeatures}: PrincipalGrants,
  question: Question,
  now: number,
): Entitled => {
  if ('feature' in question) return toFeature(features, question.feature, now);
  const linked =
    permissionFeatures !== undefined && Object.hasOwn(permissionFeatures, question.permission)
      ? (permissionFeatures[question.permission] ?? [])
      : [];
  if (linked.length === 0) return {entitled: false, justification: 'missing-feature'};
  const answers = linked.map((feature) => toFeature(features, feature, now));
  return (
    answers.find((each) => each.entitled) ??
    answers.find((each) => !each.entitled && each.justification === 'bundle-expired') ?? {
      entitled: false,
      justification: 'missing-feature',
    }
  );
};

export const nothingHeld: Holdings = {plans: [], grace: false, amounts: new Map()};

/** The plans, and the amounts of the features asked about. `own`: what the credential itself says of one. */
export const holdingsIn = (
  {plans = [], amounts = {}}: PrincipalGrants,
  asked: readonly string[],
  own: (feature: string) => Amount | undefined = () => undefined,
): Holdings => ({
  plans,
  grace: false,
  amounts: new Map(
    asked.flatMap((name): readonly (readonly [string, Holding])[] => {
      const {amount: found, per} = (Object.hasOwn(amounts, name) ? amounts[name] : undefined) ?? {};
      const amount = greater(found === unlimited ? Number.POSITIVE_INFINITY : found, own(name));
      if (amount === undefined) return [];
      return [[name, {amount, ...(per !== undefined && {per}), grace: false, origins: []}]];
    }),
  ),
});

/** Of two numbers the greater, as everywhere. What is of another kind than what was looked up does not count. */
const greater = (found: Amount | undefined, own: Amount | undefined): Amount | undefined => {
  if (found === undefined) return own;
  return typeof found === 'number' && typeof own === 'number' ? Math.max(found, own) : found;
};

const toFeature = (features: PrincipalGrants['features'], feature: string, now: number): Entitled => {
  const end = Object.hasOwn(features, feature) ? features[feature] : undefined;
  if (end === undefined) return {entitled: false, justification: 'missing-feature'};
  if (end === null || end > now) return {entitled: true};
  return {entitled: false, justification: 'bundle-expired'};
};
