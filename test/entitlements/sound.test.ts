// What is not taken over: the same questions to every source of snapshots, and what stays in force meanwhile.
import assert from 'node:assert/strict';
import type {Grant, Snapshot} from '../../src/core/entitlement/entitlement.ts';
import {refuseLoss} from '../../src/entitlements/recordLoss.ts';
import {unsoundGrants, unsoundHead} from '../../src/entitlements/sound.ts';
import type {SnapshotSource} from '../../src/entitlements/source.ts';
import {grant, openEntitlements, snapshot} from './rig.ts';

const wanted = [{feature: 'orders', rule: 'read-orders'}];
const asked = {features: wanted, permissions: [{permission: 'free', rule: 'sell'}]};
const many = (count: number): Grant[] => Array.from({length: count}, (_, at) => grant(`t${at}`));
const without = (part: 'features' | 'plans' | 'grants', from: Snapshot = snapshot(grant('t1'))): Snapshot => ({
  ...from,
  [part]: part === 'grants' ? [] : new Map(),
});

describe('a snapshot that is not whole', () => {
  const rows: [what: string, before: Snapshot, after: Snapshot, refusal: RegExp, whole?: boolean][] = [
    [
      'nothing at all',
      snapshot(grant('t1')),
      {...without('features', without('plans')), grants: []},
      /holds no features/,
    ],
    ['no features', snapshot(grant('t1')), without('features'), /names what is not there: plans\.pro\.features\[0\]/],
    ['no plans', snapshot(grant('t1')), without('plans'), /1 grants that name no tenant, or a plan/],
    [
      'a flag of nothing',
      snapshot(grant('t1')),
      {...snapshot(grant('t1')), flags: new Map([['x', {on: true, default: true, off: true, rules: []}]])},
      /flags\.x: there is no feature "x"/,
    ],
    [
      'a feature that a rule asks for is gone',
      snapshot(grant('t1')),
      {features: new Map([['reports', {permissions: []}]]), plans: new Map(), flags: new Map(), grants: []},
      /lacks the feature "orders", which the rule "read-orders" asks for/,
      true,
    ],
    [
      'all of many grants are gone',
      snapshot(...many(20)),
      without('grants'),
      /has no grants, after 20; if that is meant/,
    ],
    ['most of very many', snapshot(...many(2_000)), snapshot(...many(900)), /has 900 grants, after 2000/],
  ];
  for (const [what, before, after, refusal, whole = false] of rows) {
    it(`${what}: the last good one stays, degraded; nothing to stay: unready`, async () => {
      let next = {version: 'v1', snapshot: before, whole};
      const source: SnapshotSource = {
        name: 'test',
        load: async (known) => (known === next.version ? 'unchanged' : next),
      };
      const running = openEntitlements({source, asked});
      await running.store.start();
      assert.equal(running.log.filter((line) => /"sell" asks for the entitled permission "free"/.test(line)).length, 1);
      const first = [running.says('t1'), running.store.grants()];
      next = {version: 'v2', snapshot: after, whole};
      await running.store.refresh();
      assert.equal(running.store.health().state, 'degraded');
      assert.match(running.store.health().detail ?? '', refusal);
      assert.match(running.store.health().detail ?? '', /^test /, 'where');
      assert.deepEqual([running.says('t1'), running.store.grants()], first);
      next = {version: 'v3', snapshot: before, whole};
      await running.store.refresh();
      assert.equal(running.store.health().state, 'ready');
      await running.close();
      if (unsoundHead(after, wanted, whole) === undefined) return;
      next = {version: 'v2', snapshot: after, whole};
      const fresh = openEntitlements({source, asked});
      await fresh.store.start();
      assert.deepEqual([fresh.store.health().state, fresh.says('t1')], ['unready', 'unavailable']);
      assert.match(fresh.store.health().detail ?? '', refusal);
      await fresh.close();
    });
  }

  it('what a source confirms while its newest was refused does not make the old one young', async () => {
    let now = 1_000_000;
    let confirm = (_: number) => {};
    let next = {version: 'v1', snapshot: snapshot(grant('t1'))};
    const source: SnapshotSource = {
      name: 'test',
      load: async () => next,
      watch: (_, follower) => {
        confirm = follower.confirmed;
        return () => {};
      },
    };
    const {store, close} = openEntitlements({source, asked, now: () => now});
    await store.start();
    now += 5_000;
    next = {version: 'v2', snapshot: without('features')};
    await store.refresh();
    confirm(now);
    assert.equal(store.age(), 5);
    await close();
  });
});

describe('less than before', () => {
  const rows: [now: number, before: number, whole: boolean, refused: boolean][] = [
    [0, 9, false, false],
    [0, 10, false, true],
    [0, 10, true, false],
    [499, 1_000, false, true],
    [500, 1_000, false, false],
    [1, 999, false, false],
    [1, 1_000_000, true, false],
  ];
  for (const [grants, before, whole, refused] of rows) {
    it(`${grants} grants after ${before}${whole ? ', counted' : ''}: ${refused ? 'refused' : 'taken over'}`, () =>
      assert.equal(unsoundGrants({grants}, before, whole) !== undefined, refused));
  }
});

describe('a record in Redis that has lost something', () => {
  type Row = [what: string, found: number[], loaded: number[] | undefined, known: number[] | undefined, lost: string];
  const rows: Row[] = [
    ['as loaded', [2, 1, 1, 5], [2, 1, 1, 5], undefined, ''],
    ['features, at a first start', [1, 1, 1, 5], [2, 1, 1, 5], undefined, 'features'],
    ['flags, at a first start', [2, 1, 0, 5], [2, 1, 1, 5], undefined, 'flags'],
    ['all grants, at a first start', [2, 1, 1, 0], [2, 1, 1, 5], undefined, 'grants'],
    ['most grants', [2, 1, 1, 499], [2, 1, 1, 1_000], undefined, 'grants'],
    ['tenants that were taken away', [2, 1, 1, 1], [2, 1, 1, 5], undefined, ''],
    ['plans, of a record by hand', [2, 0, 1, 5], undefined, [2, 1, 1, 5], 'plans'],
    ['all grants, of a record by hand', [2, 1, 1, 0], undefined, [2, 1, 1, 1], 'grants'],
    ['the last grant was taken away and said so', [2, 1, 1, 0], [2, 1, 1, 5], [2, 1, 1, 0], ''],
    ['a record by hand, at a first start', [2, 1, 0, 0], undefined, undefined, ''],
  ];
  for (const [what, found, loaded, known, lost] of rows) {
    it(`${what}: ${lost || 'good'}`, () => {
      const look = () => refuseLoss('p:', found as never, loaded as never, known as never);
      if (lost === '') look();
      else {
        assert.throws(look, (error: Error & {cause?: Error}) => {
          assert.match(error.cause?.message ?? '', new RegExp(`^p:\\{entitlements\\}:${lost} has`));
          return true;
        });
      }
    });
  }
});
