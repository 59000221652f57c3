// What plans come to, by an engine that others wrote: the rules engine of Schematic (WebAssembly, in its npm package).
import {RulesEngineClient} from '@schematichq/schematic-typescript-node';

/** What a plan, or one holder's own deal, sells of a feature: not at all, without end, or so much. */
export type Sold = number | 'unlimited' | undefined;

export interface Offers {
  /** By plan. A feature that is bought or not is one without end. */
  readonly plans: Readonly<Record<string, Sold>>;
  /** Those that the company has. */
  readonly held: readonly string[];
  /** For everyone, whatever they have. */
  readonly everyone?: Sold;
  /** A deal of this company. */
  readonly own?: Sold;
}

export interface Verdict {
  /** Whether one more may be used. */
  readonly value: boolean;
  /** What the rule that matched allows. */
  readonly featureAllocation?: number | null;
}

const ids = {account_id: 'a', environment_id: 'e'};
const condition = (more: object) => ({...ids, id: 'c', operator: 'eq', resource_ids: [], trait_value: '', ...more});
const below = (most: number) =>
  condition({
    condition_type: 'metric',
    operator: 'lt',
    event_subtype: 'call',
    metric_value: most,
    metric_period: 'all_time',
  });

/** Asks it, of a company that has used so many. */
export const makeAmountsOracle = async (): Promise<(offers: Offers, used: number) => Promise<Verdict>> => {
  const engine = new RulesEngineClient();
  await engine.initialize();
  return async ({plans, held, everyone, own}, used) => {
    const rules: object[] = [];
    const rule = (rule_type: string, value: boolean, conditions: readonly object[]) => {
      const id = `r${rules.length}`;
      rules.push({...ids, id, name: id, flag_id: 'f', priority: 1, rule_type, value, condition_groups: [], conditions});
    };
    const sell = (type: string, sold: Sold, who: readonly object[]) => {
      if (sold !== undefined) rule(type, true, sold === 'unlimited' ? who : [...who, below(sold)]);
    };
    if (own !== undefined)
      sell('company_override', own, [condition({condition_type: 'company', resource_ids: ['co']})]);
    for (const [plan, sold] of Object.entries(plans))
      sell('plan_entitlement', sold, [condition({condition_type: 'plan', resource_ids: [plan]})]);
    sell('standard', everyone, []);
    const metric = {
      ...ids,
      company_id: 'co',
      created_at: '2026-01-01T00:00:00Z',
      event_subtype: 'call',
      month_reset: 'first_of_month',
      period: 'all_time',
      value: used,
    };
    return engine.checkFlag(
      {...ids, id: 'f', key: 'api', default_value: false, rules},
      {
        ...ids,
        id: 'co',
        billing_product_ids: [],
        credit_balances: {},
        keys: {},
        plan_ids: held,
        plan_version_ids: [],
        rules: [],
        traits: [],
        metrics: [metric],
      },
    );
  };
};
