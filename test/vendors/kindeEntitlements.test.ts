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

  it('numbers are the upper limits, plans are by their keys, and machines have none', async () => {
    const {holdings} = source();
    const call = async (who: Principal) => holdings?.lookup(who, await kinde.token(), never);
    const found = await call(user());
    assert.ok(
      found !== undefined && Object.values(found.amounts ?? {}).every(({amount}) => typeof amount === 'number'),
    );
    assert.deepEqual(await call(user({}, {kind: 'service'})), {features: {}});
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
