// Which plans would open what was refused because it was not bought.
import type {Upgrade} from '../decision.ts';
import type {Catalog, Entitled, Plan, Question} from './entitlement.ts';

/** Something that must be bought: a feature, what a permission is worth, or an amount of a feature with a limit. */
export type Wanted = Question | {readonly limit: string};

/** What is missing: every one of `all`, and one of each list in `any`. */
export interface Missing {
  readonly all: readonly Wanted[];
  readonly any: readonly (readonly Wanted[])[];
}

/**
 * What of a list is missing that a plan can bring; undefined where no plan alone would do, since a permission is not held.
 * The answers stand in the order of the questions.
 */
export const missingOf = (
  {all, any}: {readonly all: readonly Question[]; readonly any: readonly Question[]},
  answersToAll: readonly Entitled[],
  answersToAny: readonly Entitled[],
): Missing | undefined => {
  const isUnheld = (answer: Entitled | undefined) => answer?.entitled === false && answer.justification === unheld;
  if (answersToAll.some(isUnheld)) return undefined;
  const open = any.filter((_, at) => !isUnheld(answersToAny[at]));
  if (any.length > 0 && open.length === 0) return undefined;
  return {
    all: all.filter((_, at) => answersToAll[at]?.entitled !== true),
    any: open.length === 0 || answersToAny.some(({entitled}) => entitled) ? [] : [open],
  };
};
const unheld = 'missing-permission';

/** Of hundreds nobody reads more, and each refusal says them all. */
export const mostPlansTold = 100;

/**
 * The plans that would open it, each by itself with what is held already: the lowest rank first, and none that is hidden.
 * `catalog` undefined: what is sold is not known, and no plan is told. Undefined: no feature is sold for it.
 */
export const upgradeFor = (missing: readonly Missing[], catalog: Catalog | undefined): Upgrade | undefined => {
  const wanteds = missing.flatMap(({all, any}) => [...all, ...any.flat()]);
  const sellers = new Map(wanteds.map((wanted) => [wanted, sellersOf(wanted, catalog)]));
  const feature = [...sellers.values()].flat()[0];
  if (feature === undefined) return undefined;
  const opens = (plan: Plan) => (wanted: Wanted) =>
    (sellers.get(wanted) ?? []).some((seller) => plan.features.includes(seller)) &&
    !('limit' in wanted && !Object.hasOwn(plan.limits ?? {}, wanted.limit));
  const plans = [...(catalog?.plans ?? [])].filter(
    ([, plan]) =>
      plan.hidden !== true &&
      plan.unnamed !== true &&
      missing.every(({all, any}) => all.every(opens(plan)) && any.every((one) => one.some(opens(plan)))),
  );
  plans.sort(([a, {rank: ofA = lowest}], [b, {rank: ofB = lowest}]) =>
    ofA < ofB ? -1 : ofA > ofB ? 1 : a < b ? -1 : 1,
  );
  return {feature, plans: plans.slice(0, mostPlansTold).map(([name]) => name)};
};
const lowest = Number.NEGATIVE_INFINITY;

/** The features with which it is bought. */
const sellersOf = (wanted: Wanted, catalog: Catalog | undefined): readonly string[] => {
  if ('limit' in wanted) return [wanted.limit];
  if ('feature' in wanted) return [wanted.feature];
  return [...(catalog?.features ?? [])]
    .filter(([, {permissions}]) => permissions.includes(wanted.permission))
    .map(([name]) => name);
};

/** Of what may be missing of one rule there are a few, as a rule. */
const mostKept = 64;

/** The same, found once: whoever is refused may ask as often as they like, and there may be thousands of plans. */
export const makeUpgrades = (): typeof upgradeFor => {
  const known = new WeakMap<Catalog, Map<string, Upgrade | undefined>>();
  return (missing, catalog) => {
    if (catalog === undefined) return upgradeFor(missing, catalog);
    const kept = known.get(catalog) ?? new Map<string, Upgrade | undefined>();
    const key = JSON.stringify(missing);
    if (kept.has(key)) return kept.get(key);
    if (kept.size >= mostKept) kept.clear();
    const found = upgradeFor(missing, catalog);
    known.set(catalog, kept.set(key, found));
    return found;
  };
};
