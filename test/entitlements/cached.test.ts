// How old a snapshot may be: fresh, stale while fetched again, stale while the source is away, too old.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {Unavailable} from '../../src/core/unavailable.ts';
import type {Follower, SnapshotSource} from '../../src/entitlements/source.ts';
import {until} from '../store/rig.ts';
import {grant, openEntitlements, snapshot} from './rig.ts';

const outage = (why: string) => new Unavailable('entitlements', new Error(why));

/** A source that answers what the test puts into `next`, and a clock that it turns. */
const rig = (settings = {fresh: 1_000, stale: 5_000}) => {
  const self = {
    now: 1_700_000_000_000,
    loads: [] as (string | undefined)[],
    next: ['v1', 't1'] as [string, string] | Error,
  };
  let follower: Follower | undefined;
  let changed = () => {};
  const source: SnapshotSource = {
    name: 'test',
    load: async (known) => {
      self.loads.push(known);
      if (self.next instanceof Error) throw self.next;
      const [version, tenant] = self.next;
      return version === known ? 'unchanged' : {version, snapshot: snapshot(grant(tenant))};
    },
    watch: (callback, given) => {
      changed = callback;
      follower = given;
      return () => undefined;
    },
  };
  const opened = openEntitlements({source, settings, now: () => self.now});
  return {
    ...opened,
    self,
    changed: () => changed(),
    apply: (changes: Parameters<Follower['apply']>[0]) => follower?.apply(changes),
    confirmed: (moment: number) => follower?.confirmed(moment),
  };
};

describe('cached snapshots', () => {
  it('without any, there is no answer; health says why', async () => {
    const {store, says, self, close} = rig();
    self.next = outage('nobody there');
    assert.equal(says('t1'), 'unavailable');
    await store.start();
    assert.equal(says('t1'), 'unavailable');
    assert.deepEqual(store.health(), {part: 'entitlements', state: 'unready', detail: 'nobody there'});
    await close();
  });

  it('by age', async () => {
    const {store, says, self, layers, close} = rig();
    await store.start();
    self.next = outage('gone');
    const began = self.now;
    const rows: [number, string, string][] = [
      [0, 'yes', 'memory hit'],
      [1_000, 'yes', 'memory hit'],
      [1_001, 'yes', 'memory stale'],
      [5_000, 'yes', 'memory stale'],
      [5_001, 'unavailable', 'memory miss'],
    ];
    for (const [age, answer, layer] of rows) {
      self.now = began + age;
      assert.equal(says('t1'), answer, `at ${age}`);
      assert.equal(layers.at(-1), layer, `at ${age}`);
      assert.equal(store.age(), age / 1_000);
    }
    assert.equal(store.health().state, 'unready');
    await close();
  });

  it('a step of the wall clock changes no age, and has what is served looked at again', async () => {
    let [wall, steady, loads] = [1_700_000_000_000, 5_000, 0];
    const source: SnapshotSource = {
      name: 'test',
      load: async () => {
        loads += 1;
        return {version: `v${loads}`, snapshot: snapshot(grant('t1'))};
      },
    };
    const {store, says, close} = openEntitlements({source, now: () => wall, steady: () => steady});
    await store.start();
    assert.equal(says('t1'), 'yes');
    for (const step of [20 * 60_000, -3_600_000, 86_400_000]) {
      const before = loads;
      wall += step;
      steady += 1_000;
      assert.equal(says('t1'), 'yes', `right after a step of ${step}`);
      await until('it was fetched again', () => says('t1') === 'yes' && loads === before + 1);
      assert.equal(store.health().state, 'ready');
    }
    assert.equal(says('t1'), 'yes');
    assert.equal(loads, 4, 'once for each step');
    await close();
  });

  it('a step back does not make stale facts fresh', async () => {
    let [wall, steady] = [1_700_000_000_000, 5_000];
    let gone = false;
    const load = async () => {
      if (gone) throw outage('gone');
      return {version: 'v1', snapshot: snapshot(grant('t1'))};
    };
    const {store, says, close} = openEntitlements({
      source: {name: 'test', load},
      now: () => wall,
      steady: () => steady,
    });
    await store.start();
    gone = true;
    wall -= 3_600_000;
    steady += 600_001;
    assert.equal(says('t1'), 'unavailable');
    assert.equal(store.health().state, 'unready');
    await close();
  });

  it('too old: asked for at once, not at the next turn, and not by every request', async () => {
    let [steady, loads] = [5_000, 0];
    const load = async () => {
      loads += 1;
      if (loads === 2) throw outage('gone');
      return {version: `v${loads}`, snapshot: snapshot(grant('t1'))};
    };
    const {store, says, close} = openEntitlements({source: {name: 'test', load}, now: () => 0, steady: () => steady});
    await store.start();
    steady += 600_001;
    for (let request = 0; request < 100; request++) assert.equal(says('t1'), 'unavailable');
    await until('it was asked for', () => loads === 2 && /gone/.test(store.health().detail ?? ''));
    assert.equal(says('t1'), 'unavailable');
    assert.equal(loads, 2);
    steady += 500;
    says('t1');
    await until('it is there', () => says('t1') === 'yes');
    assert.equal(loads, 3);
    await close();
  });

  it('a fetch that fails keeps the last good ones; one that works makes them young again', async () => {
    const {store, says, self, log, close} = rig();
    await store.start();
    self.now += 3_000;
    self.next = outage('gone');
    await store.refresh();
    assert.deepEqual([says('t1'), store.health().state, store.age()], ['yes', 'degraded', 3]);
    self.next = ['v1', 't1'];
    await store.refresh();
    assert.deepEqual([store.health().state, store.age()], ['ready', 0]);
    assert.equal(log.filter((line) => line.startsWith('warn')).length, 1, log.join('\n'));
    await close();
  });

  it('fetches again by itself, also after failures', async () => {
    const {store, says, self, close} = rig({fresh: 100, stale: 60_000});
    await store.start();
    self.next = new TypeError('a bug in the source');
    await until('a failure', () => store.health().state === 'degraded');
    self.next = ['v2', 't2'];
    await until('the new one', () => says('t2') === 'yes');
    assert.ok(self.loads.includes('v1'), 'asks with the mark that it has');
    await close();
    const loads = self.loads.length;
    await sleep(250);
    assert.equal(self.loads.length, loads, 'ends with close');
  });

  it('a change that is told while a fetch is under way is fetched afterwards', async () => {
    const {store, says, self, changed, close} = rig();
    const first = store.start();
    self.next = ['v2', 't2'];
    changed();
    await first;
    await until('the newest', () => says('t2') === 'yes');
    await close();
  });

  it('lays changes of a tenant over the snapshot, and forgets them with the next whole one', async () => {
    const {store, says, self, apply, close} = rig();
    await store.start();
    apply([
      {tenant: 't2', grants: [grant('t2', 'max')]},
      {tenant: 't1', grants: []},
      {tenant: 't3', grants: [grant('t3'), grant('t3', 'pro', {user: 'u1'}), grant('t3', 'pro', {user: 'u2'})]},
    ]);
    await until('it counts', () => says('t2', 'reports') === 'yes');
    assert.equal(says('t1'), 'missing-feature');
    assert.equal(store.grants(), 4);
    apply([{tenant: 't3', grants: [grant('t3', 'pro', {user: 'u1'})]}]);
    await until('it counts', () => store.grants() === 2);
    self.next = ['v2', 't1'];
    await store.refresh();
    assert.deepEqual([says('t1'), says('t2')], ['yes', 'missing-feature']);
    assert.equal(store.grants(), 1);
    await close();
  });

  it('a change that is told while a new snapshot is being read is laid over it too', async () => {
    const {store, says, self, apply, close} = rig();
    await store.start();
    self.next = ['v2', 't1'];
    const under = store.refresh();
    apply([{tenant: 't2', grants: [grant('t2')]}]);
    await under;
    await until('both count', () => says('t1') === 'yes' && says('t2') === 'yes');
    await close();
  });

  it('what the source confirms is young', async () => {
    const {store, self, confirmed, close} = rig();
    await store.start();
    self.now += 4_000;
    confirmed(self.now - 500);
    assert.equal(store.age(), 0.5);
    confirmed(self.now - 3_000);
    assert.equal(store.age(), 0.5, 'never older by it');
    await close();
  });
});
