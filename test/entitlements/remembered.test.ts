// The last good snapshot beyond the process: what is served by it, when, and what replaces it.
import assert from 'node:assert/strict';
import type {Grant, Snapshot} from '../../src/core/entitlement/entitlement.ts';
import {loadEntitlementIndex} from '../../src/core/entitlement/entitlementIndex.ts';
import type {Kept, Recalled, Standing} from '../../src/core/kept.ts';
import type {Principal} from '../../src/core/principal.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeSnapshotEntitlements} from '../../src/entitlements/cached.ts';
import {compilePattern} from '../../src/entitlements/pattern.ts';
import {makeRemembered} from '../../src/entitlements/remembered.ts';
import type {Follower, SnapshotSource} from '../../src/entitlements/source.ts';

const grantOf = (plan: string, tenant: string): Grant => ({plan, tenant, user: null, expires: null});
const snapshotOf = (...grants: Grant[]): Snapshot => ({
  features: new Map([
    ['orders', {permissions: []}],
    ['beta', {permissions: []}],
  ]),
  plans: new Map([
    ['pro', {features: ['orders'], default: false, rules: []}],
    ['early', {features: ['beta'], default: false, rules: []}],
  ]),
  flags: new Map(),
  grants,
});
const principal = (tenant: string): Principal => ({
  provider: 'acme',
  kind: 'user',
  subject: 'alice',
  tenant,
  roles: [],
  permissions: [],
  scopes: [],
  claims: {},
  amr: [],
});

/** A disk in memory. */
const makeDisk = (time: {now: number}) => {
  const files = new Map<string, Recalled>();
  const used = new Map<string, boolean>();
  const self = {
    files,
    used,
    broken: false,
    writes: [] as string[],
    standing: 'ours' as Standing,
    unchangedFor: 0,
  };
  const keep = (name: string): Kept => ({
    name,
    read: async (oldest) => {
      const found = files.get(name);
      return found !== undefined && time.now - found.asOf <= oldest ? found : undefined;
    },
    offer: async (asOf, texts) => {
      if (self.broken) return false;
      self.writes.push(name);
      files.set(name, {asOf, texts: [...texts()], where: `/state/${name}`});
      return true;
    },
    used: (is) => void used.set(name, is),
    standing: async () => self.standing,
    unchangedFor: async () => self.unchangedFor,
    end: () => {},
  });
  return {...self, self, keep};
};

describe('entitlements that were remembered', () => {
  let time: {now: number};
  let disk: ReturnType<typeof makeDisk>;
  const stores: {close(): Promise<void>}[] = [];
  beforeEach(() => {
    time = {now: 1_000_000};
    disk = makeDisk(time);
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  const open = (load: SnapshotSource['load'], asked = ['orders']) => {
    const said: string[] = [];
    let follower: Follower | undefined;
    const self = {load};
    let ids = 0;
    const store = makeSnapshotEntitlements({
      source: {
        name: 'test',
        load: (known) => self.load(known),
        watch: (_, told) => {
          follower = told;
          return () => {};
        },
      },
      remembered: makeRemembered({
        whole: disk.keep('entitlements'),
        since: disk.keep('entitlements-since'),
        newId: () => `id ${time.now} ${ids++}`,
        steady: () => time.now,
        every: 30_000,
      }),
      settings: {fresh: 1_000_000, stale: 600_000},
      buildIndex: (snapshot) => loadEntitlementIndex(snapshot, {compilePattern, pause: async () => {}}),
      asked: {features: asked.map((feature) => ({feature, rule: 'r'})), permissions: []},
      steady: () => time.now,
      random: () => 0,
      log: (level, message) => said.push(`${level} ${message}`),
    });
    stores.push(store);
    const has = (tenant: string, feature: string): boolean | string => {
      try {
        return store.entitled(principal(tenant), {feature}, new Map(), time.now) instanceof Promise
          ? 'late'
          : (store.entitled(principal(tenant), {feature}, new Map(), time.now) as {entitled: boolean}).entitled;
      } catch (error) {
        return error instanceof Unavailable ? 'unavailable' : String(error);
      }
    };
    return {store, said, has, self, tell: () => follower as Follower};
  };
  const gives = (snapshot: Snapshot) => async () => ({version: '1', snapshot});
  const away = async (): Promise<never> => {
    throw new Unavailable('entitlements', new Error('away'));
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
  const remember = async (...grants: Grant[]) => {
    await open(gives(snapshotOf(...grants))).store.start();
    await settle();
  };

  it('serve while the source is away, with their age, until they are too old', async () => {
    await remember(grantOf('pro', 't1'));
    time.now += 60_000;
    const {store, has, said} = open(away);
    await store.start();
    assert.deepEqual([has('t1', 'orders'), has('t1', 'beta'), has('t2', 'orders')], [true, false, false]);
    assert.equal(store.age(), 60);
    assert.deepEqual(store.health(), {
      part: 'entitlements',
      state: 'degraded',
      detail: 'away; serving those of 60 s ago, from /state/entitlements',
    });
    assert.equal(disk.used.get('entitlements'), true);
    assert.match(said.join(), /warn entitlements: serving 1 grants as they were 60 s ago, from \/state\/entitlements/);
    time.now += 540_001;
    assert.equal(has('t1', 'orders'), 'unavailable');
    assert.equal(store.health().state, 'unready');
  });

  it('are nothing where the source answers', async () => {
    await remember(grantOf('pro', 't1'));
    const {store, has} = open(gives(snapshotOf(grantOf('early', 't1'))));
    await store.start();
    assert.deepEqual([has('t1', 'orders'), has('t1', 'beta')], [false, true]);
    assert.equal(disk.used.get('entitlements'), false);
  });

  it('are loaded whole again, once, where another has written in their place and is gone', async () => {
    let loads = 0;
    const {store, tell} = open(async (known) => {
      loads += 1;
      return known === undefined ? gives(snapshotOf(grantOf('pro', 't1')))() : 'unchanged';
    });
    await store.start();
    await settle();
    for (const [standing, unchangedFor, expected, wrote] of [
      ['ours', 0, 1, 'entitlements-since'],
      ['another', 0, 1, undefined],
      ['to be written', 0, 1, undefined],
      ['another process', 60_000, 1, undefined],
      ['lost', 0, 2, 'entitlements'],
      ['another process', 60_001, 3, 'entitlements'],
    ] as const) {
      time.now += 6_000;
      Object.assign(disk.self, {standing, unchangedFor, writes: []});
      tell().confirmed(time.now);
      tell().confirmed(time.now);
      await settle();
      assert.deepEqual([loads, disk.self.writes.at(0)], [expected, wrote], standing);
    }
  });

  it('are replaced as soon as it does, whatever was changed in them since', async () => {
    await remember(grantOf('pro', 't1'));
    const {store, has, self} = open(away);
    await store.start();
    const asked: unknown[] = [];
    self.load = async (known) => {
      asked.push(known);
      return {version: '2', snapshot: snapshotOf(grantOf('early', 't1'))};
    };
    await store.refresh();
    assert.deepEqual(asked, [undefined]);
    assert.deepEqual([has('t1', 'orders'), has('t1', 'beta')], [false, true]);
    assert.equal(store.health().state, 'ready');
  });

  it('hold what changed since the whole, and its confirmed age', async () => {
    const {store, tell} = open(gives(snapshotOf(grantOf('pro', 't1'), grantOf('pro', 't2'))));
    await store.start();
    await settle();
    time.now += 10_000;
    tell().apply([
      {tenant: 't1', grants: []},
      {tenant: 't3', grants: [grantOf('early', 't3')]},
    ]);
    await settle();
    tell().confirmed(time.now);
    await settle();
    time.now += 1_000;
    const next = open(away);
    await next.store.start();
    assert.deepEqual([next.has('t1', 'orders'), next.has('t2', 'orders'), next.has('t3', 'beta')], [false, true, true]);
    assert.equal(next.store.age(), 1);
    // And the next whole one has them in it: nothing old is laid over it.
    next.self.load = gives(snapshotOf(grantOf('pro', 't1')));
    await next.store.refresh();
    assert.deepEqual([next.has('t1', 'orders'), next.has('t3', 'beta')], [true, false]);
  });

  it('changes are never laid over another whole than theirs', async () => {
    const {store, tell, self} = open(gives(snapshotOf(grantOf('pro', 't1'))));
    await store.start();
    await settle();
    tell().apply([{tenant: 't1', grants: []}]);
    tell().confirmed(time.now);
    await settle();
    time.now += 20_000;
    self.load = gives(snapshotOf(grantOf('pro', 't1')));
    await store.refresh();
    await settle();
    // The file of changes is still that of the whole before.
    assert.equal(disk.writes.at(-1), 'entitlements');
    const next = open(away);
    await next.store.start();
    assert.equal(next.has('t1', 'orders'), true);
  });

  it('a whole that could not be written has no changes written for it', async () => {
    await remember(grantOf('pro', 't1'));
    disk.self.broken = true;
    const {store, tell} = open(gives(snapshotOf(grantOf('early', 't1'))));
    await store.start();
    await settle();
    disk.self.broken = false;
    const before = disk.writes.length;
    tell().apply([{tenant: 't2', grants: []}]);
    tell().confirmed(time.now + 1);
    await settle();
    assert.equal(disk.writes.length, before);
  });

  it('that lack what the rules ask for are of no use', async () => {
    await remember(grantOf('pro', 't1'));
    const {store, has, said} = open(away, ['reports']);
    await store.start();
    assert.equal(has('t1', 'orders'), 'unavailable');
    assert.match(said.join(), /\/state\/entitlements is of no use: .*lacks the feature "reports"/);
  });

  for (const texts of [[], ['"m"'], ['"m"', 'nonsense'], ['"m"', '[[],[],[]]', '[["pro"]]'], ['"m"', '{}']]) {
    it(`that cannot be understood are nothing: ${texts.join(' ')}`, async () => {
      disk.files.set('entitlements', {asOf: time.now, texts, where: '/state/entitlements'});
      const {store, has} = open(away);
      await store.start();
      assert.equal(has('t1', 'orders'), 'unavailable');
    });
  }

  it('are taken after two seconds of silence, and the source is still waited for', async () => {
    await remember(grantOf('pro', 't1'));
    let answer: (found: {version: string; snapshot: Snapshot}) => void = () => {};
    const {store, has} = open(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const started = store.start();
    assert.equal(has('t1', 'orders'), 'unavailable');
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    assert.equal(has('t1', 'orders'), true);
    answer({version: '2', snapshot: snapshotOf(grantOf('early', 't1'))});
    await started;
    assert.deepEqual([has('t1', 'orders'), has('t1', 'beta')], [false, true]);
  });
});
