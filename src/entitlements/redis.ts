// Entitlements from Redis as the store of record: all at the start, then what changes, within a second.
import type {Grant} from '../core/entitlement/entitlement.ts';
import {Unavailable} from '../core/unavailable.ts';
import {redisFault} from '../core/words/redisFault.ts';
import {type Entry, makeChangeStream, newestIn} from './changeStream.ts';
import type {Head} from './overlay.ts';
import {type Counts, countsIn, type RecordCalls, recordCall, recordKeys, refuseNewer} from './record.ts';
import {refuseLoss} from './recordLoss.ts';
import {readHead, readTenants, readUnderstood, readVersion} from './recordRead.ts';
import type {Follower, SnapshotSource} from './source.ts';

export interface RedisSourceParts {
  /** For reading much: its commands may take seconds. */
  readonly redis: RecordCalls;
  /** A connection of its own, since it blocks; its commands may take longer than it blocks. */
  readonly following: RecordCalls & {ready(): boolean; fault?(): string | undefined};
  readonly prefix: string;
  /** Milliseconds of a clock that never steps. */
  readonly steady: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log?: (message: string) => void;
}

/** Without a sign from the stream for this long, an unchanged version proves nothing. */
const silence = 5_000;
/** Without a connection for this long, changes are not followed. */
const patience = 2_000;
const tries = 3;
const firstPause = 100;
const longestPause = 5_000;

/**
 * The source `redis`: `postern entitlements load` and whoever follows docs/entitlements.md write, every instance reads.
 * Each write announces itself on a stream; what changed of a tenant is read and laid over the snapshot.
 */
export const makeRedisSource = (parts: RedisSourceParts): SnapshotSource => {
  const {redis, following, prefix, steady, sleep, log} = parts;
  const keys = recordKeys(prefix);
  const stream = makeChangeStream(following, keys.changes);
  let head: Head | undefined;
  let loaded: string | undefined;
  /** Where in the stream the first load began: what is announced after it is told. */
  let position: string | undefined;
  /** Something has changed that is not loaded yet, so nothing can be confirmed. */
  let due = false;
  let heard = Number.NEGATIVE_INFINITY;
  /** What the hashes held when they were last read whole, and under which version. */
  let held: {readonly version: string; readonly counts: Counts} | undefined;
  let ended = false;

  const load = async (known: string | undefined) => {
    try {
      return await read(known);
    } catch (error) {
      due = true;
      throw error;
    }
  };
  const read = async (known: string | undefined) => {
    const version = await readVersion(redis, prefix);
    if (version === undefined) {
      throw new Unavailable(
        'entitlements',
        new Error(`Redis holds none (no ${keys.version}): run postern entitlements load`),
      );
    }
    refuseNewer(prefix, version);
    if (version === known && !due && steady() - heard < silence) return 'unchanged';
    position ??= await newestIn(redis, keys.changes);
    for (let attempt = 0; attempt < tries; attempt++) {
      due = false;
      const before = await readVersion(redis, prefix);
      const current = await readHead(redis, prefix);
      const grants: Grant[] = [];
      const added = new Set<string>();
      let tenants = 0;
      for await (const tenant of readTenants(redis, prefix, current.plans, current.features)) {
        tenants += 1;
        // A tenant that comes twice, since its hash grew meanwhile, has not bought twice.
        if (tenant.grants.some(({add}) => add !== undefined)) {
          if (added.has(tenant.tenant)) continue;
          added.add(tenant.tenant);
        }
        for (const grant of tenant.grants) grants.push(grant);
      }
      // A load by somebody else in between would leave a mixture of two.
      if (before === undefined || (await readVersion(redis, prefix)) !== before) continue;
      const counts: Counts = [current.features.size, current.plans.size, current.flags.size, tenants];
      const loadedAs = countsIn(before);
      refuseLoss(prefix, counts, loadedAs, held?.version === before ? held.counts : undefined);
      held = {version: before, counts};
      head = current;
      loaded = before;
      return {version: before, snapshot: {...current, grants}, whole: loadedAs !== undefined};
    }
    throw new Unavailable('entitlements', new Error('they were replaced in Redis again and again while being read'));
  };

  const follow = async (reload: () => void, follower: Follower): Promise<void> => {
    const changed = () => {
      due = true;
      reload();
    };
    let at = '0-0';
    let first = true;
    let pause = firstPause;
    /** Since when there is no connection, by the steady clock. */
    let away: number | undefined;
    let told: string | undefined;
    const failed = (fault: string | undefined): void => {
      if (fault === told) return;
      told = fault;
      if (fault !== undefined) log?.(`entitlements: changes in Redis cannot be followed: ${fault}`);
      follower.failed?.(fault);
    };
    /** The first connection takes a moment, and so does a new one. */
    const waitForConnection = async (): Promise<void> => {
      if (!following.ready()) {
        away ??= steady();
        if (steady() - away > patience) failed(following.fault?.() ?? 'there is no connection');
      }
      await sleep(100);
    };
    /** Tenants that could not be understood when they were last read: until they can, nothing is confirmed. */
    let owed: ReadonlySet<string> = new Set();
    const take = async (entries: readonly Entry[]): Promise<void> => {
      if (head === undefined || entries.some(({field}) => field !== 'tenant')) return changed();
      const tenants = new Set([...owed, ...entries.map(({value}) => value)]);
      if (tenants.size === 0) return;
      // What cannot be understood of one tenant leaves it what it has, and keeps no other from being followed.
      const {changes, broken, fault} = await readUnderstood(following, prefix, [...tenants], head);
      if (changes.length > 0) follower.apply(changes);
      const isNew = broken.some((tenant) => !owed.has(tenant));
      owed = new Set(broken);
      if (fault === undefined) {
        if (changes.every(({grants}) => grants.length === 0)) await emptied();
        return;
      }
      failed(wordsOf(fault));
      // One that names an unknown plan may just be ahead of the plan: then the whole is read, and says so itself.
      if (isNew) changed();
    };
    /** Waits for changes, and takes them. False: some may have been missed. */
    const step = async (): Promise<boolean> => {
      const began = steady();
      const entries = await stream.next(at);
      pause = firstPause;
      if (ended) return false;
      if (owed.size === 0) failed(undefined);
      if (entries.length === 0) {
        const version = await readVersion(following, prefix);
        if (version === undefined || (loaded !== undefined && version !== loaded)) changed();
        if (await stream.missed(at)) return false;
        await take([]);
      } else {
        await take(entries);
        at = entries.at(-1)?.id ?? at;
      }
      if (owed.size === 0) {
        failed(undefined);
        confirm(follower, began);
      }
      return true;
    };
    while (!ended) {
      try {
        if (position === undefined || !following.ready()) {
          await waitForConnection();
          continue;
        }
        away = undefined;
        if (first) {
          first = false;
          at = position;
        } else if (await stream.missed(at)) {
          at = await stream.newest();
          changed();
        }
        while (await step());
      } catch (error) {
        if (ended) return;
        failed(wordsOf(error));
        if (error instanceof Unavailable) changed();
        await sleep(pause);
        pause = Math.min(longestPause, pause * 2);
      }
    }
  };
  const confirm = (follower: Follower, moment: number) => {
    heard = steady();
    if (due || loaded === undefined) return;
    follower.confirmed(moment);
  };
  /** Whoever takes the last grant away, and says so, leaves no hash: that is no loss. */
  const emptied = async (): Promise<void> => {
    if (held === undefined || (await recordCall(following, 'EXISTS', keys.grants)) !== 0) return;
    const [features, plans, flags] = held.counts;
    held = {version: held.version, counts: [features, plans, flags, 0]};
  };
  return {
    name: 'redis',
    where: `${keys.version.slice(0, -'version'.length)}* in Redis`,
    load,
    watch(changed, follower) {
      void follow(changed, follower);
      return () => {
        ended = true;
      };
    },
  };
};

const wordsOf = (error: unknown): string =>
  error instanceof Unavailable && error.cause instanceof Error ? error.cause.message : redisFault(error);
