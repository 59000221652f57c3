// Entitlements that are asked for one principal at a time: what is asked again, what is shared, what is dropped.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Entitled, Question} from '../../src/core/entitlement/entitlement.ts';
import {DeadlinePassed, Unavailable} from '../../src/core/unavailable.ts';
import {type KeptGrants, keptGrantsCodec} from '../../src/entitlements/keptGrants.ts';
import {makeLookupEntitlements} from '../../src/entitlements/lookups.ts';
import type {LookupSource, PrincipalGrants} from '../../src/entitlements/source.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {clocks} from '../../src/wiring/clocks.ts';
import {principal} from '../support/requests.ts';

const now = 1_700_000_000_000;

const rig = (remote?: Map<string, KeptGrants>) => {
  const self = {
    now,
    /** Absent: it goes as `now` does. */
    steady: undefined as number | undefined,
    asked: [] as string[],
    next: {features: {orders: null}} as PrincipalGrants | Error,
  };
  const source: LookupSource = {
    name: 'vendor',
    keyOf: ({tenant}) => `tenant:${tenant}`,
    lookup: async ({tenant}) => {
      self.asked.push(`${tenant}`);
      await sleep(5);
      if (self.next instanceof Error) throw self.next;
      return self.next;
    },
  };
  const layers: string[] = [];
  const store = makeLookupEntitlements({
    source,
    memory: makeMemoryCache<KeptGrants>({entries: 100}, () => self.steady ?? self.now),
    ...(remote !== undefined && {
      remote: {get: async (key) => remote.get(key), set: async (key, value) => void remote.set(key, value)},
    }),
    settings: {fresh: 30_000, stale: 600_000, negative: 5_000},
    now: () => self.now,
    steady: () => self.steady ?? self.now,
    random: () => 0,
    after: clocks.after,
    observer: {request: (_cache, layer, result) => layers.push(`${layer} ${result}`)},
  });
  const ask = async (question: Question = {feature: 'orders'}, tenant = 't1', fields = {}): Promise<string> => {
    try {
      const answer: Entitled = await store.entitled(principal({tenant, ...fields}), question, new Map(), self.now);
      return answer.entitled ? 'yes' : answer.justification;
    } catch (error) {
      return error instanceof Unavailable ? 'unavailable' : String(error);
    }
  };
  return {store, self, ask, layers};
};

describe('looked-up entitlements, slower than the asker may wait', () => {
  it('each waits until its own deadline, and the answer is there for the next: one question for all', async () => {
    const {promise, resolve} = Promise.withResolvers<PrincipalGrants>();
    const deadlines: number[] = [];
    const store = makeLookupEntitlements({
      source: {
        name: 'vendor',
        keyOf: () => 'all',
        lookup: (_principal, _feature, _credential, deadline) => {
          deadlines.push(deadline);
          return promise;
        },
      },
      memory: makeMemoryCache<KeptGrants>({}, () => now),
      settings: {fresh: 30_000, stale: 600_000, negative: 5_000},
      now: () => now,
      steady: () => now,
      random: () => 0,
      after: clocks.after,
    });
    const ask = async (deadline: number) =>
      store.entitled(principal(), {feature: 'orders'}, new Map(), now, {credential: 'token', deadline});
    await assert.rejects(
      ask(now + 20),
      (error) =>
        error instanceof Unavailable && error.cause instanceof DeadlinePassed && /entitlements/.test(error.message),
    );
    await assert.rejects(ask(now + 20), Unavailable);
    const patient = ask(now + 60_000);
    resolve({features: {orders: null}});
    assert.deepEqual(await patient, {entitled: true});
    assert.deepEqual(await ask(now), {entitled: true}, 'from memory');
    assert.deepEqual(deadlines, [now + 5_000]);
  });
});

describe('looked-up entitlements', () => {
  const rows: [string, PrincipalGrants, Question, readonly string[], string][] = [
    ['a grant without end', {features: {orders: null}}, {feature: 'orders'}, [], 'yes'],
    ['a live grant', {features: {orders: now + 1}}, {feature: 'orders'}, [], 'yes'],
    ['a grant that ends now', {features: {orders: now}}, {feature: 'orders'}, [], 'bundle-expired'],
    ['no grant', {features: {other: null}}, {feature: 'orders'}, [], 'missing-feature'],
    ['no grant, named like a method', {features: {}}, {feature: 'constructor'}, [], 'missing-feature'],
    ['a permission that is not held', {features: {}}, {permission: 'orders.read'}, [], 'missing-permission'],
    ['a held permission without link', {features: {}}, {permission: 'orders.read'}, ['orders.read'], 'missing-feature'],
    [
      'linked to what is bought',
      {features: {orders: null}, permissionFeatures: {'orders.read': ['x', 'orders']}},
      {permission: 'orders.read'},
      ['orders.read'],
      'yes',
    ],
    [
      'linked to what has ended',
      {features: {orders: 1}, permissionFeatures: {'orders.read': ['x', 'orders']}},
      {permission: 'orders.read'},
      ['orders.read'],
      'bundle-expired',
    ],
    [
      'linked to what is not bought',
      {features: {}, permissionFeatures: {'orders.read': ['x']}},
      {permission: 'orders.read'},
      ['orders.read'],
      'missing-feature',
    ],
  ];
  for (const [what, grants, question, permissions, expected] of rows) {
    it(what, async () => {
      const {self, ask} = rig();
      self.next = grants;
      assert.equal(await ask(question, 't1', {permissions}), expected);
    });
  }

  it('one question to the source however many wait; then none while fresh', async () => {
    const {self, ask} = rig();
    assert.deepEqual(await Promise.all(Array.from({length: 50}, () => ask())), Array(50).fill('yes'));
    self.now += 29_999;
    await ask();
    assert.deepEqual(self.asked, ['t1']);
  });

  it('a step of the wall clock makes nothing older or younger', async () => {
    const remote = new Map<string, KeptGrants>();
    const {self, ask} = rig(remote);
    self.steady = 1_000;
    await ask();
    const kept = [...remote.values()].map(({at}) => at);
    assert.deepEqual(kept, [self.now], 'Redis has the wall clock, which is what instances share');
    for (const step of [3_600_000, -3_600_000]) {
      self.now += step;
      assert.equal(await ask(), 'yes');
      assert.equal(self.asked.length, 1, `after a step of ${step}`);
    }
    self.next = new Unavailable('entitlements', new Error('gone'));
    self.now -= 3_600_000;
    self.steady += 600_001;
    assert.equal(await ask(), 'unavailable', 'ten minutes have passed, whatever the clock says');
  });

  it('stale: served at once, asked again meanwhile', async () => {
    const {self, ask, store, layers} = rig();
    await ask();
    self.now += 30_000;
    self.next = {features: {}};
    const answer = store.entitled(principal(), {feature: 'orders'}, new Map(), self.now);
    assert.deepEqual(answer, {entitled: true}, 'without a promise');
    assert.equal(layers.at(-1), 'memory stale');
    await sleep(20);
    assert.equal(await ask(), 'missing-feature');
    assert.deepEqual(self.asked, ['t1', 't1']);
  });

  it('the source away: what is known serves until too old, and the source is not pressed', async () => {
    const {self, ask, store} = rig();
    await ask();
    self.next = new Unavailable('entitlements', new Error('gone'));
    self.now += 599_999;
    for (let at = 0; at < 20; at++) {
      assert.equal(await ask(), 'yes');
      await sleep(2);
    }
    assert.equal(self.asked.length, 2, 'once, then rest');
    assert.equal(store.health().state, 'degraded');
    self.now += 1;
    assert.equal(await ask(), 'unavailable');
    self.next = {features: {orders: null}};
    assert.equal(await ask(), 'yes');
    assert.equal(store.health().state, 'ready');
  });

  it('having nothing counts for a shorter time', async () => {
    const {self, ask} = rig();
    self.next = {features: {}};
    assert.equal(await ask(), 'missing-feature');
    self.now += 5_000;
    self.next = {features: {orders: null}};
    await ask();
    await sleep(20);
    assert.equal(await ask(), 'yes');
  });

  it('shared through Redis: another instance does not ask', async () => {
    const redis = new Map<string, KeptGrants>();
    const [one, two] = [rig(redis), rig(redis)];
    await one.ask();
    assert.equal(await two.ask(), 'yes');
    assert.deepEqual(two.self.asked, []);
  });

  it('a bug in the source is not hidden as an outage', async () => {
    const {self, ask} = rig();
    self.next = new TypeError('bug');
    assert.equal(await ask(), 'TypeError: bug');
  });

  it('drops: of a tenant, a subject, everyone; in every layer, for whoever has heard of it', async () => {
    const drops: [object, boolean][] = [
      [{tenant: 't1'}, true],
      [{tenant: 't2'}, false],
      [{subject: 'u1'}, true],
      [{subject: 'u2'}, false],
      [{tenant: 't1', subject: 'u1'}, true],
      [{tenant: 't2', subject: 'u1'}, false],
      [{}, true],
    ];
    for (const [drop, dropped] of drops) {
      const redis = new Map<string, KeptGrants>();
      const [one, two] = [rig(redis), rig(redis)];
      await one.ask();
      await two.ask();
      for (const each of [one, two]) {
        each.store.drop(drop, '1-0');
        each.self.next = {features: {}};
      }
      const expected = dropped ? 'missing-feature' : 'yes';
      assert.deepEqual([await one.ask(), await two.ask()], [expected, expected], JSON.stringify(drop));
      assert.deepEqual(two.self.asked, [], 'one has asked for both');
    }
  });

  it('values from Redis that are not exactly such an answer are misses', () => {
    const good = {at: 1, grants: {features: {a: null, b: 5}, permissionFeatures: {p: ['a']}}};
    assert.deepEqual(keptGrantsCodec.decode(good), good);
    const {grants} = good;
    const bad: unknown[] = [
      null,
      'x',
      [],
      {},
      {grants},
      {at: '1', grants},
      {at: 1},
      {at: 1, grants: {}},
      {at: 1, grants: {features: ['a']}},
      {at: 1, grants: {features: {a: '2030'}}},
      {at: 1, grants: {features: {}, permissionFeatures: {p: 'a'}}},
      {at: 1, grants: {features: {}, permissionFeatures: {p: [1]}}},
    ];
    for (const json of bad) assert.equal(keptGrantsCodec.decode(json), undefined, JSON.stringify(json));
  });
});
