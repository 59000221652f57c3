// What was bought goes along with a request: the headers of it, outages, and the edges of docs/entitlements.md.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Decision} from '../../../src/core/decision.ts';
import {compileBought} from '../../../src/core/entitlement/bought.ts';
import type {EntitlementStore} from '../../../src/core/entitlement/entitlement.ts';
import {featuresNamed, makeIdentityHeaders} from '../../../src/core/identityHeaders.ts';
import {metadataOf} from '../../../src/envoy/metadata.ts';
import {decide as asked, away, day, free, grant, lost, now, storeOf} from '../../support/bought.ts';
import {plainPlace, principal, request} from '../../support/requests.ts';

const late: EntitlementStore = {
  entitled: async () => away(),
  holdings: async () => away(),
  catalog: () => undefined,
};
const identity = makeIdentityHeaders(
  new Map([
    ['x-plan', 'plan'],
    ['x-seats', 'value.seats'],
    ['x-grace', 'grace'],
    ['x-subject', 'subject'],
  ]),
);
/** `told`: the features that headers name; `nothing`: none, and no plan either. */
const decide = (entitlements: EntitlementStore, name: string, told: readonly string[] | 'nothing' = ['seats']) =>
  asked(entitlements, name, told === 'nothing' ? undefined : told);
const shown = (decision: Decision): string =>
  decision.outcome === 'deny' ? decision.reason : (decision.shadow ?? decision.ignored ?? 'allow');
const told = (decision: Decision, name: string): string | undefined => {
  if (decision.outcome === 'deny') return decision.reason;
  const {set, remove} = identity(decision.principal, request('/'), decision);
  const value = new Map(set).get(name);
  assert.equal(remove.includes(name), value === undefined, 'what is not set is removed');
  return value;
};
const limit = (decision: Decision): unknown => {
  if (decision.outcome === 'deny') return decision.reason;
  // biome-ignore lint/suspicious/noExplicitAny: a struct, as it goes over the wire
  const fields = (metadataOf(decision, 'd') as any).fields.postern.structValue.fields;
  return fields.limits?.structValue.fields.api.structValue.fields.requests_per_unit.numberValue;
};

/** The first cells of the table "At the edges" in docs/entitlements.md. */
const edges: [what: string, EntitlementStore, feature: string, seats: string | undefined, limit: unknown][] = [
  ['nothing bought', storeOf([]), 'missing_feature', undefined, 'missing_feature'],
  ['bought, without an amount', storeOf([grant('bare')]), 'allow', undefined, 'missing_feature'],
  ['0', storeOf([grant('zero')]), 'allow', '0', 0],
  ['an amount', storeOf([grant('pro')]), 'allow', '50', 600],
  ['`unlimited`', storeOf([grant('max')]), 'allow', 'unlimited', 4_294_967_295],
  ['two plans', storeOf([grant('pro'), grant('zero')]), 'allow', '50', 600],
  ['a plan for everyone', storeOf([], [free]), 'allow', '3', 60],
  ['expired', storeOf([grant('pro', {expires: now})]), 'feature_expired', undefined, 'feature_expired'],
  ['in grace', storeOf([grant('pro', {expires: now, grace: day})]), 'allow', '50', 600],
  [
    'grace is over',
    storeOf([grant('pro', {expires: now - day, grace: day})]),
    'feature_expired',
    undefined,
    'feature_expired',
  ],
  ['the source is away, past `cache.stale`', lost, 'unavailable', 'unavailable', 'unavailable'],
];

describe('the edges of what is bought', () => {
  for (const [what, store, feature, seats, most] of edges) {
    it(what, async () => {
      assert.equal(shown(await decide(store, 'feature', 'nothing')), feature);
      assert.equal(told(await decide(store, 'any'), 'x-seats'), seats);
      assert.equal(limit(await decide(store, 'limited')), most);
    });
  }

  it('are the rows of the table in the docs', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/entitlements.md'), 'utf8');
    const table = /\| what is bought \|.*\n\|[-| ]+\n((?:\|.*\n)+)/.exec(page)?.[1] ?? '';
    assert.deepEqual(
      [...table.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell),
      edges.map(([what]) => what),
    );
  });

  it('grace is told by headers, metadata and the decision, also where only a feature is asked for', async () => {
    const store = storeOf([grant('pro', {expires: now, grace: day})]);
    for (const name of ['any', 'feature', 'limited', 'guest', 'known']) {
      const decision = await decide(store, name);
      assert.equal(decision.grace, true, name);
      assert.equal(told(decision, 'x-grace'), 'true', name);
    }
    const unasked = await decide(store, 'feature', 'nothing');
    assert.equal(unasked.grace, true);
    assert.ok(JSON.stringify(metadataOf(unasked, 'd')).includes('"grace":{"boolValue":true}'));
    assert.equal((await decide(storeOf([grant('pro', {grace: day})]), 'any')).grace, undefined);
  });
});

describe('lost entitlements', () => {
  for (const [what, store] of [
    ['at once', lost],
    ['after a while', late],
  ] as const) {
    it(`${what}: unavailable wherever something of them is told, and never absent`, async () => {
      for (const name of ['any', 'limited', 'known'])
        assert.equal(shown(await decide(store, name)), 'unavailable', name);
    });
    it(`${what}: a guest is nobody then, and a shadow rule lets through without a limit`, async () => {
      const guest = await decide(store, 'guest');
      assert.deepEqual([guest.outcome, shown(guest), guest.principal], ['allow', 'unavailable', undefined]);
      const shadow = await decide(store, 'shadow');
      assert.deepEqual([shadow.outcome, shown(shadow), limit(shadow)], ['allow', 'unavailable', undefined]);
    });
    it(`${what}: nobody asks where nothing is told`, async () => {
      assert.equal(shown(await decide(store, 'any', 'nothing')), 'allow');
      assert.equal(shown(await decide(store, 'open')), 'allow');
    });
  }
});

describe('limits of a rule', () => {
  it('are handed on once each, also where one is written twice', () => {
    const sources = {entitlements: storeOf([grant('pro')]), relate: () => undefined};
    const find = compileBought({limits: ['api', 'api']}, undefined, sources);
    const who = principal({tenant: 't1'});
    const credential = {kind: 'token', value: 'k', place: plainPlace('authorization')} as never;
    const deadline = Number.POSITIVE_INFINITY;
    const captures = new Map<string, string>();
    const found = find?.({principal: who, captures, request: request('/'), path: undefined, credential, now, deadline});
    assert.ok(found !== undefined && 'limits' in found);
    assert.deepEqual(found.limits, ['api']);
  });
});

describe('headers of what was bought', () => {
  it('name features by everything after the first dot, each once', () => {
    assert.deepEqual(featuresNamed(['value.api.calls', 'plan', 'subject', 'value.api.calls', 'value.a']), [
      'a',
      'api.calls',
    ]);
    assert.deepEqual(featuresNamed(['plan']), []);
    assert.equal(featuresNamed(['subject', 'claims.plan', 'value.']), undefined);
  });

  it('are of this principal, though two hold the same', async () => {
    const holdings = {plans: ['pro'], grace: false, amounts: new Map()};
    const of = (subject: string) => identity(principal({subject}), request('/'), {holdings}).set;
    assert.deepEqual(new Map(of('a')).get('x-subject'), 'a');
    assert.deepEqual(new Map(of('b')).get('x-subject'), 'b');
  });

  it('change with what is held, for the same principal', () => {
    const who = principal({});
    const plan = (name: string) =>
      new Map(identity(who, request('/'), {holdings: {plans: [name], grace: false, amounts: new Map()}}).set).get(
        'x-plan',
      );
    assert.deepEqual([plan('pro'), plan('max'), plan('pro')], ['pro', 'max', 'pro']);
  });
});
