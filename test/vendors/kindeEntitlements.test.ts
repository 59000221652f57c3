// Kinde's entitlements: flags of the token, what was bought by the account API, and to whom the token is sent.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type {Principal} from '../../src/core/principal.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeLookupEntitlements} from '../../src/entitlements/lookups.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {makeKindeSource} from '../../src/vendors/kinde/entitlements.ts';
import {kindeSourceSettings} from '../../src/vendors/kinde/settings.ts';
import {principal} from '../support/requests.ts';
import {type Fault, outages} from '../support/vendors/faults.ts';
import {type Kinde, startKinde} from '../support/vendors/kinde.ts';
import {makeTestParts, type TestParts} from '../support/vendors/parts.ts';

const path = '/account_api/v1/entitlements';
const never = Number.POSITIVE_INFINITY;

describe('entitlements of kinde', () => {
  let kinde: Kinde;
  let rig: TestParts;
  before(async () => {
    kinde = await startKinde();
    rig = makeTestParts();
  });
  afterEach(() => {
    kinde.faults.clear();
    kinde.bought.clear();
    kinde.accountTokens.length = 0;
  });
  after(async () => {
    await rig.close();
    await kinde.close();
  });

  const source = (settings: object = {}) =>
    makeKindeSource(kindeSourceSettings.parse({type: 'kinde', domain: kinde.domain, ...settings}), rig.parts.call);
  const user = (claims: object = {}, fields: Partial<Principal> = {}): Principal =>
    principal({subject: 'kp_1', tenant: 'org_1', ...fields, claims: {iss: kinde.domain, org_code: 'org_1', ...claims}});
  const featuresOf = async (who: Principal, feature: string | undefined, settings: object = {}) => {
    const token = await kinde.token();
    return Object.keys((await source(settings).lookup(who, feature, token, never)).features);
  };

  const flags: [what: string, claims: object, has: boolean][] = [
    ['a boolean flag that is true', {feature_flags: {beta: {t: 'b', v: true}}}, true],
    ['a boolean flag that is false', {feature_flags: {beta: {t: 'b', v: false}}}, false],
    ['a number', {feature_flags: {beta: {t: 'i', v: 1}}}, false],
    ['a text', {feature_flags: {beta: {t: 's', v: 'true'}}}, false],
    ['true of another type', {feature_flags: {beta: {t: 's', v: true}}}, false],
    ['a text that is called boolean', {feature_flags: {beta: {t: 'b', v: 'true'}}}, false],
    ['true without a type', {feature_flags: {beta: {v: true}}}, false],
    ['a bare true', {feature_flags: {beta: true}}, false],
    ['another flag', {feature_flags: {alpha: {t: 'b', v: true}}}, false],
    ['another case', {feature_flags: {Beta: {t: 'b', v: true}}}, false],
    ['a list of flags', {feature_flags: ['beta']}, false],
    ['none', {}, false],
    ['the flags of a Hasura mapping', {'x-hasura-feature-flags': {beta: {t: 'b', v: true}}}, true],
  ];
  for (const [what, claims, has] of flags) {
    it(`${what}: ${has ? 'has' : 'lacks'} the feature`, async () => {
      assert.deepEqual(await featuresOf(user(claims), 'beta', {from: ['flags']}), has ? ['beta'] : []);
      assert.equal(kinde.accountTokens.length, 0, 'nobody is asked');
    });
  }
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    it(`a flag called ${name} has to be there`, async () => {
      assert.deepEqual(await featuresOf(user({feature_flags: {}}), name, {from: ['flags']}), []);
      const claims = JSON.parse(`{"feature_flags": {"${name}": {"t": "b", "v": true}}}`);
      assert.deepEqual(await featuresOf(user(claims), name, {from: ['flags']}), [name]);
    });
  }

  it('what was bought, over several pages, a limit of nought being nothing', async () => {
    kinde.bought.set('org_1', ['orders', 'reports', ['seats', 5], ['exports', 0], '__proto__']);
    assert.deepEqual(await featuresOf(user(), 'orders'), ['orders', 'reports', 'seats', '__proto__']);
    assert.equal(kinde.accountTokens.length, 3);
  });
  it('a flag that says no takes nothing away that was bought', async () => {
    kinde.bought.set('org_1', ['beta']);
    assert.deepEqual(await featuresOf(user({feature_flags: {beta: {t: 'b', v: false}}}), 'beta'), ['beta']);
  });

  const nobody: [what: string, who: () => Principal][] = [
    ['a machine', () => user({}, {kind: 'service'})],
    [
      'a principal of another issuer',
      () => user({iss: 'https://id.acme.example', feature_flags: {orders: {t: 'b', v: true}}}),
    ],
    ['a principal without issuer (an API key)', () => principal({subject: 'kp_1', claims: {}})],
    ['a principal that inherits an issuer', () => principal({claims: Object.create({iss: kinde.domain})})],
  ];
  for (const [what, who] of nobody) {
    it(`${what} has nothing, and its token goes nowhere`, async () => {
      kinde.bought.set('org_1', ['orders']);
      assert.deepEqual(await featuresOf(who(), 'orders'), []);
      assert.equal(kinde.accountTokens.length, 0);
    });
  }
  it('for a permission nobody is asked, and nothing is linked to it', async () => {
    assert.deepEqual(await source().lookup(user(), undefined, 'x', never), {features: {}});
    assert.equal(kinde.accountTokens.length, 0);
  });

  it('answers are kept apart by organisation and subject, and shared where a flag decides', () => {
    const on = {feature_flags: {beta: {t: 'b', v: true}}};
    const key = (who: Principal, feature = 'orders') => source().keyOf(who, feature);
    assert.notEqual(key(user()), key(user({}, {tenant: 'org_2'})));
    assert.notEqual(key(user()), key(user({}, {subject: 'kp_2'})));
    assert.notEqual(key(user({}, {tenant: 'a","b', subject: 'c'})), key(user({}, {tenant: 'a', subject: 'b","c'})));
    assert.equal(key(user(on), 'beta'), key(user(on, {subject: 'kp_2'}), 'beta'));
    assert.notEqual(key(user(on), 'beta'), key(user(), 'beta'));
  });

  it('a flag counts from the token at hand, not from one before', async () => {
    const store = makeLookupEntitlements({
      source: source(),
      memory: makeMemoryCache({}, Date.now),
      settings: {fresh: 30_000, stale: 600_000, negative: 5_000},
      now: Date.now,
      steady: Date.now,
      random: () => 0,
      after: () => () => {},
    });
    const call = {credential: await kinde.token(), deadline: never};
    const asked = async (claims: object) =>
      (await store.entitled(user(claims), {feature: 'beta'}, new Map(), Date.now(), call)).entitled;
    assert.equal(await asked({feature_flags: {beta: {t: 'b', v: true}}}), true);
    assert.equal(await asked({feature_flags: {beta: {t: 'b', v: false}}}), false);
    assert.equal(await asked({feature_flags: {beta: {t: 'b', v: true}}}), true);
  });

  /** An entitlement as Kinde writes it: prices beside the limit, and the limit, null, or nothing. */
  const sold = (feature: string, limit?: number | null, price: object = {}) => ({
    id: `entitlement_${feature}`,
    fixed_charge: 35,
    price_name: 'Price',
    unit_amount: 100,
    feature_key: feature,
    feature_name: feature,
    ...(limit !== undefined && {entitlement_limit_max: limit}),
    entitlement_limit_min: 1,
    ...price,
  });
  type Sold = ReturnType<typeof sold>;
  /** What comes of pages of entitlements, by a Kinde that says only these. */
  const holdingsOf = async (pages: readonly (readonly Sold[])[], plans: readonly string[] = []) => {
    const asked: string[] = [];
    const {holdings} = makeKindeSource(
      kindeSourceSettings.parse({type: 'kinde', domain: kinde.domain}),
      async (_, {url}) => {
        asked.push(url);
        const at = asked.length - 1;
        const data = {
          org_code: 'org_1',
          plans: plans.map((key) => ({key, subscribed_on: '2026-01-01T00:00:00Z'})),
          entitlements: pages[at],
        };
        const metadata = {has_more: at < pages.length - 1, next_page_starting_after: `e${at}`};
        return {asked: 'GET entitlements', status: 200, headers: new Map(), body: JSON.stringify({data, metadata})};
      },
    );
    const found = await holdings?.lookup(user(), 'token', never);
    assert.equal(asked.length, pages.length);
    return found;
  };

  const replies: [what: string, entitlements: Sold[], expected: object][] = [
    ['nothing', [], {features: {}}],
    ['a limit', [sold('seats', 5)], {features: {seats: null}, amounts: {seats: {amount: 5}}}],
    ['0 is nothing', [sold('seats', 0)], {features: {}}],
    ['a limit of null is no amount', [sold('seats', null)], {features: {seats: null}}],
    ['a limit that is missing is no amount', [sold('seats')], {features: {seats: null}}],
    [
      'of several the greatest',
      [sold('seats', 5), sold('seats', 7), sold('seats', 6)],
      {features: {seats: null}, amounts: {seats: {amount: 7}}},
    ],
    [
      '0 beside a limit',
      [sold('seats', 0), sold('seats', 5)],
      {features: {seats: null}, amounts: {seats: {amount: 5}}},
    ],
    ['0 beside null', [sold('seats', 0), sold('seats', null)], {features: {seats: null}}],
    [
      'null beside a limit',
      [sold('seats', null), sold('seats', 5)],
      {features: {seats: null}, amounts: {seats: {amount: 5}}},
    ],
    [
      'a fixed charge is a price, not a limit',
      [sold('support', null, {fixed_charge: 35, unit_amount: null}), sold('seats', 2, {fixed_charge: null})],
      {features: {support: null, seats: null}, amounts: {seats: {amount: 2}}},
    ],
    [
      'what is metered, of which much has been used, is sold all the same',
      [sold('api', 1000, {unit_amount: 1, usage: 5_000, entitlement_limit_min: 900})],
      {features: {api: null}, amounts: {api: {amount: 1000}}},
    ],
    [
      'names that objects have of themselves',
      [sold('__proto__', 3), sold('constructor', 4)],
      {
        features: JSON.parse('{"__proto__": null, "constructor": null}'),
        amounts: JSON.parse('{"__proto__": {"amount": 3}, "constructor": {"amount": 4}}'),
      },
    ],
  ];
  for (const [what, entitlements, expected] of replies) {
    it(`amounts: ${what}, in whatever order and on whatever page`, async () => {
      for (const order of [entitlements, entitlements.toReversed()]) {
        assert.deepEqual(sorted(await holdingsOf([order])), sorted(expected));
        if (order.length > 1) assert.deepEqual(sorted(await holdingsOf(order.map((one) => [one]))), sorted(expected));
      }
    });
  }
  const sorted = (found: object | undefined): unknown =>
    JSON.parse(JSON.stringify(found), (_, value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
        : value,
    );

  it('amounts: plans by their keys, each once, in the order that Kinde has them', async () => {
    const found = await holdingsOf([[sold('a')], [sold('b')]], ['pro', 'free']);
    assert.deepEqual(found, {features: {a: null, b: null}, plans: ['pro', 'free']});
  });

  for (const limit of [-1, -0.5, 1e300, '5', true, [5], {max: 5}])
    it(`amounts: a limit of ${JSON.stringify(limit)} is an outage`, () =>
      assert.rejects(holdingsOf([[sold('seats', limit as never)]]), Unavailable));

  it('amounts: whatever is sold, it is the greatest of each feature, and a feature without 0', async () => {
    const limit = fc.oneof(fc.nat(5), fc.constantFrom(undefined, null, 0, 2.5, Number.MAX_SAFE_INTEGER));
    const entitlement = fc.tuple(fc.constantFrom('a', 'b', '__proto__'), limit).map(([name, most]) => sold(name, most));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(entitlement, {maxLength: 4}), {minLength: 1, maxLength: 4}), async (pages) => {
        const found = await holdingsOf(pages);
        for (const name of ['a', 'b', '__proto__']) {
          const limits = pages
            .flat()
            .filter(({feature_key}) => feature_key === name)
            .map(({entitlement_limit_max: most}) => most);
          const numbers = limits.filter((most) => typeof most === 'number' && most > 0) as number[];
          const has = limits.some((most) => most !== 0);
          assert.equal(Object.hasOwn(found?.features ?? {}, name), has);
          const amount = Object.hasOwn(found?.amounts ?? {}, name) ? found?.amounts?.[name]?.amount : undefined;
          assert.equal(amount, numbers.length === 0 ? undefined : Math.max(...numbers));
        }
      }),
      {numRuns: 500},
    );
  });

  const stated: [what: string, flag: unknown, bought: number | undefined, amount: number | string | undefined][] = [
    ['a number', {t: 'i', v: 7}, undefined, 7],
    ['0', {t: 'i', v: 0}, undefined, 0],
    ['a text', {t: 's', v: 'gold'}, undefined, 'gold'],
    ['a text that says unlimited is a text', {t: 's', v: 'unlimited'}, undefined, 'unlimited'],
    ['a number beside less that was bought', {t: 'i', v: 7}, 5, 7],
    ['a number beside more that was bought', {t: 'i', v: 7}, 9, 9],
    ['a text beside a number that was bought', {t: 's', v: 'gold'}, 5, 5],
    ['nothing beside a number that was bought', undefined, 5, 5],
    ['less than 0 is no amount', {t: 'i', v: -1}, undefined, undefined],
    ['an empty text is no amount', {t: 's', v: ''}, undefined, undefined],
    ['a boolean is no amount', {t: 'b', v: true}, undefined, undefined],
    ['a number that is called a text', {t: 's', v: 7}, undefined, undefined],
    ['a text that is called a number', {t: 'i', v: '7'}, undefined, undefined],
    ['a number without a type', {v: 7}, undefined, undefined],
    ['a bare number', 7, undefined, undefined],
    ['an object', {t: 'j', v: {a: 1}}, undefined, undefined],
  ];
  const storeOf = (settings: object = {}) =>
    makeLookupEntitlements({
      source: source(settings),
      memory: makeMemoryCache({}, Date.now),
      settings: {fresh: 30_000, stale: 600_000, negative: 5_000},
      now: Date.now,
      steady: Date.now,
      random: () => 0,
      after: () => () => {},
    });
  for (const [what, flag, bought, amount] of stated)
    it(`a flag as an amount: ${what}`, async () => {
      kinde.bought.set('org_1', bought === undefined ? [] : [['seats', bought]]);
      const call = {credential: await kinde.token(), deadline: never};
      const holdings = await storeOf().holdings(
        user({feature_flags: flag === undefined ? {} : {seats: flag}}),
        ['seats', 'other'],
        new Map(),
        0,
        call,
      );
      assert.deepEqual(
        [...holdings.amounts].map(([name, held]) => [name, held.amount]),
        amount === undefined ? [] : [['seats', amount]],
      );
    });
  it('a flag as an amount counts from the token at hand, for machines too, and only if Kinde has issued it', async () => {
    const store = storeOf();
    const call = {credential: await kinde.token(), deadline: never};
    const seats = async (claims: object, fields: Partial<Principal> = {}, of = store) =>
      (await of.holdings(user(claims, fields), ['seats'], new Map(), 0, call)).amounts.get('seats')?.amount;
    const flags = (v: number) => ({feature_flags: {seats: {t: 'i', v}}});
    assert.equal(await seats(flags(3)), 3);
    assert.equal(await seats(flags(2)), 2);
    assert.equal(await seats({}), undefined);
    assert.equal(await seats(flags(4), {kind: 'service'}), 4);
    assert.equal(await seats({...flags(4), iss: 'https://id.acme.example'}), undefined);
    assert.equal(await seats(flags(4), {}, storeOf({from: ['billing']})), undefined);
    assert.equal(await seats(flags(4), {}, storeOf({from: ['flags']})), 4);
  });
  it('a flag as an amount is no answer while the account API is away', async () => {
    kinde.faults.set(path, {status: 500, body: ''});
    const call = {credential: await kinde.token(), deadline: Date.now() + 2_000};
    const asked = storeOf().holdings(user({feature_flags: {seats: {t: 'i', v: 3}}}), ['seats'], new Map(), 0, call);
    await assert.rejects(async () => asked, Unavailable);
  });

  it('a machine has no amounts, and they are kept with what was bought', async () => {
    const {holdings} = source();
    assert.deepEqual(await holdings?.lookup(user({}, {kind: 'service'}), await kinde.token(), never), {features: {}});
    assert.equal(holdings?.keyOf(user()), source().keyOf(user(), 'orders'));
  });

  const page = (more: object, metadata: object = {has_more: false, next_page_starting_after: null}) => ({
    status: 200,
    body: JSON.stringify({data: {org_code: 'org_1', plans: [], entitlements: [], ...more}, metadata}),
  });
  const odd: Fault[] = [
    ...outages,
    {status: 401, body: '{}'},
    {status: 403, body: '{}'},
    {status: 404, body: '{}'},
    {status: 302, headers: {location: 'http://127.0.0.1:1/'}},
    {status: 200, body: '{"data": {"entitlements": []}}'},
    {status: 200, body: '{"data": null, "metadata": {"has_more": false}}'},
    page({org_code: 'org_2'}),
    page({entitlements: [{feature_key: 1}]}),
    page({entitlements: [{}]}),
    page({entitlements: {feature_key: 'orders'}}),
    page({}, {has_more: 'no'}),
    page({}, {has_more: true, next_page_starting_after: null}),
    page({}, {has_more: true, next_page_starting_after: 'ent_1'}),
  ];
  for (const fault of odd) {
    it(`${JSON.stringify(fault).slice(0, 120)} is an outage`, async () => {
      kinde.faults.set(path, fault);
      await assert.rejects(featuresOf(user(), 'orders'), Unavailable);
    });
  }

  it('whatever the reply: features that it names, or an outage', async () => {
    const item = fc.record({feature_key: fc.oneof(fc.string(), fc.jsonValue())}, {requiredKeys: []});
    const reply = fc.record({
      data: fc.record({
        org_code: fc.constantFrom('org_1', null),
        entitlements: fc.oneof(fc.array(item), fc.jsonValue()),
      }),
      metadata: fc.record({has_more: fc.constantFrom<unknown>(false, false, true, null)}),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(reply, fc.jsonValue()), async (body) => {
        kinde.faults.set(path, {status: 200, body: JSON.stringify(body)});
        const found = await featuresOf(user(), 'orders').catch((error) => {
          assert.ok(error instanceof Unavailable, String(error));
          return [];
        });
        for (const feature of found) assert.ok(JSON.stringify(body).includes(JSON.stringify(feature)));
      }),
      {numRuns: 150},
    );
  });
});
