// Entitlements from a source that gives whole snapshots: from memory, fetched once for all instances where that is safe.
import {setImmediate} from 'node:timers/promises';
import type {Settings} from '../../config/schema.ts';
import {loadEntitlementIndex} from '../../core/entitlement/entitlementIndex.ts';
import {makeSnapshotEntitlements} from '../../entitlements/cached.ts';
import {compilePattern} from '../../entitlements/pattern.ts';
import {makeRedisSource} from '../../entitlements/redis.ts';
import {makeRemembered} from '../../entitlements/remembered.ts';
import {makeKeptSnapshots, makeSharedSnapshots} from '../../entitlements/shared.ts';
import type {Asked} from '../../entitlements/sound.ts';
import type {SnapshotSource} from '../../entitlements/source.ts';
import type {State} from '../../state/state.ts';
import {makePieces} from '../../store/pieces.ts';
import type {RedisConnection} from '../../store/redis.ts';
import type {Clocks} from '../clocks.ts';
import type {RedisParts} from '../redis.ts';
import type {Shared} from '../shared.ts';
import type {Entitlements} from './entitlementsPart.ts';

type EntitlementsSettings = NonNullable<Settings['entitlements']>;

/** Milliseconds that a command may take: a page of a thousand tenants, a piece of half a megabyte, a read that waits. */
const bulkTimeout = 30_000;
const followingTimeout = 2_500;
const piecesTimeout = 5_000;
/** Milliseconds that the first load waits for its connection. */
const patience = 2_000;
/** Milliseconds within which instances that hear of a drop fetch anew: not all at once, and yet within a second. */
const spread = 300;

/** What a snapshot is for. */
export interface Use {
  readonly asked: Asked;
  /** Where they come from, in words, for what is kept on disk. */
  readonly identity: string;
  /** Names what is kept of a file. */
  readonly deployment: string;
}

export const makeSnapshots = (
  source: SnapshotSource,
  settings: EntitlementsSettings,
  {asked, deployment, identity}: Use,
  shared: Shared,
): Entitlements => {
  const {clocks, log, metrics, revocation, state} = shared;
  const sharing = makeSharing(settings, deployment, shared);
  const snapshots = makeSnapshotEntitlements({
    source,
    shared: sharing?.snapshots,
    remembered: state && rememberedIn(state, identity, settings.cache.fresh, clocks),
    settings: settings.cache,
    buildIndex: (snapshot) => loadEntitlementIndex(snapshot, {compilePattern, pause: setImmediate}),
    asked,
    steady: clocks.steady,
    random: clocks.random,
    log: (level, message) => log[level]({}, message),
    observer: metrics.cache,
  });
  let pending: (() => void) | undefined;
  const endDrops = revocation.feed.onDrop(({live}) => {
    // What was dropped before the start has been seen by the first load.
    if (!live || pending !== undefined) return;
    pending = clocks.after(clocks.random() * spread, () => {
      pending = undefined;
      void snapshots.refresh();
    });
  });
  return {
    store: snapshots,
    health: () => [snapshots.health()],
    meter: () => {
      const ends = [
        metrics.gauge('postern_entitlements_age_seconds', () => [{value: snapshots.age()}]),
        metrics.gauge('postern_entitlements_grants', () => [{value: snapshots.grants()}]),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
    start: snapshots.start,
    close: async () => {
      endDrops();
      pending?.();
      await Promise.all([snapshots.close(), sharing?.close()]);
    },
  };
};

/** Milliseconds between two writings of all entitlements, which may be many. */
const wholePause = 10_000;

const rememberedIn = (state: State, identity: string, every: number, {newId, steady}: Clocks) =>
  makeRemembered({
    whole: state.keep('entitlements', identity, wholePause),
    since: state.keep('entitlements-since', identity),
    newId,
    steady,
    every,
  });

/**
 * What Redis has to do with snapshots: it is where one instance fetches for all (http, frontegg), or where the last good
 * file survives (file); the source `redis` needs no copy of itself. What is kept is named by the source's settings, so
 * that instances with others never read it; a file's by its deployment, too, for two applications may have files of one
 * path. It is sealed where there is a key: without one, whoever can write to Redis
 * could grant.
 */
const makeSharing = ({source, cache}: EntitlementsSettings, deployment: string, {clocks, redis, metrics}: Shared) => {
  if (redis === undefined || source.type === 'redis') return undefined;
  const named = source.type === 'file' ? [source, deployment] : source;
  const connection = redis.open('snapshots', piecesTimeout);
  const pieces = makePieces({
    redis: connection,
    prefix: redis.prefix,
    name: `snapshot:${source.type}:${redis.nameOf(JSON.stringify(named))}`,
    keep: cache.stale,
    seal: redis.seal,
    now: clocks.now,
  });
  const make = source.type === 'file' ? makeKeptSnapshots : makeSharedSnapshots;
  const {now, steady, sleep} = clocks;
  const snapshots = make({
    pieces,
    now,
    steady,
    sleep,
    settings: cache,
    connected: () => connected(connection, clocks),
    observer: metrics.cache,
  });
  return {snapshots, close: connection.close};
};

/** The source `redis`, on two connections of its own: one that reads much, one that waits for changes. */
export const openRedisSource = (redis: RedisParts, clocks: Clocks, log: (message: string) => void): SnapshotSource => {
  const bulk = redis.open('entitlements', bulkTimeout);
  const following = redis.open('entitlements-following', followingTimeout);
  const {steady, sleep} = clocks;
  const source = makeRedisSource({redis: bulk, following, prefix: redis.prefix, steady, sleep, log});
  let waited: Promise<void> | undefined;
  return {
    ...source,
    load: async (known) => {
      waited ??= connected(bulk, clocks);
      await waited;
      return source.load(known);
    },
    close: async () => {
      await Promise.all([bulk.close(), following.close()]);
    },
  };
};

/** Resolves with the first connection, or when it takes too long. */
const connected = (connection: RedisConnection, {after}: Clocks): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      giveUp();
      forget();
      resolve();
    };
    const giveUp = after(patience, done);
    const forget = connection.onReady(done);
  });
