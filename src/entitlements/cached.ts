// Snapshots of entitlements, kept in memory: how old they may be, and how they become fresh again.
import type {EntitlementStore, Snapshot} from '../core/entitlement.ts';
import type {Health} from '../core/health.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type BuiltIndex, type Head, makeOverlay} from './overlay.ts';
import type {EntitlementCacheSettings} from './settings.ts';
import type {Fetched, SharedSnapshots} from './shared.ts';
import type {SnapshotSource, Versioned} from './source.ts';

/** Told of every look into a layer, for metrics. Must not throw. */
export interface LayerObserver {
  request(cache: string, layer: 'memory' | 'redis' | 'source', result: 'hit' | 'stale' | 'miss' | 'error'): void;
}

export interface SnapshotParts {
  readonly source: SnapshotSource;
  /** Lets instances fetch once for all; absent: each fetches for itself. */
  readonly shared?: SharedSnapshots | undefined;
  /** Milliseconds. */
  readonly settings: Pick<EntitlementCacheSettings, 'fresh' | 'stale'>;
  /** Makes the index without holding up the event loop. */
  readonly buildIndex: (snapshot: Snapshot) => Promise<BuiltIndex>;
  readonly now: () => number;
  readonly random: () => number;
  readonly log?: ((level: 'info' | 'warn', message: string) => void) | undefined;
  readonly observer?: LayerObserver | undefined;
}

export interface SnapshotEntitlements extends EntitlementStore {
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

const firstRetry = 500;

/**
 * Serves a snapshot from memory, at once and without a promise. While fresh it counts as it is; after `fresh`
 * milliseconds it is fetched again, and serves on meanwhile; while the source is out of reach it serves until it is
 * `stale` milliseconds old; then it throws Unavailable. A failed fetch is tried again with back-off.
 */
export const makeSnapshotEntitlements = (parts: SnapshotParts): SnapshotEntitlements => {
  const {source, shared, settings, buildIndex, now, random, log, observer} = parts;
  const overlay = makeOverlay(buildIndex, (reason) => {
    log?.('info', `entitlements: loading all again: ${reason}`);
    void refresh(true);
  });
  let version: string | undefined;
  /** When what is served was last known to be so. */
  let asOf = Number.NEGATIVE_INFINITY;
  let fault: string | undefined;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** `anew`: whatever anybody has fetched before. */
  let wanted: 'again' | 'anew' | undefined;
  let unwatch: (() => void) | undefined;
  let closed = false;

  const schedule = () => {
    clearTimeout(timer);
    if (closed) return;
    const pause =
      failures === 0 ? settings.fresh : Math.min(settings.fresh, firstRetry * 2 ** Math.min(failures - 1, 10));
    // Instances that were started together must not fetch together for ever.
    timer = setTimeout(() => void refresh(), pause * (0.8 + random() / 5)).unref();
  };

  const refresh = (anew = false): Promise<void> => {
    // Asked while a fetch is under way, which may have begun before the change: once more afterwards.
    wanted = anew || wanted === 'anew' ? 'anew' : 'again';
    running ??= fetchAll()
      .finally(() => {
        running = undefined;
        schedule();
      })
      .then(() => (wanted === undefined || closed ? undefined : refresh(wanted === 'anew')));
    return running;
  };
  const fetchAll = async (): Promise<void> => {
    while (wanted !== undefined && !closed) {
      const anew = wanted === 'anew';
      wanted = undefined;
      await attempt(anew);
    }
  };

  const attempt = async (anew: boolean): Promise<void> => {
    const began = overlay.moment();
    const known = anew ? undefined : version;
    try {
      const own = () => fetch(known);
      const fetched = shared === undefined || anew ? await own() : await shared.fetch(known, own);
      await adopt(fetched.found, fetched.asOf, began);
      if (fetched.fault !== undefined) throw fetched.fault;
      if (fault !== undefined) log?.('info', `entitlements: ${source.name} works again`);
      fault = undefined;
      failures = 0;
    } catch (error) {
      const message =
        error instanceof Unavailable && error.cause instanceof Error ? error.cause.message : String(error);
      if (message !== fault) log?.('warn', `entitlements: ${source.name}: ${message}; ${consequence()}`);
      fault = message;
      failures += 1;
    }
  };
  const fetch = async (known: string | undefined): Promise<Fetched> => {
    const asOf = now();
    try {
      const found = await source.load(known);
      observer?.request('entitlements', 'source', 'hit');
      return {found, asOf};
    } catch (error) {
      observer?.request('entitlements', 'source', 'error');
      throw error;
    }
  };
  const adopt = async (found: Versioned | 'unchanged', moment: number, began: number): Promise<void> => {
    if (found !== 'unchanged') {
      const built = await buildIndex(found.snapshot);
      const {features, plans, flags}: Head = found.snapshot;
      await overlay.rebase({features, plans, flags}, built, began);
      if (closed) return;
      version = found.version;
      log?.('info', `entitlements: ${built.grants} grants from ${source.name}`);
    }
    asOf = Math.max(asOf, moment);
  };
  const consequence = (): string =>
    version === undefined ? 'nothing to decide by yet' : 'keeping what was loaded before';
  const age = () => (now() - asOf) / 1_000;

  return {
    entitled(principal, question, attributes, moment) {
      const old = moment - asOf;
      const index = overlay.indexOf(principal.tenant);
      if (index === undefined || old > settings.stale) {
        observer?.request('entitlements', 'memory', 'miss');
        throw new Unavailable('entitlements', new Error(fault ?? 'no snapshot has been loaded yet'));
      }
      observer?.request('entitlements', 'memory', old > settings.fresh ? 'stale' : 'hit');
      return index.entitled(principal, question, attributes, moment);
    },
    health() {
      const part = 'entitlements';
      if (version === undefined) return {part, state: 'unready', detail: fault ?? 'nothing loaded yet'};
      const seconds = Math.round(age());
      if (now() - asOf > settings.stale) {
        return {
          part,
          state: 'unready',
          detail: `${fault ?? 'no answer'}; the last good ones are ${seconds} s old, too old`,
        };
      }
      if (fault !== undefined) return {part, state: 'degraded', detail: `${fault}; serving those of ${seconds} s ago`};
      return {part, state: 'ready'};
    },
    age,
    grants: overlay.grants,
    async start() {
      unwatch = source.watch?.(() => void refresh(), {
        apply: overlay.apply,
        confirmed: (moment) => {
          if (version !== undefined) asOf = Math.max(asOf, moment);
        },
      });
      await refresh();
    },
    refresh: () => refresh(true),
    async close() {
      closed = true;
      clearTimeout(timer);
      unwatch?.();
      await source.close?.();
    },
  };
};
