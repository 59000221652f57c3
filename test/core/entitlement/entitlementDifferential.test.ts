// Ours and the vendor's engine decide the same generated cases the same, but for the named quirks.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type {Grant, Question} from '../../../src/core/entitlement/entitlement.ts';
import {holdsPermission} from '../../../src/core/entitlement/permissions.ts';
import type {Condition, TargetingRule} from '../../../src/core/entitlement/targeting.ts';
import {type Case, now, ours, type Token, type Verdict, vendors, vendorTwice} from './entitlementOracle.ts';
import {oddPatterns, quirks} from './entitlementQuirks.ts';

const {constant, constantFrom, oneof, record, option, boolean, integer} = fc;
type Weighted<T> = {weight: number; arbitrary: fc.Arbitrary<T>};
const often = <T>(arbitrary: fc.Arbitrary<T>, weight = 60): Weighted<T> => ({weight, arbitrary});
const seldom = <T>(arbitrary: fc.Arbitrary<T>): Weighted<T> => ({weight: 1, arbitrary});

const features = ['f1', 'f2', 'f3', 'f4'];
const permissions = ['orders.read', 'orders.write', 'orders', 'Orders.read', 'lines.read', 'ordersXread'];
const tenants = oneof(often(constantFrom('t1', 't2')), seldom(constantFrom('t1:u1', 'undefined')));
const users = oneof(often(constantFrom('u1', 'u2')), seldom(constantFrom('u1:')));
const texts = constantFrom('', 'a', 'ab', 'abc', 'b', 'bc', 'c@acme.example', '5', 't1', 'u1');
const numbers = constantFrom(-1, 0, 1, 1.5, 5, 10);
const instants = integer({min: -2, max: 2}).map((steps) => now + steps * 86_400_000);
const isoDates = instants.map((instant) => new Date(instant).toISOString());
const anything = oneof(texts, numbers, boolean(), constant(null), constant({}), fc.array(texts, {maxLength: 2}));

// Each operator with an attribute of its type, mostly; the attributes below are named for their types.
const textAttributes = ['text', 'jwt.text', 'jwt.deep.text', 'frontegg.email', 'frontegg.tenantId', 'frontegg.userId'];
const ofTexts = ['text', 'texts', 'jwt.text', 'jwt.deep.list.0', 'jwt.deep.list', 'jwt.none', 'frontegg.email'];
const ofNumbers = ['number', 'jwt.number', 'jwt.deep.number'];
const operators: [string[], string[], fc.Arbitrary<Record<string, unknown>>][] = [
  [['in_list'], ofTexts, record({list: fc.array(texts, {maxLength: 4})})],
  [['starts_with', 'ends_with', 'contains'], textAttributes, record({list: fc.array(texts, {maxLength: 3})})],
  [
    ['matches'],
    textAttributes,
    record({
      string: oneof(
        often(constantFrom('b', '^a', 'c$', '^[a-b]+$', '\\d', '@acme\\.example$', 'a|c', '^$', '.b?')),
        seldom(constantFrom(...oddPatterns)),
      ),
    }),
  ],
  [
    ['equal', 'greater_than', 'greater_than_equal', 'lower_than', 'lower_than_equal'],
    ofNumbers,
    record({number: numbers}),
  ],
  [['between_numeric'], ofNumbers, record({start: numbers, end: numbers})],
  [['is'], ['flag', 'jwt.flag', 'frontegg.emailVerified'], record({boolean: boolean()})],
  [['on', 'on_or_after', 'on_or_before'], ['date'], record({date: oneof(isoDates, instants)})],
  [['between_date'], ['date'], record({start: isoDates, end: isoDates})],
];
const shapes = operators.map(([ops, attributes, value]) =>
  record({
    op: constantFrom(...ops),
    attribute: oneof(often(constantFrom(...attributes)), seldom(constantFrom('number', 'texts', 'flag', 'date'))),
    negate: boolean(),
    value: oneof(
      often(value),
      seldom(constant({})),
      seldom(record({list: anything})),
      seldom(record({number: anything, string: anything, boolean: anything, date: anything})),
    ),
  }),
);
const oddity: fc.Arbitrary<Condition> = record({
  op: constantFrom('unknown', 'is_not', 'toString', '__proto__', 'equal', 'in_list'),
  attribute: constantFrom('absent', 'jwt.absent', 'jwt.deep', 'constructor', 'text', ''),
  negate: boolean(),
  value: record({list: fc.array(texts), number: numbers}),
});
const condition: fc.Arbitrary<Condition> = oneof(often(oneof(...shapes), 30), seldom(oddity));
const rules: fc.Arbitrary<TargetingRule[]> = fc.array(
  record({
    logic: constantFrom('and', 'or'),
    conditions: fc.array(condition, {maxLength: 3}),
    treatment: oneof(often(constant(true), 2), seldom(constant(false))),
  }),
  {maxLength: 2},
);

const expiry = oneof(
  often(constant(null), 20),
  often(constantFrom(now - 86_400_000, now - 1, now, now + 1, now + 86_400_000), 40),
  seldom(constantFrom(Number.NaN, -1, -5)),
);
const grant: fc.Arbitrary<Grant> = record({
  plan: constantFrom('p1', 'p2', 'p3', 'unknown plan'),
  tenant: tenants,
  user: option(users),
  expires: expiry,
});
const yes = oneof(often(constant(false), 5), seldom(constant(true)));
const someFeatures = fc.subarray([...features, 'unknown feature'], {maxLength: 3});

const token: fc.Arbitrary<Token> = record(
  {
    type: oneof(often(constant('userToken' as const), 5), seldom(constant('tenantApiToken' as const))),
    sub: users,
    tenantId: oneof(often(tenants), seldom(constant(undefined))),
    permissions: fc.array(
      oneof(
        often(constantFrom(...permissions)),
        often(constantFrom('*', 'orders.*', '*.read', 'orders*', '*r*s*', '**', 'o*s.r*d', 'orders.r*.read')),
        often(constant('(orders)*'), 2),
      ),
      {maxLength: 3},
    ),
    email: texts,
    email_verified: boolean(),
    text: texts,
    number: numbers,
    flag: boolean(),
    none: constant([]),
    deep: record({text: texts, number: numbers, list: fc.array(texts, {maxLength: 2})}, {requiredKeys: []}),
    id: oneof(often(constant(undefined), 8), seldom(texts)),
    'plan.tier': oneof(often(constant(undefined)), seldom(numbers)),
  },
  {requiredKeys: ['type', 'sub', 'tenantId', 'permissions']},
).map((claims) => {
  const defined = Object.entries(claims).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as unknown as Token;
});

const attributes = record(
  {
    text: oneof(often(texts), seldom(anything)),
    texts: fc.array(texts, {maxLength: 3}),
    number: oneof(often(numbers), seldom(anything)),
    flag: oneof(often(boolean()), seldom(anything)),
    date: oneof(often(instants.map((instant) => new Date(instant))), seldom(isoDates)),
    // The four of the vendor's that its token overrides anyway.
    'frontegg.email': oneof(often(constant(undefined)), seldom(texts)),
    'jwt.made up': oneof(often(constant(undefined)), seldom(texts)),
  },
  {requiredKeys: []},
).map((given) => new Map<string, unknown>(Object.entries(given).filter(([, value]) => value !== undefined)));

const anyCase: fc.Arbitrary<Case> = record({
  features: fc
    .tuple(...features.map(() => fc.subarray(permissions, {maxLength: 3})))
    .map((linked) => new Map(features.map((key, place) => [key, linked[place] ?? []]))),
  plans: fc
    .tuple(...['p1', 'p2', 'p3'].map(() => record({features: someFeatures, default: yes, rules})))
    .map((all) => new Map(all.map((plan, place) => [`p${place + 1}`, plan]))),
  grants: fc.array(grant, {maxLength: 6, size: 'max'}),
  flags: fc
    .dictionary(constantFrom(...features, 'unknown feature'), record({on: boolean(), default: yes, off: yes, rules}), {
      maxKeys: 2,
    })
    .map((flags) => new Map(Object.entries(flags))),
  token,
  attributes,
});

const questions: Question[] = [
  ...[...features, 'unknown feature'].map((feature) => ({feature})),
  ...permissions.map((permission) => ({permission})),
];

describe('the engine beside the vendor’s own', function () {
  this.timeout(60_000);

  it('decides 10,000 generated cases the same', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    const decided = new Map<Verdict, number>();
    const left = new Map<string, number>();
    const same = fc.asyncProperty(anyCase, async (given) => {
      const touching = quirks.filter(({touches, leavesOut}) => leavesOut === undefined && touches(given));
      for (const {name} of touching) left.set(name, (left.get(name) ?? 0) + 1);
      if (touching.length > 0) return;
      const [ask, askVendor] = [ours(given), vendors(given)];
      for (const question of questions) {
        const narrow = quirks.filter(({leavesOut}) => leavesOut?.(given, question));
        for (const {name} of narrow) left.set(name, (left.get(name) ?? 0) + 1);
        if (narrow.length > 0) continue;
        const expected = await askVendor(question);
        assert.equal(ask(question), expected, JSON.stringify(question));
        decided.set(expected, (decided.get(expected) ?? 0) + 1);
      }
    });
    console.log(`    seed ${seed} (SEED=${seed} repeats it)`);
    await fc.assert(same, {seed, numRuns: 6_000});
    console.log(`    decided: ${[...decided].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`);
    console.log(`    snapshots left out: ${[...left].map(([name, count]) => `${count} for "${name}"`).join(', ')}`);
    const total = [...decided.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(total >= 10_000, `only ${total} cases were decided: too many were left out`);
    for (const verdict of ['entitled', 'missing-feature', 'missing-permission', 'bundle-expired'] as const) {
      assert.ok((decided.get(verdict) ?? 0) > 100, `hardly any case came out as ${verdict}`);
    }
    assert.equal(decided.get('throws'), undefined);
    for (const {name} of quirks) assert.ok(left.has(name), `no case was generated for the quirk "${name}"`);
  });

  for (const {name, touches, shown} of quirks) {
    it(`differs: ${name}`, async () => {
      assert.ok(touches(shown.given), 'the exclusion must cover the case that shows it');
      assert.equal(await vendors(shown.given)(shown.question), shown.vendor, 'the vendor’s');
      assert.equal(ours(shown.given)(shown.question), shown.ours, 'ours');
    });
  }

  it('answers twice: a wildcard permission holds both times', () => {
    assert.deepEqual(vendorTwice('orders.*', 'orders.read'), [true, false], 'the vendor’s');
    assert.deepEqual(
      [1, 2].map(() => holdsPermission(['orders.*'], 'orders.read')),
      [true, true],
    );
  });

  it('zones: a date without one is UTC, wherever this runs', async () => {
    const zone = process.env.TZ;
    process.env.TZ = 'America/New_York';
    try {
      const given: Case = {
        features: new Map([['f', []]]),
        plans: new Map(),
        grants: [],
        flags: new Map([
          [
            'f',
            {
              on: true,
              default: false,
              off: false,
              rules: [
                {
                  logic: 'and',
                  conditions: [{attribute: 'date', op: 'on', negate: false, value: {date: '2026-06-01T00:00:00'}}],
                  treatment: true,
                },
              ],
            },
          ],
        ]),
        token: {type: 'userToken', sub: 'u', permissions: []},
        attributes: new Map([['date', new Date('2026-06-01T00:00:00Z')]]),
      };
      assert.equal(await vendors(given)({feature: 'f'}), 'missing-feature', 'the vendor’s');
      assert.equal(ours(given)({feature: 'f'}), 'entitled');
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});
