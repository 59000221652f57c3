// One case, decided by the vendor's own engine (@frontegg/client, by deep path: it is not exported) and by ours.

import {EntitlementsUserScoped} from '@frontegg/client/dist/src/clients/entitlements/entitlements.user-scoped.js';
import {appendUserIdAttribute} from '@frontegg/client/dist/src/clients/entitlements/helpers/frontegg-entity.helper.js';
import {InMemoryEntitlementsCache} from '@frontegg/client/dist/src/clients/entitlements/storage/in-memory/in-memory.cache.js';
import {prepareAttributes} from '@frontegg/entitlements-javascript-commons';
import type {Entitled, Flag, Grant, Plan, Question} from '../../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../../src/core/entitlement/entitlementIndex.ts';
import type {TargetingRule} from '../../../src/core/entitlement/targeting.ts';
import type {Principal} from '../../../src/core/principal.ts';
import {compilePattern} from '../../../src/entitlements/pattern.ts';

/** The moment at which all cases are decided: the vendor's engine reads the clock, which then shows this. */
export const now = Date.parse('2026-06-01T12:00:00.000Z');

/** A Frontegg token's claims. */
export interface Token {
  readonly type: 'userToken' | 'tenantApiToken';
  readonly sub: string;
  readonly tenantId?: string;
  readonly permissions: readonly string[];
  readonly email?: string;
  readonly [claim: string]: unknown;
}

export interface Case {
  readonly features: ReadonlyMap<string, readonly string[]>;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly grants: readonly Grant[];
  readonly flags: ReadonlyMap<string, Flag>;
  readonly token: Token;
  readonly attributes: ReadonlyMap<string, unknown>;
}

export type Verdict = 'entitled' | 'missing-feature' | 'missing-permission' | 'bundle-expired' | 'throws';

export const principalOf = (token: Token): Principal => ({
  provider: 'frontegg',
  kind: token.type === 'userToken' ? 'user' : 'service',
  subject: token.sub,
  ...(token.tenantId === undefined ? {} : {tenant: token.tenantId}),
  ...(token.email === undefined ? {} : {email: token.email}),
  roles: [],
  permissions: token.permissions,
  permissionPatterns: true,
  scopes: [],
  claims: token,
  amr: [],
});

const verdict = (answer: Entitled): Verdict => (answer.entitled ? 'entitled' : answer.justification);

/** How ours decides: a function, so that many questions share an index. */
export const ours = ({features, plans, grants, flags, token, attributes}: Case): ((question: Question) => Verdict) => {
  const snapshot = {
    features: new Map([...features].map(([key, permissions]) => [key, {permissions}] as const)),
    plans,
    grants,
    flags,
  };
  const index = makeEntitlementIndex(snapshot, {compilePattern});
  return (question) => verdict(index.entitled(principalOf(token), question, attributes, now));
};

const treatment = (value: boolean) => (value ? 'true' : 'false');

const vendorRules = (rules: readonly TargetingRule[]) =>
  rules.map((rule) => ({
    description: '',
    conditionLogic: rule.logic,
    conditions: rule.conditions.map((condition) => ({...condition, attributeType: 'custom'})),
    treatment: treatment(rule.treatment),
  }));

const vendorDate = (expires: number | null) => {
  if (expires === null) return null;
  return Number.isNaN(expires) ? 'one day' : new Date(expires).toISOString();
};

/** As the vendor's API sends it: `GET /entitlements/api/v1/vendor-entitlements`. */
const vendorSnapshot = ({features, plans, grants, flags}: Case) => ({
  snapshotOffset: 1,
  data: {
    features: [...features].map(([key, permissions]) => [`id of ${key}`, key, permissions]),
    featureBundles: [...plans].map(([key, plan]) => [
      key,
      plan.features.map((feature) => `id of ${feature}`),
      treatment(plan.default),
      vendorRules(plan.rules),
    ]),
    entitlements: grants.map(({plan, tenant, user, expires}) => [plan, tenant, user, vendorDate(expires)]),
    featureFlags: [...flags].map(([key, flag]) => [
      key,
      flag.on,
      'boolean',
      treatment(flag.default),
      treatment(flag.off),
      vendorRules(flag.rules),
    ]),
  },
});

const TheDate = Date;
/** Stands still at `now`. */
class StoppedDate extends TheDate {
  constructor(...given: ConstructorParameters<typeof Date> | []) {
    super(...((given.length === 0 ? [now] : given) as ConstructorParameters<typeof Date>));
  }
}

/** How the vendor's engine decides. A new one for each question: its wildcards answer differently the second time. */
export const vendors = (given: Case): ((question: Question) => Promise<Verdict>) => {
  // Its objects come from JSON; a claim that is undefined is none.
  const token = Object.fromEntries(Object.entries(given.token).filter(([, value]) => value !== undefined)) as never;
  return async (question) => {
    globalThis.Date = StoppedDate as DateConstructor;
    const cache = InMemoryEntitlementsCache.initialize(vendorSnapshot(given) as never);
    try {
      const predefined = appendUserIdAttribute(prepareAttributes({jwt: token}) as never, token);
      const scoped = new EntitlementsUserScoped(token, cache, predefined);
      const asked = 'feature' in question ? {featureKey: question.feature} : {permissionKey: question.permission};
      const answer = await scoped.isEntitledTo(asked as never, Object.fromEntries(given.attributes) as never);
      return answer.result ? 'entitled' : (answer.justification as Verdict);
    } catch {
      return 'throws';
    } finally {
      globalThis.Date = TheDate;
      await cache.shutdown();
    }
  };
};

/** Does the vendor's engine hold a permission covered, asked two times in a row of the same principal? */
export const vendorTwice = (held: string, wanted: string): [boolean, boolean] => {
  const token = {type: 'userToken', permissions: [held]} as never;
  const scoped = new EntitlementsUserScoped(token, undefined as never) as unknown as {
    hasPermission(key: string): boolean;
  };
  return [scoped.hasPermission(wanted), scoped.hasPermission(wanted)];
};
