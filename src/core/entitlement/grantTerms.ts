// The terms that grants have of their own, by number: equal ones are kept once, whoever has them.
import type {Amount} from './amount.ts';
import {amountsOf, measureOf} from './amounts.ts';
import type {Feature, Terms} from './entitlement.ts';

/** The terms of grants, by number from 1; 0 is none. */
export interface TermsTable {
  /** Milliseconds for which a grant holds after its end. */
  grace(terms: number): number;
  /** Two such grants are more than one of them. */
  adds(terms: number): boolean;
  /** How many there are. */
  readonly count: number;
}

/** What a grant gives otherwise than its plan. */
export interface OwnTerms {
  readonly amounts: ReadonlyMap<string, Amount>;
  readonly add: ReadonlyMap<string, number>;
}

export interface TermsNumbers extends TermsTable {
  /** The number of these terms, which they are given if they have none; 0 for none at all. */
  number(terms: Terms): number;
  /** Undefined for 0. */
  of(number: number): OwnTerms | undefined;
}

const none: ReadonlyMap<string, number> = new Map();

/** Numbers come from 1. A million grants on the same terms cost no more than their numbers. */
export const makeTermsNumbers = (features: ReadonlyMap<string, Feature>): TermsNumbers => {
  const numbers = new Map<string, number>();
  const kept: OwnTerms[] = [];
  const graces: number[] = [];
  return {
    number({grace = 0, values, add, limits}) {
      if (grace === 0 && values === undefined && add === undefined && limits === undefined) return 0;
      const key = JSON.stringify([grace, values, add, limits]);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      kept.push({amounts: amountsOf(features, {values, limits}), add: addedOf(features, add)});
      graces.push(Math.max(grace, 0));
      numbers.set(key, kept.length);
      return kept.length;
    },
    of: (number) => kept[number - 1],
    grace: (number) => graces[number - 1] ?? 0,
    adds: (number) => (kept[number - 1]?.add.size ?? 0) > 0,
    get count() {
      return kept.length;
    },
  };
};

/** What makes no number more is left out. */
const addedOf = (features: ReadonlyMap<string, Feature>, add: Terms['add']): ReadonlyMap<string, number> => {
  if (add === undefined) return none;
  return new Map(
    Object.entries(add).filter(([name, more]) => {
      const measure = measureOf(features.get(name));
      return (measure === 'number' || measure === 'limit') && Number.isFinite(more) && more > 0;
    }),
  );
};
