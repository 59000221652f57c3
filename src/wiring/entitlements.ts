// The entitlement store from its settings: a source, and the cache before it.
import {setImmediate} from 'node:timers/promises';
import type {Settings} from '../config/schema.ts';
import type {EntitlementStore} from '../core/entitlement.ts';
import {loadEntitlementIndex} from '../core/entitlementIndex.ts';
import type {Health} from '../core/health.ts';
import {Unavailable} from '../core/unavailable.ts';
import {makeSnapshotEntitlements} from '../entitlements/cached.ts';
import {makeFileSource} from '../entitlements/file.ts';
import {makeHttpSource} from '../entitlements/http.ts';
import {compilePattern} from '../entitlements/pattern.ts';
import type {LookupSource, SnapshotSource} from '../entitlements/source.ts';
import {makeFronteggSource} from '../vendors/frontegg/entitlements.ts';
import {makeFrontierSource} from '../vendors/frontier/entitlements.ts';
import {makeKindeSource} from '../vendors/kinde/entitlements.ts';
import {makeLookups} from './lookups.ts';
import type {Shared} from './shared.ts';

export interface Entitlements {
  readonly store: EntitlementStore;
  health(): readonly Health[];
  start(): Promise<void>;
  close(): Promise<void>;
}

type EntitlementsSettings = NonNullable<Settings['entitlements']>;

/** Without the setting no rule can ask (the configuration's checks see to it); if one did, it would not be let through. */
const nothingConfigured: Entitlements = {
  store: {
    entitled: () => {
      throw new Unavailable('entitlements', new Error('the setting `entitlements` is missing'));
    },
  },
  health: () => [],
  start: async () => {},
  close: async () => {},
};

export const makeEntitlements = (settings: Settings['entitlements'], shared: Shared): Entitlements => {
  if (settings === undefined) return nothingConfigured;
  const {clocks, log, metrics} = shared;
  const source = makeSource(settings, shared);
  if ('lookup' in source) return makeLookups(source, settings.cache, shared);
  const snapshots = makeSnapshotEntitlements({
    source,
    settings: settings.cache,
    buildIndex: (snapshot) => loadEntitlementIndex(snapshot, {compilePattern, pause: setImmediate}),
    now: clocks.now,
    random: clocks.random,
    log: (level, message) => log[level]({}, message),
    observer: metrics.cache,
  });
  const ends = [
    metrics.gauge('postern_entitlements_age_seconds', () => [{value: snapshots.age()}]),
    metrics.gauge('postern_entitlements_grants', () => [{value: snapshots.grants()}]),
  ];
  return {
    store: snapshots,
    health: () => [snapshots.health()],
    start: snapshots.start,
    close: async () => {
      for (const end of ends) end();
      await snapshots.close();
    },
  };
};

const makeSource = ({source}: EntitlementsSettings, {remote, clocks, log}: Shared): SnapshotSource | LookupSource => {
  switch (source.type) {
    case 'file':
      return makeFileSource(source.path);
    case 'http':
      return makeHttpSource(source, remote.call);
    case 'frontegg':
      return makeFronteggSource(source, {call: remote.call, now: clocks.now});
    case 'frontier':
      return makeFrontierSource(source, {call: remote.call, now: clocks.now, log});
    case 'kinde':
      return makeKindeSource(source, remote.call);
    case 'redis':
      throw new Error('entitlements from Redis are being wired');
  }
};
