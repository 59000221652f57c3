// The entitlement store from its settings: a source, and the cache before it.
import type {Settings} from '../config/schema.ts';
import type {EntitlementStore} from '../core/entitlement.ts';
import type {Health} from '../core/health.ts';
import {Unavailable} from '../core/unavailable.ts';
import {makeFileSource} from '../entitlements/file.ts';
import {makeHttpSource} from '../entitlements/http.ts';
import type {LookupSource, SnapshotSource} from '../entitlements/source.ts';
import {makeFronteggSource} from '../vendors/frontegg/entitlements.ts';
import {makeFrontierSource} from '../vendors/frontier/entitlements.ts';
import {makeKindeSource} from '../vendors/kinde/entitlements.ts';
import {makeLookups} from './lookups.ts';
import type {Shared} from './shared.ts';
import {makeSnapshots, openRedisSource} from './snapshots.ts';

export interface Entitlements {
  readonly store: EntitlementStore;
  health(): readonly Health[];
  /** Has its gauges read from now on; returns what ends that. Of two stores, only the one in force is to be read. */
  meter(): () => void;
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
  meter: () => () => {},
  start: async () => {},
  close: async () => {},
};

/** Equal settings give the same store (held.ts). */
export const makeEntitlements = (settings: Settings['entitlements'], shared: Shared): Entitlements => {
  if (settings === undefined) return nothingConfigured;
  return shared.holdEntitlements(JSON.stringify(settings), () => {
    const source = makeSource(settings, shared);
    if ('lookup' in source) return makeLookups(source, settings.cache, shared);
    return makeSnapshots(source, settings, shared);
  });
};

const makeSource = (
  {source}: EntitlementsSettings,
  {remote, redis, clocks, log}: Shared,
): SnapshotSource | LookupSource => {
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
      // The settings are checked, and app.ts refuses a reload that adds `redis`, which takes a restart.
      if (redis === undefined) throw new Error('entitlements from Redis without the setting redis');
      return openRedisSource(redis, clocks, (message) => log.warn({}, message));
  }
};
