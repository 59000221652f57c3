// The plans that a refusal names are those that open the rule, each by itself, and no others: whatever is sold and held.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {makeCheck} from '../../../src/check.ts';
import type {Decision} from '../../../src/core/decision.ts';
import type {Feature, Grant, Plan} from '../../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../../src/core/entitlement/entitlementIndex.ts';
import type {ListRequirement, Rule} from '../../../src/core/rule/rules.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';
import {grant, now} from '../../support/bought.ts';
import {plainPlace, principal, request, tableProvider} from '../../support/requests.ts';

const sold = ['f0', 'f1', 'f2'];
const counted = ['l0', 'l1'];
const permissions = ['p0', 'p1', 'p2'];

interface Case {
  readonly features: ReadonlyMap<string, Feature>;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly rule: Rule;
  readonly held: readonly string[];
  readonly grants: readonly Grant[];
}

const feature = (limit: boolean): fc.Arbitrary<Feature> =>
  fc.subarray(permissions).map((of) => ({permissions: of, ...(limit && {limit: {per: 'minute' as const}})}));
const plan: fc.Arbitrary<Plan> = fc
  .record({
    features: fc.subarray([...sold, ...counted]),
    rank: fc.nat(3),
    hidden: fc.constantFrom(false, false, true),
    default: fc.constantFrom(false, false, false, false, true),
    limited: fc.subarray(counted),
  })
  .map(({limited, ...rest}) => ({
    ...rest,
    rules: [],
    limits: Object.fromEntries(limited.filter((name) => rest.features.includes(name)).map((name) => [name, 5])),
  }));
const list = (of: string[]): fc.Arbitrary<ListRequirement | undefined> =>
  fc.record({any: fc.subarray(of), all: fc.subarray(of)}).map(({any, all}) => {
    const wanted = {...(any.length > 0 && {any}), ...(all.length > 0 && {all})};
    return Object.keys(wanted).length === 0 ? undefined : wanted;
  });
const rule: fc.Arbitrary<Rule> = fc
  .record({features: list(sold), entitledPermissions: list(permissions), limits: fc.subarray(counted)})
  .map(({features, entitledPermissions, limits}) => ({
    name: 'r',
    match: {path: '/r'},
    access: {
      access: 'require',
      require: {...(features && {features}), ...(entitledPermissions && {entitledPermissions})},
    },
    shadow: false,
    ...(limits.length > 0 && {limits}),
  }));
const aCase: fc.Arbitrary<Case> = fc
  .record({
    features: fc.tuple(...sold.map(() => feature(false)), ...counted.map(() => feature(true))),
    plans: fc.array(plan, {maxLength: 6}),
    rule,
    held: fc.subarray(permissions),
    given: fc.array(fc.record({at: fc.nat(5), over: fc.boolean(), grace: fc.boolean()}), {maxLength: 3}),
  })
  .map(({features, plans, given, ...rest}) => ({
    ...rest,
    features: new Map([...sold, ...counted].map((name, at) => [name, features[at] as Feature])),
    plans: new Map(plans.map((one, at) => [`plan ${at}`, one])),
    grants: given
      .filter(({at}) => at < plans.length)
      .map(({at, over, grace}) =>
        grant(`plan ${at}`, {...(over && {expires: now - 1}), ...(grace && {grace: 60_000})}),
      ),
  }));

const decide = async ({features, plans, rule: of, held}: Case, grants: readonly Grant[]): Promise<Decision> =>
  makeCheck({
    rules: [of],
    paths: {caseSensitive: true, allow: new Set()},
    providers: [
      tableProvider(
        'acme',
        plainPlace('authorization'),
        new Map([['k', {verified: principal({tenant: 't1', permissions: held})}]]),
      ),
    ],
    revocations: {revoked: () => false},
    entitlements: makeEntitlementIndex({features, plans, flags: new Map(), grants}, {compilePattern}),
    upgrades: true,
  })(request('/r', {headers: {authorization: 'k'}}), {id: 'd', now, deadline: Number.POSITIVE_INFINITY});

describe('the plans that a refusal names', () => {
  it('open the rule, each by itself, and so does no other that is not hidden', () =>
    fc.assert(
      fc.asyncProperty(aCase, async (one) => {
        const decision = await decide(one, one.grants);
        if (decision.outcome === 'allow') return;
        const named = decision.upgrade?.plans ?? [];
        const opening: string[] = [];
        for (const [name, {hidden}] of one.plans) {
          const {outcome} = await decide(one, [...one.grants, grant(name)]);
          if (outcome === 'allow' && hidden !== true) opening.push(name);
        }
        assert.deepEqual([...named].sort(), opening.sort());
        const ranks = named.map((name) => one.plans.get(name)?.rank ?? 0);
        assert.deepEqual(ranks, [...ranks].sort());
      }),
      {numRuns: 400},
    )).timeout(30_000);
});
