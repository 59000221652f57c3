// May this snapshot be taken over? The same questions to every source: a part that was lost must not pass for the whole.
import {measureOf} from '../core/entitlement/amounts.ts';
import {isReserved} from '../core/entitlement/attributes.ts';
import type {Snapshot} from '../core/entitlement/entitlement.ts';
import type {TargetingRule} from '../core/entitlement/targeting.ts';
import {amountFindings} from './amounts.ts';
import {danglingNames} from './document.ts';
import {describeFinding} from './words.ts';

/** A feature that a rule asks for, or (without a rule) the setting `responses`. */
export interface Wanted {
  readonly feature: string;
  readonly rule?: string;
  /** Its limit is asked for, or an amount of it, be it a value or a limit. Absent: whether it was bought. */
  readonly as?: 'limit' | 'amount';
}

/** What the rules ask of the entitlements. */
export interface Asked {
  readonly features: readonly Wanted[];
  /** Of `entitledPermissions`. */
  readonly permissions: readonly {readonly permission: string; readonly rule: string}[];
  /** Names that some rule supplies to targeting rules: captures, and its `attributes`. Absent: not known. */
  readonly attributes?: readonly string[];
}

/** Sentences about attributes that a plan or a flag looks at, and that no rule supplies: its targeting never matches. */
export const unsuppliedAttributes = (
  {plans, flags}: Pick<Snapshot, 'plans' | 'flags'>,
  {attributes}: Pick<Asked, 'attributes'>,
): readonly string[] => {
  if (attributes === undefined) return [];
  const supplied = new Set(attributes);
  const sentences = new Map<string, string>();
  const look = (owner: string, rules: readonly TargetingRule[]) => {
    for (const {attribute} of rules.flatMap(({conditions}) => conditions)) {
      if (supplied.has(attribute) || isReserved(attribute) || sentences.has(attribute)) continue;
      const sentence = `${owner} looks at the attribute "${attribute}", which no rule supplies: its condition never matches`;
      sentences.set(attribute, `${sentence}; name it under attributes of the rules that ask for it`);
    }
  };
  for (const [name, {rules}] of plans) look(`the plan "${name}"`, rules);
  for (const [name, {rules}] of flags) look(`the flag "${name}"`, rules);
  return [...sentences.values()];
};

/** Sentences about permissions that are asked for and that no feature has: nobody will be let in by them. */
export const unsoldPermissions = (
  {features}: Pick<Snapshot, 'features'>,
  {permissions}: Pick<Asked, 'permissions'>,
): readonly string[] => {
  const sold = new Set([...features.values()].flatMap((feature) => feature.permissions));
  return permissions
    .filter(({permission}) => !sold.has(permission))
    .map(
      ({permission, rule}) =>
        `the rule "${rule}" asks for the entitled permission "${permission}", which no feature has: it lets nobody in`,
    );
};

/** More would not help whoever repairs it. */
const mostTold = 5;
/** A source that had fewer grants may lose them all at once; one that had more must say that it means it. */
const fewGrants = 10;
/** The same for losing more than half of them. */
const manyGrants = 1_000;
/** Each question about a holder looks at all of them. */
const mostOfOneHolder = 1_000;

/**
 * What is wrong with the definitions, after the name of the source; undefined: nothing. `whole`: the source itself says that nothing is missing, so that
 * nothing at all can be meant.
 */
export const unsoundHead = (
  {features, plans, flags}: Omit<Snapshot, 'grants'>,
  wanted: readonly Wanted[],
  whole: boolean,
): string | undefined => {
  if (features.size === 0 && plans.size === 0 && !whole) {
    return `holds no features and no plans, so nobody would have anything; ${sayIfMeant}`;
  }
  const dangling = danglingNames(features, plans, flags);
  if (dangling.length > 0) return `names what is not there: ${some(dangling, describeFinding)}`;
  const wrong = amountFindings(features, plans);
  if (wrong.length > 0) return `holds what is wrong: ${some(wrong, describeFinding)}`;
  const missing = wanted.filter(({feature}) => !features.has(feature));
  if (missing.length === 0) return unfit(features, wanted);
  const told = missing.map(({feature, rule}) => `"${feature}", which ${asker(rule)} asks for`);
  return `lacks ${missing.length === 1 ? 'the feature' : 'the features'} ${some(told)}; add them, or change the rules first`;
};

const asker = (rule: string | undefined): string =>
  rule === undefined ? 'the setting responses' : `the rule "${rule}"`;

/** Of a feature that is only bought or not nobody could ever have a limit or an amount: what it lacks. */
export const lackOf = (features: Snapshot['features'], {feature, as}: Wanted): string | undefined => {
  const measure = measureOf(features.get(feature));
  if (as === undefined || measure === 'limit' || (as === 'amount' && measure !== undefined)) return undefined;
  return as === 'limit' ? 'no limit' : 'no value and no limit';
};

/** What to do about such a lack. */
export const howToSell = ({as}: Wanted): string =>
  `write limit: {per: minute}${as === 'limit' ? '' : ' or value: number'} with the feature`;

const unfit = (features: Snapshot['features'], wanted: readonly Wanted[]): string | undefined => {
  const lacking = wanted.filter((one) => lackOf(features, one) !== undefined);
  const [first] = lacking;
  if (first === undefined) return undefined;
  const told = lacking.map((one) => `"${one.feature}" has ${lackOf(features, one)}, which ${asker(one.rule)} asks for`);
  return `has not what is asked for: ${some(told)}; ${howToSell(lacking.find(({as}) => as === 'amount') ?? first)}`;
};

/** What is wrong with the number of grants; undefined: nothing. `ignored`: those that name a plan that is not there. */
export const unsoundGrants = (
  {grants, ignored = 0, most = 0}: {readonly grants: number; readonly ignored?: number; readonly most?: number},
  before: number,
  whole: boolean,
): string | undefined => {
  if (ignored > 0) return `has ${ignored} grants that name no tenant, or a plan that is not there`;
  if (most > mostOfOneHolder) {
    return `has ${most} grants of one plan to one holder, each on terms of its own, and ${mostOfOneHolder} are the most: put them together`;
  }
  if (whole) return undefined;
  if (grants === 0 && before >= fewGrants) return `has no grants, after ${before}; ${sayIfMeant}`;
  if (before >= manyGrants && grants < before / 2) return `has ${grants} grants, after ${before}; ${sayIfMeant}`;
  return undefined;
};

const sayIfMeant = 'if that is meant, say so with their number (docs/entitlements.md, "When something is missing")';

const some = <T>(all: readonly T[], words: (one: T) => string = String): string =>
  `${all.slice(0, mostTold).map(words).join('; ')}${all.length > mostTold ? `; and ${all.length - mostTold} more` : ''}`;
