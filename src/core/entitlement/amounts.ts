// Amounts as they are written, by feature, in the form that is reckoned with.
import {type Amount, isList, type Measure, unlimited} from './amount.ts';
import type {Feature, Limits, Values} from './entitlement.ts';

/** What a feature is sold in; undefined: bought or not. */
export const measureOf = (feature: Feature | undefined): Measure | undefined =>
  feature?.limit !== undefined ? 'limit' : feature?.value;

/**
 * `values` and `limits` of a plan or grant. What is not of its feature's measure is left out here: those who read
 * documents refuse it before, with its place.
 */
export const amountsOf = (
  features: ReadonlyMap<string, Feature>,
  {values = {}, limits = {}}: {readonly values?: Values | undefined; readonly limits?: Limits | undefined},
): ReadonlyMap<string, Amount> => {
  const amounts = new Map<string, Amount>();
  for (const [name, written] of Object.entries(values)) {
    const measure = measureOf(features.get(name));
    const amount = measure === undefined || measure === 'limit' ? undefined : amountOf(measure, written);
    if (amount !== undefined) amounts.set(name, amount);
  }
  for (const [name, written] of Object.entries(limits)) {
    const amount = measureOf(features.get(name)) === 'limit' ? amountOf('limit', written) : undefined;
    if (amount !== undefined) amounts.set(name, amount);
  }
  return amounts;
};

const amountOf = (measure: Measure, written: unknown): Amount | undefined => {
  switch (measure) {
    case 'list':
      return isList(written) ? written : undefined;
    case 'text':
      return typeof written === 'string' ? written : undefined;
    default:
      if (written === unlimited) return Number.POSITIVE_INFINITY;
      // 0 is written in one way everywhere, also on the wire: -0 is another number there.
      return typeof written === 'number' && written >= 0 ? written + 0 : undefined;
  }
};
