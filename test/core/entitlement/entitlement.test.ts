// Who is entitled to what: the order of a decision, and what an index must hold against.
import assert from 'node:assert/strict';
import {setImmediate as nextTurn} from 'node:timers/promises';
import fc from 'fast-check';
import type {Flag, Grant, Plan, Question, Snapshot} from '../../../src/core/entitlement/entitlement.ts';
import {loadEntitlementIndex, makeEntitlementIndex} from '../../../src/core/entitlement/entitlementIndex.ts';
import {holdsPermission} from '../../../src/core/entitlement/permissions.ts';
import type {Principal} from '../../../src/core/principal.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';

const now = 1_800_000_000_000;
const later = now + 1;
const ended = now;
const attributes = new Map<string, unknown>([['region', 'eu']]);

const ann: Principal = {
  provider: 'acme',
  kind: 'user',
  subject: 'ann',
  tenant: 't1',
  roles: [],
  permissions: ['orders.read', 'reports.*'],
  permissionPatterns: true,
  scopes: [],
  claims: {},
  amr: [],
};
const {tenant: _, ...nowhere} = ann;
const machine: Principal = {...ann, kind: 'service'};

const inRegion = (region: string, treatment = true) => ({
  logic: 'and' as const,
  conditions: [{attribute: 'region', op: 'in_list', negate: false, value: {list: [region]}}],
  treatment,
});
const plan = (features: string[], more: Partial<Plan> = {}): Plan => ({features, default: false, rules: [], ...more});
const flag = (more: Partial<Flag>): Flag => ({on: true, default: false, off: false, rules: [], ...more});
const grant = (plan: string, expires: number | null, more: Partial<Grant> = {}): Grant => ({
  plan,
  tenant: 't1',
  user: null,
  expires,
  ...more,
});

const snapshotOf = (grants: Iterable<Grant>, more: Partial<Snapshot> = {}): Snapshot => ({
  features: new Map([
    ['orders', {permissions: ['orders.read']}],
    ['export', {permissions: ['orders.read', 'reports.export']}],
    ['unsold', {permissions: []}],
  ]),
  plans: new Map([
    ['basic', plan(['orders'])],
    ['pro', plan(['orders', 'export', 'no such feature'])],
  ]),
  flags: new Map(),
  ...more,
  grants,
});
const askedOf = (snapshot: Snapshot, question: Question, principal: Principal = ann): string => {
  const answer = makeEntitlementIndex(snapshot, {compilePattern}).entitled(principal, question, attributes, now);
  return answer.entitled ? 'entitled' : answer.justification;
};

const orders: Question = {feature: 'orders'};
const read: Question = {permission: 'orders.read'};

describe('grants', () => {
  const rows: [string, Grant[], string, Principal?][] = [
    ['none', [], 'missing-feature'],
    ['one that never ends', [grant('basic', null)], 'entitled'],
    ['one that ends in a millisecond', [grant('basic', later)], 'entitled'],
    ['one that ends now', [grant('basic', ended)], 'bundle-expired'],
    ['one with an unreadable end', [grant('basic', Number.NaN)], 'bundle-expired'],
    ['one beside it with an unreadable end', [grant('basic', Number.NaN), grant('basic', later)], 'entitled'],
    ['one that ended before 1970', [grant('basic', -1)], 'bundle-expired'],
    ['the user’s own', [grant('basic', null, {user: 'ann'})], 'entitled'],
    ['another user’s', [grant('basic', null, {user: 'bob'})], 'missing-feature'],
    ['another tenant’s', [grant('basic', null, {tenant: 't2'})], 'missing-feature'],
    ['the same user’s in another tenant', [grant('basic', null, {tenant: 't2', user: 'ann'})], 'missing-feature'],
    ['live for the user, ended for the tenant', [grant('pro', ended), grant('pro', later, {user: 'ann'})], 'entitled'],
    ['live for the tenant, ended for the user', [grant('pro', later), grant('pro', ended, {user: 'ann'})], 'entitled'],
    ['live in one plan, ended in another', [grant('basic', later), grant('pro', ended)], 'entitled'],
    ['ended in one plan, live in another', [grant('basic', ended), grant('pro', later)], 'entitled'],
    ['twice the same, the live one first', [grant('pro', null), grant('pro', ended)], 'entitled'],
    ['twice the same, the live one last', [grant('pro', ended), grant('pro', null)], 'entitled'],
    ['of an unknown plan', [grant('gold', null)], 'missing-feature'],
    ['of a name that every object has', [grant('constructor', null)], 'missing-feature'],
    ['to no tenant in particular', [grant('basic', null, {tenant: ''})], 'missing-feature', {...ann, tenant: ''}],
    ['to nobody in particular', [grant('basic', null, {user: ''})], 'missing-feature'],
    ['asked without a tenant', [grant('basic', null), grant('pro', null, {user: 'ann'})], 'missing-feature', nowhere],
    ['to a tenant called undefined', [grant('basic', null, {tenant: 'undefined'})], 'missing-feature', nowhere],
    ['the tenant’s, asked by a service', [grant('basic', null)], 'entitled', machine],
    ['a user’s, asked by a service of that name', [grant('basic', null, {user: 'ann'})], 'missing-feature', machine],
    ['to __proto__', [grant('basic', null, {tenant: '__proto__'})], 'entitled', {...ann, tenant: '__proto__'}],
  ];
  for (const [what, grants, expected, principal] of rows) {
    it(`${what}: ${expected}`, () => assert.equal(askedOf(snapshotOf(grants), orders, principal), expected));
  }

  it('a feature that nobody sells, or that is not known, is missing', () => {
    for (const feature of ['unsold', 'unknown', 'no such feature', '__proto__', 'constructor', '']) {
      assert.equal(askedOf(snapshotOf([grant('pro', null)]), {feature}), 'missing-feature', feature);
    }
  });

  it('are counted: those told apart, and those left out', () => {
    const index = makeEntitlementIndex(
      snapshotOf([grant('pro', null), grant('pro', later), grant('pro', null, {user: 'ann'}), grant('gold', null)]),
      {compilePattern},
    );
    assert.deepEqual([index.grants, index.ignored], [2, 1]);
  });

  it('of a holder of a thousand plans are all found', () => {
    const keys = Array.from({length: 1_000}, (_, number) => `p${number}`);
    const index = makeEntitlementIndex(
      snapshotOf(
        keys.filter((_, number) => number % 2 === 0).map((key) => grant(key, null)),
        {
          features: new Map(keys.map((key) => [`f ${key}`, {permissions: []}])),
          plans: new Map(keys.map((key) => [key, plan([`f ${key}`])])),
        },
      ),
      {compilePattern},
    );
    for (const [number, key] of keys.entries()) {
      const answer = index.entitled(ann, {feature: `f ${key}`}, attributes, now);
      assert.equal(answer.entitled, number % 2 === 0, key);
    }
  });

  it('are found as by looking through all of them', () => {
    const name = fc.constantFrom('a', 'b', 'c', '__proto__');
    const any: fc.Arbitrary<Grant> = fc.record({
      plan: fc.constantFrom('basic', 'pro'),
      tenant: name,
      user: fc.option(name),
      expires: fc.option(fc.integer({min: now - 2, max: now + 2})),
    });
    fc.assert(
      fc.property(fc.array(any, {maxLength: 60, size: 'max'}), name, name, (grants, tenant, subject) => {
        const mine = grants.filter((one) => one.tenant === tenant && (one.user === null || one.user === subject));
        const live = mine.some(({expires}) => expires === null || expires > now);
        const expected = live ? 'entitled' : mine.length > 0 ? 'bundle-expired' : 'missing-feature';
        assert.equal(askedOf(snapshotOf(grants), orders, {...ann, tenant, subject}), expected);
      }),
      {numRuns: 500},
    );
  });
});

describe('whether a tenant is granted anything', () => {
  const rows: [what: string, grants: Grant[], tenant: string, granted: boolean][] = [
    ['a grant that never ends', [grant('pro', null)], 't1', true],
    ['one that ends later', [grant('pro', later)], 't1', true],
    ['one that ends now', [grant('pro', ended)], 't1', false],
    ['one that has ended beside one that has not', [grant('pro', ended), grant('basic', later)], 't1', true],
    ['the same in the other order', [grant('basic', later), grant('pro', ended)], 't1', true],
    ['an end that cannot be read', [grant('pro', Number.NaN)], 't1', false],
    ['a grant of one user', [grant('pro', null, {user: 'bob'})], 't1', true],
    ['a grant of a plan that is not there', [grant('gone', null)], 't1', false],
    ['a grant of another tenant', [grant('pro', null, {tenant: 't2'})], 't1', false],
    ['a name that every object has', [grant('pro', null)], 'constructor', false],
    ['no name', [grant('pro', null, {tenant: ''})], '', false],
    ['no grants at all', [], 't1', false],
    ['one that has ended and holds on', [grant('basic', ended, {grace: 1})], 't1', true],
  ];
  for (const [what, grants, tenant, granted] of rows) {
    it(`${what}: ${granted}`, () =>
      assert.equal(makeEntitlementIndex(snapshotOf(grants), {compilePattern}).isGranted(tenant, now), granted));
  }

  it('is found as by looking through all grants', () => {
    const some = fc.record({
      plan: fc.constantFrom('basic', 'pro', 'gone'),
      tenant: fc.constantFrom('t1', 't2', 't3', 't4'),
      user: fc.constantFrom(null, 'ann', 'bob'),
      expires: fc.constantFrom(null, later, ended, Number.NaN),
    });
    fc.assert(
      fc.property(fc.array(some, {maxLength: 12}), (grants) => {
        const index = makeEntitlementIndex(snapshotOf(grants), {compilePattern});
        for (const tenant of ['t1', 't2', 't3', 't4', 't5']) {
          const live = grants.some(
            (one) => one.tenant === tenant && one.plan !== 'gone' && (one.expires === null || one.expires > now),
          );
          assert.equal(index.isGranted(tenant, now), live);
        }
      }),
    );
  });
});

describe('flags, then plans, then the justification of the grants', () => {
  const flags = (more: Partial<Flag>) => ({flags: new Map([['orders', flag(more)]])});
  const plans = (...all: Plan[]) => ({
    plans: new Map(
      [['basic', plan(['orders'])], ...all.entries()].map(([key, value]) => [String(key), value] as [string, Plan]),
    ),
  });
  const rows: [string, Partial<Snapshot>, string][] = [
    ['a flag that is on, by default no', flags({}), 'missing-feature'],
    ['a flag that is on, by default yes', flags({default: true}), 'entitled'],
    ['a flag that is on, off treatment yes', flags({off: true}), 'missing-feature'],
    ['a flag that is off, off treatment yes', flags({on: false, off: true}), 'entitled'],
    ['a flag that is off, by default yes', flags({on: false, default: true}), 'missing-feature'],
    ['a flag that is off, with a rule', flags({on: false, rules: [inRegion('eu')]}), 'missing-feature'],
    ['a rule of the flag matches', flags({rules: [inRegion('eu')]}), 'entitled'],
    ['a rule of the flag says no', flags({default: true, rules: [inRegion('eu', false)]}), 'missing-feature'],
    ['no rule of the flag matches', flags({rules: [inRegion('us')]}), 'missing-feature'],
    ['a flag of an unknown feature', {flags: new Map([['other', flag({default: true})]])}, 'missing-feature'],
    ['a plan for everyone', plans(plan(['orders'], {default: true})), 'entitled'],
    ['a plan for everyone, without this feature', plans(plan(['export'], {default: true})), 'missing-feature'],
    ['a rule of a plan matches', plans(plan(['orders'], {rules: [inRegion('eu')]})), 'entitled'],
    [
      'a rule of a plan says no',
      plans(plan(['orders'], {default: true, rules: [inRegion('eu', false)]})),
      'missing-feature',
    ],
    [
      'one plan says no, another yes',
      plans(plan(['orders'], {rules: [inRegion('eu', false)]}), plan(['orders'], {default: true})),
      'entitled',
    ],
    [
      'the flag says no, a plan yes',
      {...flags({rules: [inRegion('eu', false)]}), ...plans(plan(['orders'], {default: true}))},
      'entitled',
    ],
  ];
  for (const [what, more, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      assert.equal(askedOf(snapshotOf([], more), orders), expected);
      const orExpired = expected === 'missing-feature' ? 'bundle-expired' : expected;
      assert.equal(askedOf(snapshotOf([grant('basic', ended)], more), orders), orExpired, 'with an expired grant');
      assert.equal(
        askedOf(snapshotOf([grant('basic', null)], more), orders),
        'entitled',
        'nothing takes a live grant away',
      );
    });
  }
});

describe('permission questions', () => {
  const rows: [string, Grant[], Question, string][] = [
    ['not held', [grant('pro', null)], {permission: 'orders.write'}, 'missing-permission'],
    ['held, and no feature is linked', [grant('pro', null)], {permission: 'reports.view'}, 'missing-feature'],
    ['held, and no feature live', [], read, 'missing-feature'],
    ['held, and one of two features live', [grant('basic', null)], read, 'entitled'],
    ['held, and all of its features expired', [grant('pro', ended)], read, 'bundle-expired'],
    ['held, one feature expired and one missing', [grant('basic', ended)], read, 'bundle-expired'],
    ['held by a wildcard, feature live', [grant('pro', null)], {permission: 'reports.export'}, 'entitled'],
    ['held by a wildcard, feature missing', [grant('basic', null)], {permission: 'reports.export'}, 'missing-feature'],
    ['of a name that every object has', [grant('pro', null)], {permission: 'constructor'}, 'missing-permission'],
  ];
  for (const [what, grants, question, expected] of rows) {
    it(`${what}: ${expected}`, () => assert.equal(askedOf(snapshotOf(grants), question), expected));
  }

  it('a wildcard of a vendor that does not document wildcards is a name like any other', () => {
    const {permissionPatterns: _, ...plain} = {...ann, permissions: ['*', 'reports.*']};
    const bought = snapshotOf([grant('pro', null)]);
    assert.equal(askedOf(bought, {permission: 'reports.export'}, plain), 'missing-permission');
    assert.equal(askedOf(bought, read, {...plain, permissions: ['orders.read']}), 'entitled');
  });
});

describe('held permissions', () => {
  const rows: [string, string, boolean][] = [
    ['orders.read', 'orders.read', true],
    ['orders.read', 'Orders.read', false],
    ['orders.read', 'ordersXread', false],
    ['orders.read', 'orders.readmore', false],
    ['orders.*', 'orders.read', true],
    ['orders.*', 'orders.lines.read', true],
    ['orders.*', 'orders.', true],
    ['orders.*', 'orders', false],
    ['orders.*', 'ordersXread', false],
    ['orders.*', 'my.orders.read', false],
    ['*.read', 'orders.read', true],
    ['*.read', 'orders.reads', false],
    ['*', '', true],
    ['*', 'a\nb', true],
    ['**', 'x', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['ab*ba', 'aba', false],
    ['a*bc*b', 'abcb', true],
    ['a*bc*bc', 'abc', false],
    ['[a-z]*', 'orders', false],
    ['(a|b)*', '(a|b)c', true],
    ['orders.read', 'orders.*', false],
    ['', 'orders', false],
  ];
  for (const [held, wanted, holds] of rows) {
    it(`${JSON.stringify(held)} ${holds ? 'covers' : 'does not cover'} ${JSON.stringify(wanted)}`, () =>
      assert.equal(holdsPermission([held], wanted), holds));
  }

  it('answer the same when asked twice', () => {
    for (const _ of [1, 2, 3]) assert.equal(holdsPermission(['orders.*'], 'orders.read'), true);
  });

  it('cover as an anchored pattern would', () => {
    const text = fc.string({unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8});
    fc.assert(
      fc.property(text, text, (held, wanted) => {
        const pattern = new RegExp(`^${held.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's');
        assert.equal(holdsPermission([held], wanted), pattern.test(wanted) || held === wanted);
      }),
      {numRuns: 2_000},
    );
  });

  it('cost nothing remarkable, however they are written', () => {
    const start = performance.now();
    assert.equal(holdsPermission([`${'*a'.repeat(200)}*b`], 'a'.repeat(4_000)), false);
    // A backtracking matcher would not come back.
    assert.ok(performance.now() - start < 5_000);
  });
});

describe('building an index', () => {
  const many = function* () {
    for (let number = 0; number < 50_000; number++) yield grant('basic', null, {tenant: `t${number}`});
  };

  it('reads the grants once, as a stream', () => {
    const stream = many();
    assert.equal(makeEntitlementIndex(snapshotOf(stream), {compilePattern}).grants, 50_000);
    assert.equal(stream.next().done, true);
  });

  it('gives way to others while it goes on', async () => {
    let pauses = 0;
    const pause = async () => {
      pauses++;
      await nextTurn();
    };
    const index = await loadEntitlementIndex(snapshotOf(many()), {compilePattern, pause});
    assert.equal(index.grants, 50_000);
    assert.ok(pauses >= 10, `${pauses} pauses`);
    assert.equal(index.entitled({...ann, tenant: 't49999'}, orders, attributes, now).entitled, true);
  });

  it('passes on what the source throws', async () => {
    const broken = function* () {
      yield grant('basic', null);
      throw new Error('line 2 is broken');
    };
    const pause = async () => {};
    await assert.rejects(loadEntitlementIndex(snapshotOf(broken()), {compilePattern, pause}), /line 2 is broken/);
  });
});
