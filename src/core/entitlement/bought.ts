// What goes along with a request that is let through: plans, amounts, and the limits that its rule hands on.

import {askEntitled, orUntold, reasonOf, withUpgrade} from '../requirement/entitled.ts';
import type {Facts, Sources, Unmet} from '../requirement/part.ts';
import type {Rule} from '../rule/rules.ts';
import {whenKnown} from '../whenKnown.ts';
import {shownList} from '../words/misfit.ts';
import type {Holdings} from './entitlement.ts';

/** What was found, or why the request is not let through after all. */
export type Bought =
  | {readonly unmet: Unmet}
  | {readonly unmet?: never; readonly holdings: Holdings; readonly limits?: readonly string[]};

/** Throws or rejects with Unavailable where the facts cannot be had: what was lost is never taken for nothing. */
export type FindBought = (facts: Facts) => Bought | Promise<Bought>;

/**
 * Compiles what is to be found of one rule; undefined where nothing is. `told`: the features whose amounts headers and
 * metadata name, the same list for all rules; undefined: they name nothing that was bought.
 */
export const compileBought = (
  {limits: written}: Pick<Rule, 'limits'>,
  told: readonly string[] | undefined,
  sources: Sources,
): FindBought | undefined => {
  if (written === undefined) return told && ((facts) => whenKnown(holdingsOf(told, sources, facts), plain));
  // One that is written twice is handed on once, and counted once.
  const limits = [...new Set(written)];
  const named = [...new Set([...(told ?? []), ...limits])];
  const detail = `limit: wanted ${shownList(limits)}`;
  return (facts) => {
    // Whoever counts by tenant would count nothing, which is no limit at all.
    if (facts.principal.tenant === undefined)
      return {unmet: {reason: 'missing_tenant', detail: `${detail} of a tenant`}};
    return whenKnown(holdingsOf(named, sources, facts), (holdings) => {
      const missing = limits.filter((name) => holdings.amounts.get(name)?.per === undefined);
      const [first] = missing;
      if (first === undefined) return {holdings, limits};
      // Bought without an amount of it, not bought, or over: who asked may want to know which.
      const told = orUntold({reason: 'missing_feature', detail}, () =>
        whenKnown(askEntitled(sources, {feature: first}, facts), (answer): Unmet | Promise<Unmet> => {
          const reason = reasonOf([answer.entitled ? 'missing-feature' : answer.justification]);
          return withUpgrade({reason, detail}, sources, facts);
        }),
      );
      return whenKnown(told, (unmet): Bought => ({unmet}));
    });
  };
};

const plain = (holdings: Holdings): Bought => ({holdings});

const holdingsOf = (named: readonly string[], {entitlements, attributes}: Sources, facts: Facts) =>
  entitlements.holdings(facts.principal, named, attributes?.(facts) ?? facts.captures, facts.now, {
    credential: facts.credential.value,
    deadline: facts.deadline,
  });
