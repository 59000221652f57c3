// What tenant t1 may have bought, and the gate before it: plans with amounts, one rule for each way of asking.
import {makeCheck} from '../../src/check.ts';
import type {Decision} from '../../src/core/decision.ts';
import type {EntitlementStore, Grant, Plan, Snapshot} from '../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../src/core/entitlement/entitlementIndex.ts';
import type {Rule} from '../../src/core/rule/rules.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {compilePattern} from '../../src/entitlements/pattern.ts';
import {plainPlace, principal, request, tableProvider} from './requests.ts';

export const now = 1_800_000_000_000;
export const day = 86_400_000;

const features: Snapshot['features'] = new Map([
  ['orders', {permissions: []}],
  ['seats', {permissions: [], value: 'number' as const}],
  ['api', {permissions: [], limit: {per: 'minute' as const}}],
]);
const plan: Plan = {features: [...features.keys()], default: false, rules: []};
const plans = new Map<string, Plan>([
  ['bare', plan],
  ['zero', {...plan, values: {seats: 0}, limits: {api: 0}}],
  ['pro', {...plan, rank: 20, values: {seats: 50}, limits: {api: 600}}],
  ['max', {...plan, rank: 30, values: {seats: 'unlimited'}, limits: {api: 'unlimited'}}],
]);
/** A plan for everyone. */
export const free: readonly [string, Plan] = ['free', {...plan, default: true, values: {seats: 3}, limits: {api: 60}}];

export const grant = (of: string, more: Partial<Grant> = {}): Grant => ({
  plan: of,
  tenant: 't1',
  user: null,
  expires: null,
  ...more,
});

export const storeOf = (grants: readonly Grant[], more: readonly (readonly [string, Plan])[] = []): EntitlementStore =>
  makeEntitlementIndex({features, plans: new Map([...plans, ...more]), flags: new Map(), grants}, {compilePattern});

export const away = (): never => {
  throw new Unavailable('entitlements', new Error('the source is away'));
};
export const lost: EntitlementStore = {entitled: away, holdings: away, catalog: away};

const rule = (name: string, more: Partial<Rule>): Rule => ({
  name,
  match: {path: `/${name}`},
  access: {access: 'require', require: {}},
  shadow: false,
  ...more,
});

/** What is decided of t1 by the rule of this name. `told`: features that headers and metadata name; absent: nothing. */
export const decide = (
  entitlements: EntitlementStore,
  name: string,
  told?: readonly string[],
): Decision | Promise<Decision> =>
  makeCheck({
    rules: [
      rule('any', {}),
      rule('limited', {limits: ['api']}),
      rule('feature', {access: {access: 'require', require: {features: {any: ['orders']}}}}),
      rule('guest', {access: {access: 'lenient', require: {}}}),
      rule('known', {access: {access: 'identify', require: {}}}),
      rule('shadow', {limits: ['api'], shadow: true}),
      rule('open', {access: {access: 'public'}}),
    ],
    paths: {caseSensitive: true, allow: new Set()},
    providers: [
      tableProvider(
        'acme',
        plainPlace('authorization'),
        new Map([['k-1', {verified: principal({tenant: 't1'})}]]),
        'k-',
      ),
    ],
    revocations: {revoked: () => false},
    entitlements,
    ...(told && {told}),
  })(request(`/${name}`, {headers: {authorization: 'k-1'}}), {id: 'd', now, deadline: Number.POSITIVE_INFINITY});
