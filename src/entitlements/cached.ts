// Snapshots of entitlements, kept in memory: how old they may be, and how they become fresh again.
import type {EntitlementStore, Snapshot} from '../core/entitlement/entitlement.ts';
import type {Health} from '../core/health.ts';
import {makeRecall} from '../core/recall.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type BuiltIndex, type Head, makeOverlay} from './overlay.ts';
import {firstRetry, type How, makeRefreshing} from './refreshing.ts';
import type {Remembered} from './remembered.ts';
import type {EntitlementCacheSettings} from './settings.ts';
import type {Fetched, SharedSnapshots} from './shared.ts';
import {type Asked, unsoldPermissions, unsoundGrants, unsoundHead, unsuppliedAttributes} from './sound.ts';
import type {SnapshotSource, Versioned} from './source.ts';

/** Told of every look into a layer, for metrics. Must not throw. */
export interface LayerObserver {
  request(cache: string, layer: 'memory' | 'redis' | 'source', result: 'hit' | 'stale' | 'miss' | 'error'): void;
}

export interface SnapshotParts {
  readonly source: SnapshotSource;
  /** Lets instances fetch once for all; absent: each fetches for itself. */
  readonly shared?: SharedSnapshots | undefined;
  /** What was last good, beyond the process; absent: nothing is kept. */
  readonly remembered?: Remembered | undefined;
  /** Milliseconds. */
  readonly settings: Pick<EntitlementCacheSettings, 'fresh' | 'stale'>;
  /** Makes the index without holding up the event loop. */
  readonly buildIndex: (snapshot: Snapshot) => Promise<BuiltIndex>;
  /** What the rules ask for: without their features a snapshot is not taken over. */
  readonly asked?: Asked | undefined;
  /** Milliseconds of a clock that never steps: ages go by it. */
  readonly steady: () => number;
  readonly random: () => number;
  readonly log?: ((level: 'info' | 'warn', message: string) => void) | undefined;
  readonly observer?: LayerObserver | undefined;
}

/** Throws Unavailable if there is something wrong. */
const refuseUnsound = ({name, where = name}: SnapshotSource, what: string | undefined): void => {
  if (what !== undefined) throw new Unavailable('entitlements', new Error(`${where} ${what}`));
};

export interface SnapshotEntitlements extends EntitlementStore {
  grantsOf: NonNullable<EntitlementStore['grantsOf']>;
  isGranted(tenant: string, now: number): boolean;
  health(): Health;
  /** Seconds since what is served was known to be so; Infinity while there is nothing to serve. */
  age(): number;
  grants(): number;
  /** Loads the first snapshot and keeps it fresh. Resolves when the first attempt is over; never rejects. */
  start(): Promise<void>;
  /** Fetches again now, whatever the age; for a message on the feed. Never rejects. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds by which wall clock and steady clock part: more is a step, or a machine that slept. */
const step = 10_000;

/**
 * Serves a snapshot from memory, at once and without a promise. While fresh it counts as it is; after `fresh`
 * milliseconds it is fetched again, and serves on meanwhile; while the source is out of reach it serves until it is
 * `stale` milliseconds old; then it throws Unavailable. A failed fetch is tried again with back-off. What is not sound
 * (sound.ts) is a failed fetch. Until the source has answered for the first time, what was remembered serves, if there is
 * any and it is not older than `stale`.
 */
export const makeSnapshotEntitlements = (parts: SnapshotParts): SnapshotEntitlements => {
  const {
    source,
    shared,
    remembered,
    settings,
    buildIndex,
    asked = {features: [], permissions: []},
    steady,
    random,
    log,
    observer,
  } = parts;
  const overlay = makeOverlay(buildIndex, (reason) => {
    log?.('info', `entitlements: loading all again: ${reason}`);
    void refresh('anew');
  });
  let version: string | undefined;
  /** Where what is served was remembered; undefined: it is of the source. */
  let recalledFrom: string | undefined;
  /** The source has given something: what was remembered comes too late. */
  let isLoading = false;
  /** When what is served was last known to be so, by the steady clock. */
  let asOf = Number.NEGATIVE_INFINITY;
  let fault: string | undefined;
  /** Why the source cannot say what changes. */
  let unfollowed: string | undefined;
  let unwatch: (() => void) | undefined;
  let closed = false;
  /** Wall clock less steady clock, as last seen; and when something was last fetched out of turn. */
  let apart: number | undefined;
  let kicked = Number.NEGATIVE_INFINITY;
  /** Warnings that have been given. */
  const told = new Set<string>();

  const attempt = async (how: How): Promise<boolean> => {
    const began = overlay.moment();
    // Whatever was remembered, the source gives the whole first: it need not go on from there.
    const known = how === 'anew' || recalledFrom !== undefined ? undefined : version;
    try {
      const own = () => fetch(known);
      const fetched = shared === undefined || how === 'anew' ? await own() : await shared.fetch(known, own);
      await adopt(fetched.found, fetched.asOf, began);
      if (fetched.fault !== undefined) throw fetched.fault;
      if (fault !== undefined) log?.('info', `entitlements: ${source.name} works again`);
      fault = undefined;
      return true;
    } catch (error) {
      const message =
        error instanceof Unavailable && error.cause instanceof Error ? error.cause.message : String(error);
      if (message !== fault) log?.('warn', `entitlements: ${source.name}: ${message}; ${consequence()}`);
      fault = message;
      if (version === undefined) await recall.instead();
      return false;
    }
  };
  const {refresh, isRunning, end} = makeRefreshing({attempt, fresh: settings.fresh, random});
  const fetch = async (known: string | undefined): Promise<Fetched> => {
    const asOf = steady();
    try {
      const found = await source.load(known);
      // Before it is shared: what is not taken over here must not stand in Redis in the place of what is good.
      if (found !== 'unchanged')
        refuseUnsound(source, unsoundHead(found.snapshot, asked.features, found.whole === true));
      observer?.request('entitlements', 'source', 'hit');
      return {found, asOf};
    } catch (error) {
      observer?.request('entitlements', 'source', 'error');
      throw error;
    }
  };
  const adopt = async (found: Versioned | 'unchanged', moment: number, began: number): Promise<void> => {
    if (found !== 'unchanged') {
      const whole = found.whole === true;
      refuseUnsound(source, unsoundHead(found.snapshot, asked.features, whole));
      const built = await buildIndex(found.snapshot);
      refuseUnsound(source, unsoundGrants(built, overlay.grants(), whole));
      const {features, plans, flags}: Head = found.snapshot;
      isLoading = true;
      remembered?.replacing();
      await overlay.rebase({features, plans, flags}, built, began);
      if (closed) return;
      version = found.version;
      recalledFrom = undefined;
      remembered?.replaced(moment, found.snapshot);
      for (const sentence of [
        ...unsoldPermissions({features}, asked),
        ...unsuppliedAttributes({plans, flags}, asked),
      ]) {
        if (!told.has(sentence)) log?.('warn', `entitlements: ${source.where ?? source.name}: ${sentence}`);
        told.add(sentence);
      }
      log?.('info', `entitlements: ${built.grants} grants from ${source.name}`);
    }
    confirm(moment);
  };
  const confirm = (moment: number): void => {
    asOf = Math.max(asOf, moment);
    void remembered?.confirmed(asOf, overlay.changes).then((what) => {
      if (what === 'again' && !closed) void refresh('anew');
    });
  };
  /** Serves what was remembered, unless the source has answered. */
  const readRemembered = async (): Promise<void> => {
    const found = await remembered?.recall(settings.stale);
    if (found === undefined) return;
    try {
      const {features, plans, flags}: Head = found.snapshot;
      refuseUnsound(source, unsoundHead(found.snapshot, asked.features, true));
      const built = await buildIndex(found.snapshot);
      if (isLoading || closed) return;
      await overlay.rebase({features, plans, flags}, built, overlay.moment());
      if (isLoading) return;
      version = 'remembered';
      recalledFrom = found.where;
      asOf = Math.max(asOf, found.asOf);
      remembered?.used(true);
      log?.(
        'warn',
        `entitlements: serving ${built.grants} grants as they were ${Math.round(age())} s ago, from ${found.where}`,
      );
    } catch (error) {
      const why = error instanceof Unavailable && error.cause instanceof Error ? error.cause.message : String(error);
      log?.('warn', `entitlements: ${found.where} is of no use: ${why}`);
    }
  };
  const recall = makeRecall(remembered && readRemembered, (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds).unref();
    return () => clearTimeout(timer);
  });
  const consequence = (): string =>
    version === undefined ? 'nothing to decide by yet' : 'keeping what was loaded before';
  const age = () => (steady() - asOf) / 1_000;
  /** A step of the wall clock, or facts that have become too old, do not wait for the next turn. */
  const look = (moment: number, at: number, old: number): void => {
    const distance = moment - at;
    const stepped = apart !== undefined && Math.abs(distance - apart) > step;
    apart ??= distance;
    if (!(stepped || old > settings.stale) || isRunning() || closed || at - kicked < firstRetry) return;
    kicked = at;
    apart = distance;
    void refresh();
  };

  /** What knows this tenant, or Unavailable. */
  const indexFor = (tenant: string | undefined, moment: number | undefined): BuiltIndex => {
    const at = steady();
    const old = at - asOf;
    if (moment !== undefined) look(moment, at, old);
    const index = overlay.indexOf(tenant);
    if (index === undefined || old > settings.stale) {
      observer?.request('entitlements', 'memory', 'miss');
      throw new Unavailable('entitlements', new Error(fault ?? 'no snapshot has been loaded yet'));
    }
    observer?.request('entitlements', 'memory', old > settings.fresh ? 'stale' : 'hit');
    return index;
  };

  return {
    entitled: (principal, question, attributes, moment) =>
      indexFor(principal.tenant, moment).entitled(principal, question, attributes, moment),
    isGranted: (tenant, moment) => indexFor(tenant, moment).isGranted(tenant, moment),
    holdings: (principal, features, attributes, moment) =>
      indexFor(principal.tenant, moment).holdings(principal, features, attributes, moment),
    grantsOf: (tenant, user, most) => indexFor(tenant, undefined).grantsOf(tenant, user, most),
    catalog: () => indexFor(undefined, undefined).catalog(),
    whence: () =>
      version === undefined ? undefined : {source: recalledFrom ?? source.where ?? source.name, age: Math.round(age())},
    health() {
      const part = 'entitlements';
      if (version === undefined) return {part, state: 'unready', detail: fault ?? 'nothing loaded yet'};
      const seconds = Math.round(age());
      if (steady() - asOf > settings.stale) {
        return {
          part,
          state: 'unready',
          detail: `${fault ?? 'no answer'}; the last good ones are ${seconds} s old, too old`,
        };
      }
      if (fault !== undefined || recalledFrom !== undefined) {
        const from = recalledFrom === undefined ? '' : `, from ${recalledFrom}`;
        return {
          part,
          state: 'degraded',
          detail: `${fault ?? 'no answer yet'}; serving those of ${seconds} s ago${from}`,
        };
      }
      if (unfollowed !== undefined) {
        const meanwhile = `what changes is seen by the next whole load, within ${settings.fresh / 1_000} s`;
        return {part, state: 'degraded', detail: `changes cannot be followed: ${unfollowed}; ${meanwhile}`};
      }
      return {part, state: 'ready'};
    },
    age,
    grants: overlay.grants,
    async start() {
      unwatch = source.watch?.(() => void refresh(), {
        apply: overlay.apply,
        confirmed: (moment) => {
          // What was refused is not confirmed by what the source goes on to tell.
          if (version !== undefined && recalledFrom === undefined && fault === undefined) confirm(moment);
        },
        failed: (why) => {
          unfollowed = why;
        },
      });
      const inTime = recall.inTime();
      await refresh();
      inTime();
    },
    refresh: () => refresh('anew'),
    async close() {
      closed = true;
      end();
      unwatch?.();
      await source.close?.();
    },
  };
};
