// Which attributes a targeting rule matches: every operator, and everything that never matches.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {attributeReader, claimAt} from '../../../src/core/entitlement/attributes.ts';
import {type Condition, compileRules, type TargetingRule} from '../../../src/core/entitlement/targeting.ts';
import type {Principal} from '../../../src/core/principal.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';

const person: Principal = {
  provider: 'acme',
  kind: 'user',
  subject: 'u1',
  tenant: 't1',
  email: 'ann@acme.example',
  roles: ['admin'],
  permissions: ['orders.read'],
  scopes: ['orders'],
  claims: {
    email_verified: true,
    plan: {tier: 'gold', seats: 5, tags: ['a', 'b'], none: [], nothing: {}},
    'https://acme.example/region': 'eu',
    'a.b': {c: 1},
    gone: null,
  },
  acr: 'high',
  amr: ['mfa'],
};
const {tenant: _, email: __, ...bare} = person;
const service: Principal = {...bare, kind: 'service', subject: 'c1', claims: {}};

type Holds = 'holds' | 'holds negated' | 'never';

const treatmentOf = (rules: TargetingRule[], principal: Principal, attributes: ReadonlyMap<string, unknown>) =>
  compileRules(rules, {compilePattern})(principal, attributes);

const holdsAs = (op: string, value: unknown, attribute: string, given: unknown, principal = person): Holds => {
  const attributes = new Map(given === undefined ? [] : [[attribute, given]]);
  const outcome = (negate: boolean) => {
    const condition = {attribute, op, negate, value} as Condition;
    return treatmentOf([{logic: 'and', conditions: [condition], treatment: true}], principal, attributes) === true;
  };
  const [plain, negated] = [outcome(false), outcome(true)];
  assert.ok(!(plain && negated), 'a condition and its negation cannot both hold');
  if (plain) return 'holds';
  return negated ? 'holds negated' : 'never';
};

const day = '2026-06-01T00:00:00Z';
const may31 = new Date('2026-05-31T00:00:00Z');

describe('targeting operators', () => {
  const rows: [string, unknown, unknown, Holds][] = [
    ['in_list', {list: ['a', 'b']}, 'a', 'holds'],
    ['in_list', {list: ['a', 'b']}, 'A', 'holds negated'],
    ['in_list', {list: ['a', 'b']}, ['x', 'b'], 'holds'],
    ['in_list', {list: ['a', 'b']}, ['x'], 'holds negated'],
    ['in_list', {list: ['a', 'b']}, [], 'holds negated'],
    ['in_list', {list: ['a', 'b']}, [5, 'b'], 'holds'],
    ['in_list', {list: []}, 'a', 'holds negated'],
    ['starts_with', {list: ['x', 'ab']}, 'abc', 'holds'],
    ['starts_with', {list: ['b', 'c']}, 'abc', 'holds negated'],
    ['ends_with', {list: ['x', 'bc']}, 'abc', 'holds'],
    ['ends_with', {list: ['a', 'b']}, 'abc', 'holds negated'],
    ['contains', {list: ['x', 'b']}, 'abc', 'holds'],
    ['contains', {list: ['x', 'B']}, 'abc', 'holds negated'],
    ['contains', {list: []}, 'abc', 'holds negated'],
    ['matches', {string: 'b+'}, 'abbc', 'holds'],
    ['matches', {string: '^b'}, 'abbc', 'holds negated'],
    ['matches', {string: ''}, '', 'holds'],
    ['equal', {number: 5}, 5, 'holds'],
    ['equal', {number: 5}, 6, 'holds negated'],
    ['greater_than', {number: 5}, 5.1, 'holds'],
    ['greater_than', {number: 5}, 5, 'holds negated'],
    ['greater_than_equal', {number: 5}, 5, 'holds'],
    ['greater_than_equal', {number: 5}, 4, 'holds negated'],
    ['lower_than', {number: 5}, 4, 'holds'],
    ['lower_than', {number: 5}, 5, 'holds negated'],
    ['lower_than_equal', {number: 5}, 5, 'holds'],
    ['lower_than_equal', {number: 5}, 6, 'holds negated'],
    ['between_numeric', {start: 1, end: 5}, 1, 'holds'],
    ['between_numeric', {start: 1, end: 5}, 5, 'holds'],
    ['between_numeric', {start: 1, end: 5}, 5.1, 'holds negated'],
    ['between_numeric', {start: 5, end: 1}, 3, 'holds negated'],
    ['is', {boolean: true}, true, 'holds'],
    ['is', {boolean: false}, true, 'holds negated'],
    ['on', {date: day}, '2026-06-01', 'holds'],
    ['on', {date: day}, '2026-06-01T02:00:00.000+02:00', 'holds'],
    ['on', {date: day}, '2026-06-01T00:00:00', 'holds'],
    ['on', {date: day}, new Date(day), 'holds'],
    ['on', {date: Date.parse(day)}, day, 'holds'],
    ['on', {date: 0}, '1970-01-01', 'holds'],
    ['on', {date: day}, '2026-06-01T00:00:01Z', 'holds negated'],
    ['on_or_after', {date: day}, day, 'holds'],
    ['on_or_after', {date: day}, may31, 'holds negated'],
    ['on_or_before', {date: day}, day, 'holds'],
    ['on_or_before', {date: day}, '2026-06-02', 'holds negated'],
    ['between_date', {start: '2026-05-31', end: day}, may31, 'holds'],
    ['between_date', {start: '2026-05-31', end: day}, day, 'holds'],
    ['between_date', {start: '2026-05-31', end: day}, '2026-05-30', 'holds negated'],
  ];
  for (const [op, value, given, expected] of rows) {
    it(`${op} ${JSON.stringify(value)} of ${JSON.stringify(given)}: ${expected}`, () =>
      assert.equal(holdsAs(op, value, 'x', given), expected));
  }
});

describe('what never matches, negated or not', () => {
  const rows: [string, string, unknown, unknown][] = [
    ['a missing attribute', 'equal', {number: 5}, undefined],
    ['null', 'equal', {number: 5}, null],
    ['a text for a number', 'equal', {number: 5}, '5'],
    ['a text for a number', 'greater_than', {number: 5}, '6'],
    ['no number', 'greater_than', {number: 5}, Number.NaN],
    ['a number for a text', 'starts_with', {list: ['5']}, 5],
    ['a list for a text', 'contains', {list: ['a']}, ['a']],
    ['a number for a text', 'matches', {string: '5'}, 5],
    ['a number for a text', 'in_list', {list: ['5']}, 5],
    ['a list of other things', 'in_list', {list: ['a']}, [5]],
    ['a text for a boolean', 'is', {boolean: true}, 'true'],
    ['a number for a date', 'on_or_after', {date: day}, Date.parse(day)],
    ['a text that is no date', 'on_or_before', {date: day}, '1 June 2026'],
    ['a day that does not exist', 'on_or_before', {date: day}, '2026-13-01'],
    ['a broken date', 'on_or_before', {date: day}, new Date(Number.NaN)],
    ['an unknown operator', 'is_not', {boolean: true}, true],
    ['no operator', '', {boolean: true}, true],
    ['an operator that every object has', 'constructor', {boolean: true}, true],
    ['an operator that every object has', '__proto__', {boolean: true}, true],
    ['no value', 'equal', undefined, 5],
    ['a null value', 'equal', null, 5],
    ['a value of another shape', 'equal', {list: ['5']}, 5],
    ['a value of another type', 'equal', {number: '5'}, 5],
    ['an inherited value', 'equal', Object.create({number: 5}), 5],
    ['a list of other things as value', 'in_list', {list: [5, 'a']}, 'a'],
    ['a text for a list as value', 'in_list', {list: 'abc'}, 'a'],
    ['half a range', 'between_numeric', {start: 1}, 5],
    ['half a range', 'between_date', {end: day}, day],
    ['a value that is no date', 'on', {date: 'soon'}, day],
    ['a value that is no date', 'on', {date: true}, day],
    ['a pattern that cannot be read', 'matches', {string: '('}, '('],
    ['a pattern that looks ahead', 'matches', {string: 'a(?=b)'}, 'ab'],
    ['a pattern that looks back', 'matches', {string: '(a)\\1'}, 'aa'],
  ];
  for (const [what, op, value, given] of rows) {
    it(`${what} (${op})`, () => assert.equal(holdsAs(op, value, 'x', given), 'never'));
  }

  it('is reported, by name', () => {
    const told: string[] = [];
    const conditions = [
      {attribute: 'x', op: 'is_not', negate: false, value: {}},
      {attribute: 'y', op: 'matches', negate: false, value: {string: '('}},
      {attribute: 'z', op: 'equal', negate: false, value: {number: 5}},
    ];
    compileRules([{logic: 'or', conditions, treatment: true}], {compilePattern, report: (line) => told.push(line)});
    assert.deepEqual(told, [
      'A condition on x has the unknown operator is_not: it never holds',
      'A condition on y has a value that matches cannot use: it never holds',
    ]);
  });

  it('does not depend on what a pattern meets: linear time', () => {
    const start = performance.now();
    assert.equal(holdsAs('matches', {string: '^(a+)+$'}, 'x', `${'a'.repeat(50_000)}!`), 'holds negated');
    // A backtracking engine would not come back in this universe's time.
    assert.ok(performance.now() - start < 10_000);
  });
});

describe('targeting attributes', () => {
  const rows: [string, Principal, unknown][] = [
    ['jwt.email_verified', person, true],
    ['jwt.plan.tier', person, 'gold'],
    ['jwt.plan.tags.1', person, 'b'],
    ['jwt.plan.tags', person, undefined],
    ['jwt.plan', person, undefined],
    ['jwt.plan.tags.length', person, undefined],
    ['jwt.plan.none', person, []],
    ['jwt.plan.nothing', person, {}],
    ['jwt.plan.tier.length', person, undefined],
    ['jwt.https://acme.example/region', person, 'eu'],
    ['jwt.a.b.c', person, 1],
    ['jwt.gone', person, null],
    ['jwt.constructor', person, undefined],
    ['jwt.plan.__proto__', person, undefined],
    ['jwt.', person, undefined],
    ['frontegg.email', person, 'ann@acme.example'],
    ['frontegg.emailVerified', person, true],
    ['frontegg.tenantId', person, 't1'],
    ['frontegg.userId', person, 'u1'],
    ['frontegg.userId', service, undefined],
    ['frontegg.tenantId', service, undefined],
    ['frontegg.anything', person, undefined],
    ['principal.email', person, 'ann@acme.example'],
    ['principal.emailVerified', person, true],
    ['principal.tenant', person, 't1'],
    ['principal.user', person, 'u1'],
    ['principal.user', service, undefined],
    ['principal.subject', service, 'c1'],
    ['principal.kind', service, 'service'],
    ['principal.provider', person, 'acme'],
    ['principal.roles', person, ['admin']],
    ['principal.permissions', person, ['orders.read']],
    ['principal.scopes', person, ['orders']],
    ['principal.acr', person, 'high'],
    ['principal.amr', person, ['mfa']],
    ['principal.anything', person, undefined],
    ['org', person, 'from the request'],
    ['constructor', person, undefined],
  ];
  // Whatever the request says under a reserved name, it is not looked at.
  const reserved = rows.map(([name]) => [name, 'from the request'] as const).filter(([name]) => name.includes('.'));
  const attributes = new Map<string, unknown>([...reserved, ['org', 'from the request']]);

  for (const [name, principal, expected] of rows) {
    it(`${name} of a ${principal.kind} is ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(attributeReader(name)(principal, attributes), expected);
    });
  }

  it('finds every leaf of claims under the name that flattening gives it', () => {
    const flatten = (value: object, prefix: string, into: [string, unknown][]): [string, unknown][] => {
      for (const [key, inner] of Object.entries(value)) {
        if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0) {
          flatten(inner, `${prefix}${key}.`, into);
        } else into.push([prefix + key, inner]);
      }
      return into;
    };
    const key = fc.constantFrom('a', 'b', 'a.b', '', '.', '__proto__', 'length');
    const {claims} = fc.letrec<{claims: object; leaf: unknown}>((tie) => ({
      claims: fc.dictionary(key, fc.oneof({depthSize: 'small'}, tie('leaf'), tie('claims')), {maxKeys: 3}),
      leaf: fc.oneof(fc.integer(), fc.constant(null), fc.array(fc.integer(), {maxLength: 2})),
    }));
    fc.assert(
      fc.property(claims, (given) => {
        const leaves = flatten(given, '', []);
        for (const [path] of leaves) {
          const candidates = leaves.filter(([other]) => other === path).map(([, value]) => value);
          assert.ok(candidates.includes(claimAt(given, path)), path);
        }
      }),
    );
  });
});

describe('targeting rules', () => {
  const yes: Condition = {attribute: 'x', op: 'equal', negate: false, value: {number: 1}};
  const no: Condition = {...yes, value: {number: 2}};
  const rule = (logic: 'and' | 'or', conditions: Condition[], treatment = true): TargetingRule => ({
    logic,
    conditions,
    treatment,
  });
  const rows: [string, TargetingRule[], boolean | undefined][] = [
    ['no rules', [], undefined],
    ['and of none matches', [rule('and', [])], true],
    ['or of none does not', [rule('or', [])], undefined],
    ['and of all', [rule('and', [yes, yes])], true],
    ['and of some', [rule('and', [yes, no])], undefined],
    ['or of some', [rule('or', [no, yes])], true],
    ['or of none of them', [rule('or', [no, no])], undefined],
    ['the first that matches decides', [rule('and', [no]), rule('and', [yes], false), rule('and', [yes])], false],
  ];
  for (const [what, rules, expected] of rows) {
    it(what, () => assert.equal(treatmentOf(rules, person, new Map([['x', 1]])), expected));
  }
});
