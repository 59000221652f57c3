// Several plans and grants come to one amount: the table of docs/entitlements.md, a row for every combination.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import type {Amount} from '../../../src/core/entitlement/amount.ts';
import type {Feature, Grant, Plan, Snapshot, Terms} from '../../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../../src/core/entitlement/entitlementIndex.ts';
import type {Principal} from '../../../src/core/principal.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';
import {principal} from '../../support/requests.ts';

const now = 1_800_000_000_000;
const day = 86_400_000;
const endless = Number.POSITIVE_INFINITY;

const features = new Map<string, Feature>([
  ['orders', {permissions: ['orders.read']}],
  ['seats', {permissions: [], value: 'number'}],
  ['support', {permissions: [], value: 'text'}],
  ['regions', {permissions: [], value: 'list'}],
  ['api', {permissions: [], limit: {per: 'minute'}}],
]);
const all = [...features.keys()];
const plan = (more: Partial<Plan>): Plan => ({features: all, default: false, rules: [], ...more});
const plans = new Map<string, Plan>([
  [
    'free',
    plan({rank: 10, values: {seats: 3, support: 'forum', regions: ['eu']}, limits: {api: 60}, features: all.slice(1)}),
  ],
  ['pro', plan({rank: 20, values: {seats: 50, support: 'mail', regions: ['eu', 'us']}, limits: {api: 600}})],
  [
    'max',
    plan({rank: 30, values: {seats: 'unlimited', support: 'phone', regions: ['ap']}, limits: {api: 'unlimited'}}),
  ],
  ['none', plan({rank: 40})],
  ['zero', plan({rank: 5, values: {seats: 0, regions: []}, limits: {api: 0}})],
]);
const everyone = new Map([...plans, ['free', {...(plans.get('free') as Plan), default: true}]]);

const grant = (of: string, more: Partial<Grant> = {}): Grant => ({
  plan: of,
  tenant: 't1',
  user: null,
  expires: null,
  ...more,
});
const held = (grants: Iterable<Grant>, of = plans, who: Principal = principal({tenant: 't1'}), at = now) => {
  const snapshot: Snapshot = {features, plans: of, flags: new Map(), grants};
  return makeEntitlementIndex(snapshot, {compilePattern}).holdings(who, all, new Map(), at);
};
const amounts = (grants: Iterable<Grant>, of = plans, who?: Principal): Record<string, Amount> =>
  Object.fromEntries([...held(grants, of, who).amounts].map(([name, {amount}]) => [name, amount]));

const over = {expires: now - day};
const inGrace = {expires: now - day, grace: 7 * day};
const free = {seats: 3, support: 'forum', regions: ['eu'], api: 60};
const pro = {seats: 50, support: 'mail', regions: ['eu', 'us'], api: 600};

/** The words of the first column of the table in docs/entitlements.md. */
const combinations: [what: string, grants: Grant[], expected: Record<string, Amount>, of?: typeof plans][] = [
  ['nothing', [], {}],
  ['one plan', [grant('pro')], pro],
  ['a plan without an amount', [grant('none')], {}],
  ['a plan with 0', [grant('zero')], {seats: 0, regions: [], api: 0}],
  ['0 and another plan', [grant('zero'), grant('free')], free],
  ['two plans: numbers, limits', [grant('free'), grant('pro')], {...pro}],
  [
    'two plans: lists',
    [grant('pro'), grant('max')],
    {seats: endless, support: 'phone', regions: ['ap', 'eu', 'us'], api: endless},
  ],
  ['two plans: texts', [grant('pro'), grant('none')], pro],
  [
    'unlimited and a number',
    [grant('max'), grant('free', {values: {seats: 9}})],
    {...{seats: endless, api: endless}, support: 'phone', regions: ['ap', 'eu']},
  ],
  [
    "a grant's own amounts, higher",
    [grant('pro', {values: {seats: 80, support: 'chat', regions: ['jp']}, limits: {api: 900}})],
    {seats: 80, support: 'chat', regions: ['jp'], api: 900},
  ],
  [
    "a grant's own amounts, lower",
    [grant('pro', {values: {seats: 20}, limits: {api: 0}})],
    {...pro, seats: 20, api: 0},
  ],
  [
    "a grant's own amounts beside the same plan's",
    [grant('pro', {values: {seats: 20, support: 'chat', regions: ['jp']}}), grant('pro')],
    {...pro, support: 'chat', regions: ['eu', 'jp', 'us']},
  ],
  ["a grant's own text, of a lower plan", [grant('free', {values: {support: 'chat'}}), grant('pro')], pro],
  ["a grant's own `unlimited`", [grant('pro', {limits: {api: 'unlimited'}})], {...pro, api: endless}],
  ['add, once', [grant('pro', {add: {seats: 10, api: 5}})], {...pro, seats: 60, api: 605}],
  ['add, twice the same', [grant('pro', {add: {seats: 10}}), grant('pro', {add: {seats: 10}})], {...pro, seats: 70}],
  ['add, beside a greater plan', [grant('free', {add: {seats: 10}}), grant('pro')], {...pro, seats: 60}],
  ['add, to nothing', [grant('none', {add: {seats: 10}})], {seats: 10}],
  ['add, to 0', [grant('zero', {add: {api: 10}})], {seats: 0, regions: [], api: 10}],
  [
    'add, to unlimited',
    [grant('max', {add: {seats: 10}})],
    {seats: endless, support: 'phone', regions: ['ap'], api: endless},
  ],
  ['an own amount and add in one grant', [grant('pro', {values: {seats: 80}, add: {seats: 10}})], {...pro, seats: 90}],
  ['over', [grant('pro', over)], {}],
  ['over, with add, beside a live one', [grant('pro', {...over, add: {seats: 10}}), grant('free')], free],
  ['in grace', [grant('pro', inGrace)], pro],
  ['grace is over', [grant('pro', {expires: now - 8 * day, grace: 7 * day})], {}],
  ["a user's own and the tenant's", [grant('pro', {user: 'u1'}), grant('free')], pro],
  ["another user's and the tenant's", [grant('pro', {user: 'u2'}), grant('free')], free],
  ['a plan for everyone, no grant', [], free, everyone],
  ['a plan for everyone, and a grant', [grant('pro', {values: {seats: 2}})], {...pro, seats: 3}, everyone],
  ['a plan for everyone, and a grant that is over', [grant('pro', over)], free, everyone],
];

describe('combinations', () => {
  for (const [what, grants, expected, of] of combinations) {
    it(what, () => assert.deepEqual(amounts(grants, of), expected));
    it(`${what}, in the other order`, () => assert.deepEqual(amounts(grants.toReversed(), of), expected));
  }

  it('are the rows of the table in the docs', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/entitlements.md'), 'utf8');
    const table = /\| what meets \|.*\n\|[-| ]+\n((?:\|.*\n)+)/.exec(page)?.[1] ?? '';
    const rows = [...table.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell);
    assert.deepEqual(
      rows,
      combinations.map(([what]) => what),
    );
  });
});

describe('holdings', () => {
  it('name the live plans, the highest rank first', () => {
    const grants = [grant('free'), grant('max', over), grant('none'), grant('pro')];
    assert.deepEqual(held(grants).plans, ['none', 'pro', 'free']);
  });

  it('say grace where something would be another without it, and only there', () => {
    assert.equal(held([grant('pro', inGrace)]).grace, true);
    assert.equal(held([grant('pro', inGrace)]).amounts.get('api')?.grace, true);
    assert.equal(held([grant('pro', inGrace), grant('pro')]).grace, false);
    assert.equal(held([grant('free', inGrace), grant('max')]).amounts.get('seats')?.grace, false);
    assert.equal(held([grant('free', {...inGrace, add: {seats: 1}}), grant('pro')]).amounts.get('seats')?.grace, true);
  });

  it('tell the unit, and where an amount comes from', () => {
    const {amounts: found} = held([grant('pro', {...inGrace, limits: {api: 5}, add: {api: 2}}), grant('free')]);
    assert.deepEqual(found.get('api'), {
      amount: 62,
      per: 'minute',
      grace: true,
      origins: [
        {plan: 'pro', by: 'grant', end: now - day, grace: true, amount: 5, own: true, add: 2},
        {plan: 'free', by: 'grant', end: null, grace: false, amount: 60, own: false, add: 0},
      ],
    });
  });

  it('are the same object until something ends', () => {
    const snapshot: Snapshot = {
      features,
      plans,
      flags: new Map(),
      grants: [grant('pro', {expires: now + 5, grace: 5})],
    };
    const index = makeEntitlementIndex(snapshot, {compilePattern});
    const who = principal({tenant: 't1'});
    const at = (moment: number) => index.holdings(who, all, new Map(), moment);
    const first = at(now);
    assert.equal(at(now + 4), first);
    assert.equal(at(now + 5).grace, true);
    assert.equal(at(now + 9).grace, true);
    assert.equal(at(now + 10).amounts.size, 0);
    assert.deepEqual(at(now), first, 'the clock was set back');
  });

  it('tell two principals, and two lists of features, apart', () => {
    const snapshot: Snapshot = {features, plans, flags: new Map(), grants: [grant('pro')]};
    const index = makeEntitlementIndex(snapshot, {compilePattern});
    const seats = ['seats'];
    assert.equal(index.holdings(principal({tenant: 't1'}), seats, new Map(), now).amounts.size, 1);
    assert.equal(index.holdings(principal({tenant: 't2'}), seats, new Map(), now).amounts.size, 0);
    assert.equal(index.holdings(principal({tenant: 't1'}), all, new Map(), now).amounts.size, 4);
  });

  it('look at the attributes of each request where a plan for everyone does', () => {
    const rules = [
      {
        logic: 'and' as const,
        conditions: [{attribute: 'beta', op: 'is', negate: false, value: {boolean: true}}],
        treatment: true,
      },
    ];
    const targeted = new Map([['pro', plan({rank: 1, values: {seats: 7}, rules})]]);
    const index = makeEntitlementIndex({features, plans: targeted, flags: new Map(), grants: []}, {compilePattern});
    const who = principal({tenant: 't1'});
    const seats = (beta: boolean) =>
      index.holdings(who, all, new Map([['beta', beta]]), now).amounts.get('seats')?.amount;
    assert.deepEqual([seats(true), seats(false), seats(true)], [7, undefined, 7]);
  });
});

describe('a feature in grace', () => {
  const asked = (grants: Grant[]) =>
    makeEntitlementIndex({features, plans, flags: new Map(), grants}, {compilePattern});
  const rows: [string, Grant[], unknown][] = [
    ['live', [grant('pro', {grace: day})], {entitled: true}],
    ['ended', [grant('pro', inGrace)], {entitled: true, grace: true}],
    ['ended beside a live one', [grant('pro', inGrace), grant('max')], {entitled: true}],
    [
      'over',
      [grant('pro', {expires: now - 8 * day, grace: 7 * day})],
      {entitled: false, justification: 'bundle-expired'},
    ],
    ['over, beside one of a longer grace', [grant('pro', over), grant('pro', inGrace)], {entitled: true, grace: true}],
    [
      'an end that cannot be read',
      [grant('pro', {expires: Number.NaN, grace: 7 * day})],
      {entitled: false, justification: 'bundle-expired'},
    ],
  ];
  for (const [what, grants, expected] of rows) {
    it(what, () => {
      const who = principal({tenant: 't1', permissions: ['orders.read']});
      for (const question of [{feature: 'orders'}, {permission: 'orders.read'}]) {
        assert.deepEqual(asked(grants).entitled(who, question, new Map(), now), expected);
      }
    });
  }
});

describe('properties of combinations', () => {
  const number = fc.oneof(fc.integer({min: 0, max: 100}), fc.constantFrom(0.1, 0.2, 0.3, 1e15));
  const limit = fc.oneof(fc.integer({min: 0, max: 1_000}), fc.constant('unlimited' as const));
  const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, {nil: undefined, freq: 2});
  const without = <T extends object>(value: T): T =>
    Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
  const values = fc
    .record({
      seats: some(fc.oneof(number, fc.constant('unlimited'))),
      support: some(fc.constantFrom('a', 'b', 'c')),
      regions: some(fc.uniqueArray(fc.constantFrom('eu', 'us', 'ap'))),
    })
    .map(without) as fc.Arbitrary<NonNullable<Terms['values']>>;
  const terms = fc
    .record({
      grace: some(fc.constantFrom(0, day, 7 * day)),
      values: some(values),
      add: some(fc.record({seats: some(number), api: some(fc.integer({min: 0, max: 9}))}).map(without)),
      limits: some(fc.record({api: some(limit)}).map(without)),
    })
    .map(without) as fc.Arbitrary<Terms>;
  const grants = fc.array(
    fc
      .record({
        plan: fc.constantFrom('free', 'pro', 'max', 'none', 'zero'),
        tenant: fc.constantFrom('t1', 't1', 't1', 't2'),
        user: fc.constantFrom(null, null, 'u1', 'u2'),
        expires: fc.constantFrom(null, now - 10 * day, now - day, now, now + 1),
        terms,
      })
      .map(({terms: own, ...rest}): Grant => ({...rest, ...own})),
    {maxLength: 8},
  );
  const notLess = (more: Amount | undefined, less: Amount, feature: string): boolean => {
    if (more === undefined) return false;
    if (Array.isArray(less)) return less.every((item) => (more as readonly string[]).includes(item));
    // A text is not more or less than another.
    if (typeof less === 'string') return feature === 'support' && typeof more === 'string';
    return (more as number) >= (less as number);
  };

  it('draw each part often enough', () => {
    const runs = 2_000;
    const drawn = fc.sample(grants, {numRuns: runs, seed: 15});
    const live = (given: readonly Grant[]) => held(given);
    const parts: [what: string, is: (given: readonly Grant[]) => boolean][] = [
      ['grace that counts', (given) => live(given).grace],
      ['over', (given) => given.some(({expires, grace = 0}) => expires !== null && expires + grace <= now)],
      ['own values', (given) => given.some(({values: own}) => own?.seats !== undefined)],
      ['own texts and lists', (given) => given.some(({values: own}) => (own?.support ?? own?.regions) !== undefined)],
      ['add', (given) => given.some(({add}) => (add?.seats ?? add?.api) !== undefined)],
      ['unlimited', (given) => [...live(given).amounts.values()].some(({amount}) => amount === endless)],
      ['0', (given) => [...live(given).amounts.values()].some(({amount}) => amount === 0)],
      ['several live plans', (given) => live(given).plans.length > 1],
      ["a user's and the tenant's", (given) => new Set(given.map(({user}) => user)).size > 1],
      ['nothing live', (given) => live(given).plans.length === 0],
      ['one plan twice', (given) => new Set(given.map(({plan: of}) => of)).size < given.length],
    ];
    for (const [what, is] of parts) {
      const times = drawn.filter((given) => is(given)).length;
      assert.ok(times > runs / 50, `${what}: ${times} of ${runs}`);
    }
  });

  it('the order of grants never counts', () => {
    fc.assert(
      fc.property(grants, fc.infiniteStream(fc.nat()), fc.boolean(), (given, keys, free) => {
        const shuffled = given
          .map((one) => ({one, key: keys.next().value as number}))
          .sort((a, b) => a.key - b.key)
          .map(({one}) => one);
        const of = free ? everyone : plans;
        const [a, b] = [held(given, of), held(shuffled, of)];
        assert.deepEqual(amounts(given, of), amounts(shuffled, of));
        assert.deepEqual([a.plans, a.grace], [b.plans, b.grace]);
      }),
      {numRuns: 2_000},
    );
  });

  it('a grant more never gives less', () => {
    fc.assert(
      fc.property(grants, grants, fc.boolean(), (given, more, free) => {
        const of = free ? everyone : plans;
        const before = amounts(given, of);
        const after = amounts([...given, ...more], of);
        for (const [feature, amount] of Object.entries(before)) {
          assert.ok(
            notLess(after[feature], amount, feature),
            `${feature}: ${String(amount)} -> ${String(after[feature])}`,
          );
        }
        const rankOf = (names: readonly string[]) => of.get(names[0] ?? '')?.rank ?? 0;
        assert.ok(rankOf(held([...given, ...more], of).plans) >= rankOf(held(given, of).plans));
      }),
      {numRuns: 2_000},
    );
  });

  it('is what adding it up by hand gives', () => {
    fc.assert(
      fc.property(grants, (given) => assert.deepEqual(amounts(given), byHand(given))),
      {numRuns: 2_000},
    );
  });

  /** The rules once more, in the words of the docs. */
  const byHand = (given: readonly Grant[]): Record<string, Amount> => {
    const live = given.filter(
      ({tenant, user, expires, grace = 0}) =>
        tenant === 't1' && (user === null || user === 'u1') && (expires === null || expires + grace > now),
    );
    const found: Record<string, Amount> = {};
    for (const feature of ['seats', 'api']) {
      const part = feature === 'api' ? 'limits' : 'values';
      const all = live.flatMap(({plan: of, ...own}) => {
        const written = own[part]?.[feature] ?? plans.get(of)?.[part]?.[feature];
        return written === undefined ? [] : [written === 'unlimited' ? endless : (written as number)];
      });
      const added = live.flatMap(({add}) => (add?.[feature] ? [add[feature]] : [])).sort((a, b) => a - b);
      if (all.length + added.length === 0) continue;
      found[feature] = all.length === 0 ? 0 : Math.max(...all);
      found[feature] = added.reduce((sum, each) => sum + each, 0) + (found[feature] as number);
    }
    const texts = live.flatMap(({plan: of, values: own}) => {
      const {rank = 0, values: theirs} = plans.get(of) as Plan;
      if (own?.support !== undefined) return [{rank, own: 1, text: own.support as string}];
      return theirs?.support === undefined ? [] : [{rank, own: 0, text: theirs.support as string}];
    });
    texts.sort((a, b) => b.rank - a.rank || b.own - a.own || (a.text < b.text ? -1 : 1));
    if (texts[0] !== undefined) found.support = texts[0].text;
    const lists = live.flatMap(({plan: of, values: own}) => {
      const list = own?.regions ?? plans.get(of)?.values?.regions;
      return list === undefined ? [] : [list as string[]];
    });
    if (lists.length > 0) found.regions = [...new Set(lists.flat())].sort();
    return found;
  };
});

describe('many grants of one holder', () => {
  it('are told apart only where they add, and counted', () => {
    const twice = [grant('pro'), grant('pro'), grant('pro', {grace: day}), grant('pro', {grace: day})];
    const index = (grants: Grant[]) =>
      makeEntitlementIndex({features, plans, flags: new Map(), grants}, {compilePattern});
    assert.equal(index(twice).grants, 2);
    const adding = Array.from({length: 2_000}, () => grant('pro', {add: {seats: 1}}));
    const {grants, most, holdings} = index(adding);
    assert.deepEqual([grants, most], [2_000, 2_000]);
    assert.equal(holdings(principal({tenant: 't1'}), all, new Map(), now).amounts.get('seats')?.amount, 2_050);
  });
});
