// Which plans would open what was refused: which are named, in which order, and what it costs to be refused again.
import assert from 'node:assert/strict';
import type {Catalog, Feature, Plan} from '../../../src/core/entitlement/entitlement.ts';
import {type Missing, makeUpgrades, mostPlansTold, upgradeFor} from '../../../src/core/entitlement/upgrade.ts';

const plan = (features: readonly string[], more: Partial<Plan> = {}): Plan => ({
  features,
  default: false,
  rules: [],
  ...more,
});
const catalogOf = (plans: Readonly<Record<string, Plan>>, features = ['orders', 'exports']): Catalog => ({
  features: new Map(features.map((name): [string, Feature] => [name, {permissions: [`${name}.read`]}])),
  plans: new Map(Object.entries(plans)),
});
const missing = (...all: Missing['all']): readonly Missing[] => [{all, any: []}];

/** A map that counts how often it is looked through. */
const counting = <V>(entries: ReadonlyMap<string, V>) => {
  let looks = 0;
  const map = new Map(entries);
  map[Symbol.iterator] = () => {
    looks += 1;
    return map.entries();
  };
  return {map, looks: () => looks};
};

describe('what would open it', () => {
  it('is found once, however often it is asked for, until something else is for sale', () => {
    const of = catalogOf({pro: plan(['orders'])});
    const {map: plans, looks} = counting(of.plans);
    const catalog = {...of, plans};
    const upgrades = makeUpgrades();
    const first = upgrades(missing({feature: 'orders'}), catalog);
    assert.deepEqual(first, {feature: 'orders', plans: ['pro']});
    assert.equal(upgrades(missing({feature: 'orders'}), catalog), first);
    assert.equal(looks(), 1);
    assert.deepEqual(upgrades(missing({feature: 'exports'}), catalog), {feature: 'exports', plans: []});
    assert.deepEqual(upgrades(missing({feature: 'orders'}), catalogOf({max: plan(['orders'])}))?.plans, ['max']);
  });

  it('is looked for among the features once, not once for each plan', () => {
    const of = catalogOf(Object.fromEntries(Array.from({length: 200}, (_, at) => [`p${at}`, plan(['exports'])])));
    const {map: features, looks} = counting(of.features);
    upgradeFor(missing({permission: 'exports.read'}), {...of, features});
    assert.equal(looks(), 1);
  });

  it('names the lowest, and no more than somebody reads', () => {
    const names = Array.from({length: 3 * mostPlansTold}, (_, at) => `p${at}`);
    const plans = Object.fromEntries(names.map((name, rank) => [name, plan(['orders'], {rank})]).reverse());
    assert.deepEqual(upgradeFor(missing({feature: 'orders'}), catalogOf(plans))?.plans, names.slice(0, mostPlansTold));
  });

  it('names no plan that is hidden, and none that stands for something else', () => {
    const plans = {a: plan(['orders'], {hidden: true}), b: plan(['orders'], {unnamed: true}), c: plan(['orders'])};
    assert.deepEqual(upgradeFor(missing({feature: 'orders'}), catalogOf(plans))?.plans, ['c']);
  });
});
