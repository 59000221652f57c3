// Which plans would open a rule: all that it wants bought is looked at, for who buys what opens one part of it must not be
// refused by the next.
import type {Upgrade} from '../decision.ts';
import type {Entitled, Question} from '../entitlement/entitlement.ts';
import {type Missing, makeUpgrades, missingOf} from '../entitlement/upgrade.ts';
import type {ListRequirement, Rule} from '../rule/rules.ts';
import {allKnown, whenKnown} from '../whenKnown.ts';
import {askEntitled} from './entitled.ts';
import type {Facts, Sources} from './part.ts';

/** Undefined where nothing is sold that would open it. Throws or rejects with Unavailable where the facts cannot be had. */
export type FindUpgrade = (facts: Facts) => Upgrade | undefined | Promise<Upgrade | undefined>;

/** One list of a requirement, and its place among all that is asked. */
interface Asked {
  readonly all: readonly Question[];
  readonly any: readonly Question[];
  readonly from: number;
}

/** Compiles it of one rule; what is missing first is named first, in the order in which a rule refuses. */
export const compileUpgrade = (
  {access, limits = []}: Pick<Rule, 'access' | 'limits'>,
  sources: Sources,
): FindUpgrade => {
  const {features, entitledPermissions} = 'require' in access ? access.require : {};
  const questions: Question[] = [];
  const lists = [
    asked(features, (feature) => ({feature}), questions),
    asked(entitledPermissions, (permission) => ({permission}), questions),
  ];
  const {entitlements} = sources;
  const upgradeFor = makeUpgrades();
  const holdings = (facts: Facts) =>
    entitlements.holdings(facts.principal, limits, sources.attributes?.(facts) ?? facts.captures, facts.now, {
      credential: facts.credential.value,
      deadline: facts.deadline,
    });
  const lacking = (facts: Facts): readonly string[] | Promise<readonly string[]> => {
    // Without a tenant there is nobody to count for.
    if (limits.length === 0 || facts.principal.tenant === undefined) return limits;
    return whenKnown(holdings(facts), ({amounts}) => limits.filter((name) => amounts.get(name)?.per === undefined));
  };
  const told = (answers: readonly Entitled[], missingLimits: readonly string[]): Upgrade | undefined => {
    const found: Missing[] = [];
    for (const {all, any, from} of lists) {
      const middle = from + all.length;
      const missing = missingOf({all, any}, answers.slice(from, middle), answers.slice(middle, middle + any.length));
      if (missing === undefined) return undefined;
      found.push(missing);
    }
    found.push({all: missingLimits.map((limit) => ({limit})), any: []});
    return upgradeFor(found, entitlements.catalog());
  };
  return (facts) =>
    whenKnown(allKnown(questions.map((question) => () => askEntitled(sources, question, facts))), (answers) =>
      whenKnown(lacking(facts), (names) => told(answers, names)),
    );
};

const asked = (
  {all = [], any = []}: ListRequirement = {},
  question: (item: string) => Question,
  questions: Question[],
): Asked => {
  const one = {all: all.map(question), any: any.map(question), from: questions.length};
  questions.push(...one.all, ...one.any);
  return one;
};
