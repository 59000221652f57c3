// How much several plans come to, compared with an engine that others wrote, where the two models overlap (docs/parity.md).
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type {Feature, Grant, Plan} from '../../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../../src/core/entitlement/entitlementIndex.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';
import {principal} from '../../support/requests.ts';
import {makeAmountsOracle, type Sold} from './amountsOracle.ts';

const now = 1_800_000_000_000;
const features = new Map<string, Feature>([
  ['orders', {permissions: []}],
  ['api', {permissions: [], limit: {per: 'minute'}}],
]);
const names = ['p0', 'p1', 'p2', 'p3'];

/** Of each plan whether it has `orders`, and how much of `api`. */
interface Row {
  readonly plans: readonly {readonly orders: boolean; readonly api: Sold}[];
  /** Plans by number: those for everyone, and grants with the end of each. */
  readonly everyone: number | undefined;
  readonly grants: readonly {readonly plan: number; readonly end: number | null; readonly grace: number | undefined}[];
  /** A deal of its own, of the first plan and no other. */
  readonly own: Sold;
}

const sold = fc.option(fc.oneof({weight: 4, arbitrary: fc.nat(6)}, fc.constant('unlimited' as const)), {
  nil: undefined,
});
const rows: fc.Arbitrary<Row> = fc.record({
  plans: fc.array(fc.record({orders: fc.boolean(), api: sold}), {minLength: names.length, maxLength: names.length}),
  everyone: fc.option(fc.nat(names.length - 1), {nil: undefined, freq: 3}),
  grants: fc.array(
    fc.record({
      plan: fc.nat(names.length - 1),
      end: fc.constantFrom(null, now - 2, now, now + 1),
      grace: fc.constantFrom(undefined, undefined, 2, 10),
    }),
    {maxLength: 4},
  ),
  own: fc.oneof({weight: 3, arbitrary: fc.constant(undefined)}, sold),
});

const makeBoth = async () => {
  const oracle = await makeAmountsOracle();
  return async ({plans, everyone, grants, own}: Row, used: number) => {
    // A deal of its own is asked about alone: beside a plan it is not what counts there, but one rule more.
    const given: Grant[] = (own === undefined ? grants : [{plan: 0, end: null, grace: undefined}]).map(
      ({plan, end, grace}) => ({
        plan: names[plan] as string,
        tenant: 't1',
        user: null,
        expires: end,
        ...(grace !== undefined && {grace}),
        ...(own !== undefined && {limits: {api: own}}),
      }),
    );
    const forAll = own === undefined ? everyone : undefined;
    const ours = makeEntitlementIndex(
      {
        features,
        plans: new Map(
          plans.map(({orders, api}, at): [string, Plan] => [
            names[at] as string,
            {
              features: orders ? ['orders', 'api'] : ['api'],
              default: at === forAll,
              rules: [],
              ...(api !== undefined && {limits: {api}}),
            },
          ]),
        ),
        flags: new Map(),
        grants: given,
      },
      {compilePattern},
    );
    const who = principal({tenant: 't1'});
    const amount = ours.holdings(who, ['api'], new Map(), now).amounts.get('api')?.amount;
    // What is over by its end and its grace is not told to the other: it knows of no ends.
    const held = given
      .filter(({expires, grace = 0}) => expires === null || expires + grace > now)
      .map(({plan}) => plan);
    const of = (part: (plan: Row['plans'][number]) => Sold) => ({
      plans: Object.fromEntries(plans.map((plan, at) => [names[at] as string, part(plan)])),
      held,
      everyone: forAll === undefined ? undefined : part(plans[forAll] as Row['plans'][number]),
    });
    const theirs = await oracle(own === undefined ? of(({api}) => api) : {plans: {}, held, own}, used);
    const bought = await oracle(
      of(({orders}) => (orders ? 'unlimited' : undefined)),
      0,
    );
    return {
      amount,
      theirs,
      mayUse: amount !== undefined && (amount as number) > used,
      orders: ours.entitled(who, {feature: 'orders'}, new Map(), now).entitled,
      bought: bought.value,
      held,
    };
  };
};

describe('amounts, compared with the rules engine of Schematic', () => {
  const compare = async (settings: fc.Parameters<[Row, number]>) => {
    const both = await makeBoth();
    const seen = {unlimited: 0, none: 0, zero: 0, several: 0, own: 0, everyone: 0, refused: 0};
    await fc.assert(
      fc.asyncProperty(rows, fc.nat(7), async (row, used) => {
        const {amount, theirs, mayUse, orders, bought, held} = await both(row, used);
        assert.equal(mayUse, theirs.value, `${String(amount)} of which ${used} are used: ${JSON.stringify(theirs)}`);
        assert.equal(orders, bought);
        const single = held.length === 1 && (row.own !== undefined || row.everyone === undefined);
        if (single && theirs.value && amount !== Number.POSITIVE_INFINITY)
          assert.equal(theirs.featureAllocation, amount);
        seen.unlimited += Number(amount === Number.POSITIVE_INFINITY);
        seen.none += Number(amount === undefined);
        seen.zero += Number(amount === 0);
        seen.several += Number(new Set(held).size > 1);
        seen.own += Number(row.own !== undefined);
        seen.everyone += Number(row.everyone !== undefined);
        seen.refused += Number(!mayUse);
      }),
      settings,
    );
    return seen;
  };

  it('are the same in thousands of cases that were drawn once', async () => {
    const runs = 3_000;
    const seen = await compare({numRuns: runs, seed: 15});
    for (const [what, times] of Object.entries(seen)) assert.ok(times > runs / 50, `${what}: ${times}`);
  }).timeout(60_000);

  it('and in others each time', () => compare({numRuns: 1_000})).timeout(60_000);
});
