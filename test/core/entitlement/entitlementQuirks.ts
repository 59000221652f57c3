// The deliberate differences from the vendor's engine: which cases each may touch, and one case that shows it.
import type {Question} from '../../../src/core/entitlement/entitlement.ts';
import type {Condition, TargetingRule} from '../../../src/core/entitlement/targeting.ts';
import {type Case, now, type Verdict} from './entitlementOracle.ts';

export interface Quirk {
  /** As in docs/parity.md. */
  readonly name: string;
  /** True for every case that the quirk might touch, so that the differential test leaves it out. */
  readonly touches: (given: Case) => boolean;
  /** Where it touches some questions of a case only: those that it leaves out. */
  readonly leavesOut?: (given: Case, question: Question) => boolean;
  /** A case in which the two differ, and how. */
  readonly shown: {readonly given: Case; readonly question: Question; readonly vendor: Verdict; readonly ours: Verdict};
}

const empty: Case = {
  features: new Map([
    ['f', ['p']],
    ['g', []],
  ]),
  plans: new Map(),
  grants: [],
  flags: new Map(),
  token: {type: 'userToken', sub: 'u', tenantId: 't', permissions: []},
  attributes: new Map(),
};
const feature: Question = {feature: 'f'};
const plan = {features: ['f'], default: false, rules: []};
const plans = new Map([
  ['a', plan],
  ['b', plan],
]);
const later = now + 60_000;
const ended = now - 60_000;
const never = null;
const unreadable = Number.NaN;

/** A case that hangs on one condition: with it the feature is open. */
const onCondition = (condition: Partial<Condition>, more: Partial<Case> = {}): Case => {
  const whole = {attribute: 'x', op: 'equal', negate: false, value: {number: 1}, ...condition};
  const rules: TargetingRule[] = [{logic: 'and', conditions: [whole], treatment: true}];
  return {...empty, flags: new Map([['f', {on: true, default: false, off: false, rules}]]), ...more};
};
const having = (name: string, value: unknown) => ({attributes: new Map([[name, value]])});
const differs = (given: Case, vendor: Verdict, ours: Verdict, question: Question = feature): Quirk['shown'] => ({
  given,
  question,
  vendor,
  ours,
});

const conditionsOf = ({plans, flags}: Case): Condition[] =>
  [...plans.values(), ...flags.values()].flatMap(({rules}) => rules.flatMap(({conditions}) => conditions));

/** The attribute as the vendor's engine flattens it; only names that the differential test generates. */
const attributeOf = ({token, attributes}: Case, name: string): unknown => {
  if (name === 'frontegg.email') return token.email;
  if (name === 'frontegg.emailVerified') return token.email_verified;
  if (name === 'frontegg.tenantId') return token.tenantId;
  if (name === 'frontegg.userId') return token.type === 'userToken' ? token.sub : token.id;
  if (!name.startsWith('jwt.')) return attributes.get(name);
  let value: unknown = token;
  for (const key of name.slice('jwt.'.length).split('.')) value = Object(value)[key];
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? undefined : value;
};

const textOps = new Set(['starts_with', 'ends_with', 'contains', 'matches']);
const dateOps = new Set(['on', 'on_or_after', 'on_or_before', 'between_date']);
const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');

const isMistyped = (given: Case, {attribute, op}: Condition): boolean => {
  const value = attributeOf(given, attribute);
  if (value === undefined) return false;
  if (op === 'in_list') return typeof value !== 'string' && !isTexts(value);
  if (textOps.has(op)) return typeof value !== 'string';
  if (op === 'is') return typeof value !== 'boolean';
  if (dateOps.has(op)) return !(value instanceof Date);
  return typeof value !== 'number';
};

const hasMistypedValue = ({op, value}: Condition): boolean => {
  if (op === 'in_list' || op === 'starts_with' || op === 'ends_with' || op === 'contains') {
    return !Array.isArray(value.list);
  }
  if (!dateOps.has(op)) return false;
  const odd = (date: unknown) => typeof date === 'boolean' || date === 0;
  return [value.date, value.start, value.end].some(odd);
};

/** Patterns that the two read differently, among those that the differential test generates. */
export const oddPatterns = ['(', '(?!y)x', '(x)\\1'];

export const quirks: readonly Quirk[] = [
  {
    name: 'the later plan overwrites',
    touches: ({grants, plans}) => {
      const holders = new Map<string, Set<string>>();
      for (const {plan, tenant, user} of grants) {
        for (const key of plans.get(plan)?.features ?? []) {
          const holder = JSON.stringify([tenant, user, key]);
          holders.set(holder, (holders.get(holder) ?? new Set()).add(plan));
        }
      }
      return [...holders.values()].some((held) => held.size > 1);
    },
    shown: differs(
      {
        ...empty,
        plans,
        grants: [
          {plan: 'a', tenant: 't', user: null, expires: never},
          {plan: 'b', tenant: 't', user: null, expires: ended},
        ],
      },
      'bundle-expired',
      'entitled',
    ),
  },
  {
    name: 'an unreadable date ends the other grants too',
    touches: ({grants}) => grants.length > 1 && grants.some(({expires}) => Number.isNaN(expires)),
    shown: differs(
      {
        ...empty,
        plans,
        grants: [
          {plan: 'a', tenant: 't', user: null, expires: later},
          {plan: 'a', tenant: 't', user: 'u', expires: unreadable},
        ],
      },
      'bundle-expired',
      'entitled',
    ),
  },
  {
    name: 'a date before 1970 wins, and the last millisecond of 1969 means never',
    touches: ({grants}) => grants.some(({expires}) => expires !== null && expires < 0),
    shown: differs(
      {...empty, plans, grants: [{plan: 'a', tenant: 't', user: null, expires: -1}]},
      'entitled',
      'bundle-expired',
    ),
  },
  {
    name: 'names with colons run into each other',
    touches: ({grants}) => grants.some(({tenant, user}) => tenant.includes(':') || user?.includes(':')),
    shown: differs(
      {
        ...empty,
        features: new Map([['f', []]]),
        plans,
        grants: [{plan: 'a', tenant: 't:u', user: null, expires: never}],
        token: {...empty.token, tenantId: 't', sub: 'u:'},
      },
      'entitled',
      'missing-feature',
    ),
  },
  {
    name: 'no tenant is the tenant called undefined',
    touches: ({token}) => token.tenantId === undefined,
    shown: differs(
      {
        ...empty,
        plans,
        grants: [{plan: 'a', tenant: 'undefined', user: null, expires: never}],
        token: {type: 'userToken', sub: 'u', permissions: []},
      },
      'entitled',
      'missing-feature',
    ),
  },
  {
    name: 'an attribute of another type matches when negated, is converted, or throws',
    touches: (given) => conditionsOf(given).some((condition) => isMistyped(given, condition)),
    shown: differs(onCondition({negate: true}, having('x', 'one')), 'entitled', 'missing-feature'),
  },
  {
    name: 'a rule value of another type throws, or is converted',
    touches: (given) => conditionsOf(given).some(hasMistypedValue),
    shown: differs(onCondition({op: 'in_list', value: {list: 'x'}}, having('x', 'x')), 'throws', 'missing-feature'),
  },
  {
    name: 'operators that every object has',
    touches: (given) => conditionsOf(given).some(({op}) => op in Object.prototype),
    shown: differs(onCondition({op: '__proto__'}, having('x', 1)), 'throws', 'missing-feature'),
  },
  {
    name: 'attributes that every object has',
    touches: (given) => conditionsOf(given).some(({attribute}) => attribute in Object.prototype),
    shown: differs(onCondition({attribute: 'constructor', negate: true}), 'entitled', 'missing-feature'),
  },
  {
    name: 'patterns that cannot be read match when negated, and some take forever',
    touches: (given) => conditionsOf(given).some(({value}) => oddPatterns.includes(value.string as string)),
    shown: differs(
      onCondition({op: 'matches', value: {string: '('}, negate: true}, having('x', 'x')),
      'entitled',
      'missing-feature',
    ),
  },
  {
    name: 'a request may supply what looks like a claim',
    touches: ({attributes}) => [...attributes.keys()].some((name) => /^(jwt|frontegg|principal)\./.test(name)),
    shown: differs(onCondition({attribute: 'jwt.plan'}, having('jwt.plan', 1)), 'entitled', 'missing-feature'),
  },
  {
    name: 'of claims that flatten to one name the last counts',
    touches: ({token}) => Object.keys(token).some((claim) => claim.includes('.')),
    shown: differs(
      onCondition(
        {attribute: 'jwt.plan.tier', value: {number: 2}},
        {token: {...empty.token, 'plan.tier': 1, plan: {tier: 2}}},
      ),
      'entitled',
      'missing-feature',
    ),
  },
  {
    name: 'a claim id makes a service a user',
    touches: ({token}) => token.type === 'tenantApiToken' && token.id !== undefined,
    shown: differs(
      onCondition(
        {attribute: 'frontegg.userId', op: 'in_list', value: {list: ['s']}},
        {token: {type: 'tenantApiToken', sub: 's', id: 's', tenantId: 't', permissions: []}},
      ),
      'entitled',
      'missing-feature',
    ),
  },
  {
    name: 'a permission that no feature has is enough where it is held',
    touches: () => true,
    leavesOut: ({features, token}, question) =>
      'permission' in question &&
      token.permissions.some((held) => held.includes('*') || held === question.permission) &&
      ![...features.values()].some((linked) => linked.includes(question.permission)),
    shown: differs({...empty, token: {...empty.token, permissions: ['free']}}, 'entitled', 'missing-feature', {
      permission: 'free',
    }),
  },
  {
    name: 'a wildcard permission is a regular expression',
    touches: ({token}) => token.permissions.some((held) => held.includes('*') && /[^\w.*]/.test(held)),
    shown: differs({...empty, token: {...empty.token, permissions: ['[a-z]*']}}, 'entitled', 'missing-permission', {
      permission: 'orders',
    }),
  },
];
