// The entitlement engine: a snapshot, prepared so that a question costs the same for a thousand grants and a million.

import type {Principal} from '../principal.ts';
import {type Attributes, userOf} from './attributes.ts';
import type {
  Catalog,
  Entitled,
  EntitlementStore,
  Flag,
  HeldGrant,
  Holdings,
  Justification,
  Plan,
  Question,
  Snapshot,
} from './entitlement.ts';
import {held} from './grantLookup.ts';
import {makeGrantTableBuilder} from './grantTable.ts';
import {makeTermsNumbers} from './grantTerms.ts';
import {makeHoldings, type SoldPlan, soldPlan} from './holdings.ts';
import {isPermitted} from './permissions.ts';
import {compileRules, type TargetingParts} from './targeting.ts';

/** A store that has everything in memory: it answers at once. */
export interface EntitlementIndex extends EntitlementStore {
  entitled(principal: Principal, question: Question, attributes: Attributes, now: number): Entitled;
  isGranted(tenant: string, now: number): boolean;
  holdings(principal: Principal, features: readonly string[], attributes: Attributes, now: number): Holdings;
  catalog(): Catalog;
  grantsOf(tenant: string, user: string | undefined, most: number): readonly HeldGrant[];
  /** Grants held: several of one plan, on the same terms, to the same tenant or user count as one. */
  readonly grants: number;
  /** Those of a tenant and its users. */
  countOf(tenant: string): number;
  /** Grants left out because they name a plan that the snapshot does not have, or no tenant. */
  readonly ignored: number;
  /** The most grants of one plan that one tenant or user has: more of them make every question of it dearer. */
  readonly most: number;
}

const granted: Entitled = Object.freeze({entitled: true});
const grantedInGrace: Entitled = Object.freeze({entitled: true, grace: true});
const refused: Readonly<Record<Justification, Entitled>> = {
  'missing-feature': Object.freeze({entitled: false, justification: 'missing-feature'}),
  'missing-permission': Object.freeze({entitled: false, justification: 'missing-permission'}),
  'bundle-expired': Object.freeze({entitled: false, justification: 'bundle-expired'}),
};

/** True only if a flag or plan says so on purpose. */
type Treats = (principal: Principal, attributes: Attributes) => boolean;

/** A feature as it is asked for. */
interface Sold {
  /** Numbers of the plans that contain it. */
  readonly plans: number[];
  /** Its flag, then its plans, without those that can only say no. */
  readonly targeting: Treats[];
}

const compileFlag = (flag: Flag, parts: TargetingParts): Treats | undefined => {
  if (flag.on !== true) return flag.off === true ? () => true : undefined;
  return compileDefaulted(flag, parts);
};

const compileDefaulted = ({rules, default: otherwise}: Flag | Plan, parts: TargetingParts): Treats | undefined => {
  const fallback = otherwise === true;
  if (rules.length === 0) return fallback ? () => true : undefined;
  const treatment = compileRules(rules, parts);
  return (principal, attributes) => treatment(principal, attributes) ?? fallback;
};

/** Grants between two pauses: a few milliseconds of work. */
const stride = 2_048;

const build = function* (snapshot: Snapshot, parts: TargetingParts): Generator<void, EntitlementIndex> {
  const features = new Map<string, Sold>();
  const linked = new Map<string, Set<Sold>>();
  for (const [key, {permissions}] of snapshot.features) {
    const flag = snapshot.flags.get(key);
    const treats = flag === undefined ? undefined : compileFlag(flag, parts);
    const sold: Sold = {plans: [], targeting: treats === undefined ? [] : [treats]};
    features.set(key, sold);
    for (const permission of permissions) linked.set(permission, (linked.get(permission) ?? new Set()).add(sold));
  }

  const planNumbers = new Map<string, number>();
  const plans: SoldPlan[] = [];
  for (const [key, plan] of snapshot.plans) {
    const number = planNumbers.size;
    planNumbers.set(key, number);
    const treats = compileDefaulted(plan, parts);
    plans.push(soldPlan(key, plan, snapshot.features, treats));
    for (const feature of new Set(plan.features)) {
      const sold = features.get(feature);
      if (sold === undefined) continue;
      sold.plans.push(number);
      if (treats !== undefined) sold.targeting.push(treats);
    }
  }

  const builder = makeGrantTableBuilder();
  const terms = makeTermsNumbers(snapshot.features);
  let read = 0;
  let ignored = 0;
  for (const grant of snapshot.grants) {
    const {plan, tenant, user, expires} = grant;
    const number = planNumbers.get(plan);
    if (number === undefined || tenant === '') {
      ignored++;
    } else {
      const end = expires === null ? Number.POSITIVE_INFINITY : expires;
      builder.add(number, tenant, user, Number.isNaN(end) ? Number.NEGATIVE_INFINITY : end, terms.number(grant));
    }
    if (++read % stride === 0) yield;
  }
  const table = yield* builder.link(stride, terms);
  const {features: soldFeatures, plans: soldPlans} = snapshot;
  const catalog: Catalog = {features: soldFeatures, plans: soldPlans};

  const toFeature = (principal: Principal, sold: Sold, attributes: Attributes, now: number): Entitled => {
    const state = table.state(sold.plans, principal.tenant, userOf(principal), now);
    if (state === held.live) return granted;
    for (const treats of sold.targeting) if (treats(principal, attributes)) return granted;
    if (state === held.grace) return grantedInGrace;
    return refused[state === held.never ? 'missing-feature' : 'bundle-expired'];
  };

  const toPermission = (principal: Principal, permission: string, attributes: Attributes, now: number): Entitled => {
    if (!isPermitted(principal, permission)) return refused['missing-permission'];
    const sellers = linked.get(permission);
    if (sellers === undefined) return refused['missing-feature'];
    let expired = false;
    let grace = false;
    for (const sold of sellers) {
      const answer = toFeature(principal, sold, attributes, now);
      if (answer.entitled && answer.grace !== true) return answer;
      grace ||= answer.entitled;
      expired ||= !answer.entitled && answer.justification === 'bundle-expired';
    }
    if (grace) return grantedInGrace;
    return refused[expired ? 'bundle-expired' : 'missing-feature'];
  };

  const grantsOf = (tenant: string, user: string | undefined, most: number): readonly HeldGrant[] => {
    const found: HeldGrant[] = [];
    let ofTenant = 0;
    table.each(tenant, undefined, () => {
      ofTenant += 1;
    });
    table.each(tenant, user, (number, own, end) => {
      const plan = plans[number];
      const of = ofTenant > 0 ? 'tenant' : 'user';
      ofTenant -= 1;
      if (plan === undefined || found.length >= most) return;
      const grace = own === 0 ? 0 : terms.grace(own);
      const isEndless = end === Number.POSITIVE_INFINITY;
      found.push({
        plan: plan.name,
        of,
        end: isEndless ? null : end,
        ...(grace > 0 && !isEndless && {graceEnd: end + grace}),
      });
    });
    return found;
  };

  return {
    grants: table.size,
    countOf: table.countOf,
    grantsOf,
    ignored,
    isGranted: (tenant, now) => table.latestOf(tenant) > now,
    most: table.most,
    holdings: makeHoldings({features: soldFeatures, plans, table, terms}),
    catalog: () => catalog,
    entitled: (principal, question, attributes, now) => {
      if ('permission' in question) return toPermission(principal, question.permission, attributes, now);
      const sold = features.get(question.feature);
      return sold === undefined ? refused['missing-feature'] : toFeature(principal, sold, attributes, now);
    },
  };
};

/**
 * The index of a snapshot, whose grants are read once. The order of a decision, from Frontegg's SDK: the grants of tenant
 * and user (never-ending wins, else the latest); else the feature's flag; else the rules and default of each plan that
 * contains the feature; else the justification of the grants. A permission must be held, and then any feature it is linked
 * to is enough. One that no feature has is refused: features that were lost must not open what they close.
 */
export const makeEntitlementIndex = (snapshot: Snapshot, parts: TargetingParts): EntitlementIndex => {
  const steps = build(snapshot, parts);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
};

/** The same, built in the gaps: awaits `pause` every few milliseconds, so that decisions go on meanwhile. */
export const loadEntitlementIndex = async (
  snapshot: Snapshot,
  {pause, ...parts}: TargetingParts & {readonly pause: () => Promise<void>},
): Promise<EntitlementIndex> => {
  const steps = build(snapshot, parts);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pause();
  }
};
