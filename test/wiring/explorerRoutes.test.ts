// The pages behind the explorer: what they say of rules and entitlements, and what they say to a bad question.
import assert from 'node:assert/strict';
import type {AdminRequest} from '../../src/admin/route.ts';
import type {EntitlementStore} from '../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../src/core/entitlement/entitlementIndex.ts';
import type {Rule} from '../../src/core/rule/rules.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {compilePattern} from '../../src/entitlements/pattern.ts';
import {makeMetrics} from '../../src/observe/metrics.ts';
import {makeEntitlementsRoute} from '../../src/wiring/admin/entitlementsShown.ts';
import {rulesShown} from '../../src/wiring/admin/rulesShown.ts';

const rule = (name: string): Rule => ({name, match: {path: `/${name}`}, access: {access: 'public'}, shadow: false});

describe('rules with their hits', () => {
  const rules = Array.from({length: 7}, (_, at) => rule(`r${at}`));
  const metrics = makeMetrics({version: '0', node: '0'});
  metrics.configured({rules, providers: ['acme'], hash: 'h', at: 0});
  metrics.decided('allow', undefined, 'r1', undefined, 0.001);
  metrics.decided('allow', undefined, 'r1', 'acme', 0.001);
  metrics.decided('deny', 'missing_role', 'r1', 'acme', 0.001);
  metrics.decided('deny', 'no_rule', undefined, undefined, 0.001);
  const ask = (query: string) => rulesShown(new URLSearchParams(query), rules, metrics);

  it('are those of the metrics, by outcome; those of no rule stand apart', () => {
    const page = ask('');
    assert.ok(typeof page !== 'string');
    assert.deepEqual(page.rules[1], {
      name: 'r1',
      match: {path: '/r1'},
      access: 'public',
      hits: {allow: 2, deny: 1},
      total: 3,
    });
    assert.deepEqual([page.rules[0]?.hits, page.rules[0]?.total, page.total, page.unmatched], [{}, 0, 7, 1]);
  });

  it('come in pages', () => {
    const names: string[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = ask(`limit=3&after=${after}`);
      assert.ok(typeof page !== 'string');
      names.push(...page.rules.map(({name}) => name));
      after = page.next;
    }
    assert.deepEqual(
      names,
      rules.map(({name}) => name),
    );
  });

  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'after=-1', 'after=1e3', 'limit=']) {
    it(`?${query}: a sentence`, () => assert.match(String(ask(query)), /^(limit|after) is /));
  }
});

describe('what a tenant has', () => {
  const now = Date.parse('2026-06-01');
  const index = makeEntitlementIndex(
    {
      features: new Map([
        ['orders', {permissions: ['orders.read']}],
        ['seats', {permissions: [], value: 'number'}],
        ['calls', {permissions: [], limit: {per: 'hour'}}],
        ['reports', {permissions: []}],
      ]),
      plans: new Map([
        [
          'pro',
          {
            features: ['orders', 'seats', 'calls'],
            default: false,
            rules: [],
            values: {seats: 5},
            limits: {calls: 'unlimited'},
          },
        ],
        ['trial', {features: ['reports'], default: false, rules: []}],
      ]),
      grants: [
        {plan: 'pro', tenant: 'acme', user: null, expires: null},
        {plan: 'trial', tenant: 'acme', user: 'alice', expires: now - 1_000, grace: 86_400_000},
        {plan: 'trial', tenant: 'acme', user: 'bob', expires: now - 1_000},
        {plan: 'trial', tenant: 'odd', user: null, expires: Number.NaN},
      ],
      flags: new Map(),
    },
    {compilePattern},
  );
  const ask = async (query: string, store: Partial<EntitlementStore> = {}, source: string | undefined = 'file') => {
    const route = makeEntitlementsRoute({
      store: () => ({...index, ...store}),
      source: () => source,
      now: () => now,
      redact: (text) => text,
    });
    const {status, body} = await route.handle({query: new URLSearchParams(query)} as AdminRequest);
    return {status, body: JSON.parse(body)};
  };

  it('plans, grants with their ends, features with their amounts', async () => {
    const {status, body} = await ask('tenant=acme&user=alice');
    assert.equal(status, 200);
    assert.deepEqual(body.grants, [
      {plan: 'pro', of: 'tenant', end: null, state: 'live'},
      {
        plan: 'trial',
        of: 'user',
        end: '2026-05-31T23:59:59.000Z',
        graceEnd: '2026-06-01T23:59:59.000Z',
        state: 'grace',
      },
    ]);
    assert.deepEqual(body.plans, ['pro', 'trial']);
    const origin = {plan: 'pro', by: 'grant', until: null, grace: false, own: false, add: 0};
    assert.deepEqual(body.features, [
      {feature: 'orders', permissions: ['orders.read'], entitled: true},
      {feature: 'seats', permissions: [], entitled: true, amount: 5, origins: [{...origin, amount: 5}]},
      {
        feature: 'calls',
        permissions: [],
        entitled: true,
        amount: 'unlimited',
        per: 'hour',
        origins: [{...origin, amount: 'unlimited'}],
      },
      {feature: 'reports', permissions: [], entitled: true, grace: true},
    ]);
    const bob = (await ask('tenant=acme&user=bob')).body;
    assert.deepEqual([bob.grants[1].state, bob.features[3].justification], ['over', 'bundle-expired']);
    assert.deepEqual((await ask('tenant=acme')).body.grants.length, 1);
    const odd = (await ask('tenant=odd')).body;
    assert.deepEqual(odd.grants, [{plan: 'trial', of: 'tenant', end: null, state: 'over'}]);
    const nobody = (await ask('tenant=__proto__')).body;
    assert.deepEqual([nobody.plans, nobody.grants, nobody.features[0].entitled], [[], [], false]);
  });

  const away = () => {
    throw new Unavailable('entitlements', new Error('too old'));
  };
  const faults: [
    name: string,
    query: string,
    store: Partial<EntitlementStore>,
    source: string | undefined,
    status: number,
    detail: RegExp,
  ][] = [
    ['no tenant', '', {}, 'file', 400, /tenant is a text/],
    ['an empty tenant', 'tenant=', {}, 'file', 400, /tenant is a text/],
    ['a long tenant', `tenant=${'x'.repeat(513)}`, {}, 'file', 400, /tenant is a text/],
    ['a long user', `tenant=a&user=${'x'.repeat(513)}`, {}, 'file', 400, /user of as many/],
    [
      'a source that is asked about one at a time',
      'tenant=a',
      {catalog: () => undefined},
      'kinde',
      409,
      /The source kinde is asked about one principal/,
    ],
    ['nothing to decide by', 'tenant=a', {catalog: away}, 'file', 503, /too old/],
  ];
  for (const [name, query, store, source, status, detail] of faults) {
    it(`${name}: ${status}`, async () => {
      const answer = await ask(query, store, source);
      assert.equal(answer.status, status);
      assert.match(answer.body.detail, detail);
    });
  }
  it('without the setting: 404', async () => {
    const route = makeEntitlementsRoute({
      store: () => index,
      source: () => undefined,
      now: () => now,
      redact: (text) => text,
    });
    const {status, body} = await route.handle({query: new URLSearchParams('tenant=a')} as AdminRequest);
    assert.deepEqual([status, JSON.parse(body).error], [404, 'not_configured']);
  });
});
