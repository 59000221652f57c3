// The state directory of a process that serves, where the setting `state` has one; and what things kept there depend on.
import {hash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {uptime} from 'node:os';
import type {Settings} from '../config/schema.ts';
import type {Log} from '../observe/log.ts';
import type {Metrics} from '../observe/metrics.ts';
import type {MachineClocks} from '../state/age.ts';
import {makeState, type State} from '../state/state.ts';
import {makeSeal, type RenewableSeal, type SealKey} from '../store/seal.ts';
import type {VendorParts} from '../vendors/vendor.ts';
import type {Clocks} from './clocks.ts';

type StateSettings = NonNullable<Settings['state']>;

/** The settings that say how the state directory is sealed. */
interface Sealing {
  readonly state?: Settings['state'] | undefined;
  readonly redis?: Settings['redis'] | undefined;
}

/** Names the start of the machine: its uptime is comparable as long as it is the same. */
const bootId = (): string | undefined => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    // Not Linux: ages go by the wall clock alone.
    return undefined;
  }
};

export const machineClocks = ({now, steady}: Clocks): MachineClocks => ({
  now,
  steady,
  uptime: () => uptime() * 1_000,
  boot: bootId(),
});

/** Under it a change by chance shows, and one on purpose does not: everybody knows it. The configuration is warned of. */
const noKey = 'postern state without a key';

/** What seals the state directory: its own key, else that of Redis. */
export const makeStateSeal = (settings: Sealing): RenewableSeal => makeSeal(stateSealKey(settings), 'state');

export const stateSealKey = ({state, redis}: Sealing): SealKey => state?.sealKey ?? redis?.sealKey ?? noKey;

export const openState = (
  {dir, maxBytes}: StateSettings,
  seal: RenewableSeal,
  {clocks, log, metrics}: {readonly clocks: Clocks; readonly log: Log; readonly metrics: Metrics},
): State => {
  const state = makeState({
    dir,
    maxBytes,
    seal,
    owner: process.geteuid?.(),
    clocks: machineClocks(clocks),
    newId: clocks.newId,
    after: clocks.after,
    log: (level, message) => log[level]({}, message),
    observer: metrics.state,
  });
  metrics.gauge('postern_state_age_seconds', () =>
    state.shown().flatMap(({kept, age}) => (age === undefined ? [] : [{labels: {kept}, value: age}])),
  );
  metrics.gauge('postern_state_in_use', () =>
    state.shown().map(({kept, inUse}) => ({labels: {kept}, value: inUse ? 1 : 0})),
  );
  return state;
};

/** Keys of a provider, and of each member of a family, under names that are good for files. */
export const keepKeysIn =
  (state: State, {stale}: StateSettings): NonNullable<VendorParts['keepKeys']> =>
  (provider, identity, member) => {
    const named = member === undefined ? '' : ` ${hash('sha256', member, 'hex').slice(0, 16)}`;
    return {kept: state.keep(`keys ${provider}${named}`, withoutQueries(identity)), oldest: stale};
  };

/** Which Redis, and which part of it, without user name and password. */
export const redisIdentity = (redis: Settings['redis']): string => {
  if (redis === undefined) return 'no Redis';
  const {url, cluster, sentinel, prefix} = redis;
  const nodes = (all: readonly {readonly host: string; readonly port: number}[]): string =>
    all
      .map(({host, port}) => `${host}:${port}`)
      .sort()
      .join(',');
  const {host, pathname} = url === undefined ? {host: '', pathname: ''} : new URL(url);
  const single = `${host}${pathname === '/' || pathname === '' ? '/0' : pathname}`;
  const several =
    sentinel === undefined
      ? `cluster ${nodes(cluster ?? [])}`
      : `master ${sentinel.master} of ${nodes(sentinel.nodes)}`;
  return `Redis ${url === undefined ? several : single} prefix ${prefix}`;
};

/** Settings of a source that change nothing of what it answers with, and secrets, which rotate. */
const besides = new Set([
  'token',
  'apiKey',
  'clientSecret',
  'timeout',
  'maxBytes',
  'ca',
  'clientCertificate',
  'insecure',
]);

/** Where entitlements come from, in words; nothing in it is secret. */
export const sourceIdentity = ({source}: NonNullable<Settings['entitlements']>, redis: Settings['redis']): string => {
  if (source.type === 'redis') return `source redis, ${redisIdentity(redis)}`;
  const told = Object.entries(source)
    .filter(([name, value]) => name !== 'type' && !besides.has(name) && value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return withoutQueries([`source ${source.type}`, ...told].join(', '));
};

/** A query may hold a key, and what is told here is readable on disk: its hash tells it from another one. */
const withoutQueries = (told: string): string =>
  told.replace(/\?[^\s,]+/g, (query) => `?${hash('sha256', query, 'hex').slice(0, 16)}`);
