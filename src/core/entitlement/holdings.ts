// What somebody holds: the live plans of a snapshot's grants, and how much of each feature they come to.

import type {Principal} from '../principal.ts';
import {type Amount, combined, isSameAmount, type Offer} from './amount.ts';
import {amountsOf, measureOf} from './amounts.ts';
import {type Attributes, userOf} from './attributes.ts';
import type {Feature, Holding, Holdings, Origin, Plan} from './entitlement.ts';
import type {GrantTable} from './grantTable.ts';
import type {OwnTerms, TermsNumbers} from './grantTerms.ts';

/** A plan as it is reckoned with. */
export interface SoldPlan {
  readonly name: string;
  readonly rank: number | undefined;
  readonly unnamed: boolean;
  readonly features: ReadonlySet<string>;
  readonly amounts: ReadonlyMap<string, Amount>;
  /** True for those whom the plan itself is for, without a grant. Absent: for nobody. */
  readonly treats?: ((principal: Principal, attributes: Attributes) => boolean) | undefined;
  /** Whether `treats` looks at anything. */
  readonly targeted: boolean;
}

export const soldPlan = (
  name: string,
  plan: Plan,
  features: ReadonlyMap<string, Feature>,
  treats: SoldPlan['treats'],
): SoldPlan => ({
  name,
  rank: plan.rank,
  unnamed: plan.unnamed === true,
  features: new Set(plan.features),
  amounts: amountsOf(features, plan),
  treats,
  targeted: plan.rules.length > 0,
});

interface HeldPlan {
  readonly plan: SoldPlan;
  readonly terms: OwnTerms | undefined;
  /** Milliseconds since the epoch; Infinity: never. */
  readonly end: number;
  readonly grace: boolean;
  readonly by: Origin['by'];
}

/** What was found of a principal, and from when until when it holds. */
interface Kept {
  readonly holdings: Holdings;
  readonly from: number;
  readonly until: number;
}

export interface HoldingsParts {
  readonly features: ReadonlyMap<string, Feature>;
  /** By number. */
  readonly plans: readonly SoldPlan[];
  readonly table: Pick<GrantTable, 'each'>;
  readonly terms: Pick<TermsNumbers, 'of' | 'grace'>;
}

/** Reckons anew only when something has changed: another principal, another list, the end of a grant. */
export const makeHoldings = ({features, plans, table, terms}: HoldingsParts) => {
  const forEveryone = plans.filter(({treats}) => treats !== undefined);
  // What rules look at comes with each request.
  const keeps = forEveryone.every(({targeted}) => !targeted);
  const known = new WeakMap<readonly string[], WeakMap<Principal, Kept>>();

  return (principal: Principal, asked: readonly string[], attributes: Attributes, now: number): Holdings => {
    const there = keeps ? known.get(asked)?.get(principal) : undefined;
    if (there !== undefined && there.from <= now && now < there.until) return there.holdings;

    const live: HeldPlan[] = [];
    let until = Number.POSITIVE_INFINITY;
    table.each(principal.tenant, userOf(principal), (number, own, end) => {
      const plan = plans[number];
      const last = own === 0 ? end : end + terms.grace(own);
      if (plan === undefined || !(last > now)) return;
      const grace = !(end > now);
      until = Math.min(until, grace ? last : end);
      live.push({plan, terms: terms.of(own), end, grace, by: 'grant'});
    });
    for (const plan of forEveryone) {
      if (plan.treats?.(principal, attributes) !== true) continue;
      live.push({plan, terms: undefined, end: Number.POSITIVE_INFINITY, grace: false, by: 'everyone'});
    }
    const holdings = reckoned(live.sort(byRank), asked, features);
    if (!keeps) return holdings;
    const ofList = known.get(asked) ?? new WeakMap<Principal, Kept>();
    known.set(asked, ofList.set(principal, {holdings, from: now, until}));
    return holdings;
  };
};

const reckoned = (
  live: readonly HeldPlan[],
  asked: readonly string[],
  features: ReadonlyMap<string, Feature>,
): Holdings => {
  const plans = namesOf(live);
  const sure = live.every(({grace}) => !grace) ? live : live.filter(({grace}) => !grace);
  let grace = sure !== live && namesOf(sure)[0] !== plans[0];
  const amounts = new Map<string, Holding>();
  for (const name of asked) {
    const holding = holdingOf(name, features.get(name), live, sure);
    if (holding === undefined) continue;
    amounts.set(name, holding);
    grace ||= holding.grace;
  }
  return {plans, grace, amounts};
};

/** The highest rank first; of one rank by name. */
const byRank = ({plan: a}: HeldPlan, {plan: b}: HeldPlan): number => {
  const rank = (b.rank ?? lowest) - (a.rank ?? lowest);
  if (rank > 0 || rank < 0) return rank;
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
};
const lowest = Number.NEGATIVE_INFINITY;

const namesOf = (live: readonly HeldPlan[]): readonly string[] => [
  ...new Set(live.flatMap(({plan}) => (plan.unnamed ? [] : [plan.name]))),
];

const holdingOf = (
  name: string,
  feature: Feature | undefined,
  live: readonly HeldPlan[],
  sure: readonly HeldPlan[],
): Holding | undefined => {
  const measure = measureOf(feature);
  if (measure === undefined) return undefined;
  const sells = ({plan}: HeldPlan) => plan.features.has(name);
  const selling = live.filter(sells);
  const offers = selling.map((one) => offerOf(name, one));
  const amount = combined(measure, offers);
  if (amount === undefined) return undefined;
  const surely =
    sure === live
      ? amount
      : combined(
          measure,
          sure.filter(sells).map((one) => offerOf(name, one)),
        );
  const per = feature?.limit?.per;
  return {
    amount,
    ...(per !== undefined && {per}),
    grace: !isSameAmount(amount, surely),
    origins: selling.map((one, at) => originOf(one, offers[at] as Offer)),
  };
};

const offerOf = (name: string, {plan, terms}: HeldPlan): Offer => {
  const own = terms?.amounts.get(name);
  return {
    amount: own ?? plan.amounts.get(name),
    add: terms?.add.get(name) ?? 0,
    rank: plan.rank,
    own: own !== undefined,
  };
};

const originOf = ({plan, end, grace, by}: HeldPlan, {amount, own, add}: Offer): Origin => ({
  plan: plan.name,
  by,
  end: end === Number.POSITIVE_INFINITY ? null : end,
  grace,
  amount,
  own,
  add,
});
