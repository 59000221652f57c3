// What lives as long as the process: clocks, log, metrics, calls to other services, the memory of verified principals.
import {isDeepStrictEqual} from 'node:util';
import type {Settings} from '../config/schema.ts';
import type {MakeFetchingCache} from '../core/cache.ts';
import type {Health} from '../core/health.ts';
import {type Log, makeLog} from '../observe/log.ts';
import {type Metrics, makeMetrics} from '../observe/metrics.ts';
import {makeRemoteObserver} from '../observe/observed.ts';
import {makeRecentDecisions, type RecentDecisions} from '../observe/recent.ts';
import {makeRedaction} from '../observe/redact.ts';
import {decisionSettingsOf} from '../observe/settings.ts';
import {makeSocketSink, type SocketSink} from '../observe/socketSink.ts';
import type {Spans} from '../observe/spans.ts';
import type {Provider} from '../providers/provider.ts';
import {type KeptPrincipal, weightOfKept} from '../providers/verifiedCache.ts';
import {makeRemote, type Remote} from '../remote/client.ts';
import type {State} from '../state/state.ts';
import {type MemoryCache, makeMemoryCache} from '../store/memory.ts';
import {sealKeysOf} from '../store/seal.ts';
import type {VendorParts} from '../vendors/vendor.ts';
import {version} from '../version.ts';
import {makeCaches} from './caches.ts';
import {type Clocks, clocks} from './clocks.ts';
import type {Entitlements} from './entitlements/entitlementsPart.ts';
import {makeRevocationFeed, type RevocationFeed} from './feed.ts';
import {type Hold, makeHold} from './held.ts';
import type {RedisParts} from './redis.ts';
import {keepKeysIn, makeStateSeal, openState, stateSealKey} from './state.ts';

/** Handed to every part that a configuration builds; a reload of the configuration keeps it. */
export interface Shared {
  readonly clocks: Clocks;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where decisions are told: the log, or one of their own. */
  readonly decisions: Log;
  /** The last decisions; absent where nobody may ask about them. */
  readonly recent: RecentDecisions | undefined;
  /** Takes out of JSON what must not be shown. */
  readonly redact: (json: string) => string;
  /** Spans of decisions and of what they wait for. Absent: nobody traces. */
  readonly spans: Spans | undefined;
  readonly remote: Remote;
  /** Absent: everything stays in this process's memory. */
  readonly redis: RedisParts | undefined;
  /** What was last good, on disk. Absent: nothing is kept there. */
  readonly state: State | undefined;
  /** The same for the keys of providers. */
  readonly keepKeys: VendorParts['keepKeys'];
  /** Seals on disk by the keys of these settings from now on. */
  renewStateSeal(settings: Settings): void;
  readonly revocation: RevocationFeed;
  /** Verified principals by the hash of their credential and of their provider's settings. */
  readonly principals: MemoryCache<KeptPrincipal>;
  /** Caches of remote facts; the same name gives the same cache, so that a reload keeps what is known. */
  readonly makeCache: MakeFetchingCache;
  /** Equal settings give the same entitlement store, for the same reason. */
  readonly holdEntitlements: Hold<Entitlements>;
  /** Equal settings give the same provider: a reload while its issuer is away keeps the keys. */
  readonly holdProvider: Hold<Provider>;
  health(): readonly Health[];
  /** Follows the feed. Never rejects. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Some 2 kB each for usual tokens: 30,000 in use at once. By bytes, for how large one is the issuer decides, or a caller. */
const mostPrincipals = {bytes: 64 * 1_048_576, bytesOf: weightOfKept};

/** What a process that serves has made before. */
interface Given {
  readonly log?: Log;
  /** Absent: nobody traces, and nothing is wrapped for it. */
  readonly spans?: Spans | undefined;
  /** It may keep things on disk, where the setting `state` says so. Absent: nothing is read or written there. */
  readonly keeps?: true;
}

/** `secrets`: those of the configuration in force, which the log leaves out wherever they turn up. */
export const makeShared = async (
  settings: Settings,
  secrets: () => readonly string[],
  given: Given = {},
): Promise<Shared> => {
  const {log = makeLog({settings: settings.log, secrets}), spans, keeps} = given;
  const metrics = makeMetrics({
    version,
    node: process.version,
    ...(spans && {exemplar: spans.position}),
    fault: (gauge, error) => log.error({gauge, err: error}, 'a metric could not be read: a bug in Postern'),
  });
  const socket = socketOf(settings.log, {clocks, log, metrics});
  const client = makeRemote({
    now: clocks.now,
    steady: clocks.steady,
    random: clocks.random,
    observer: makeRemoteObserver(metrics, log),
    ...waysOf(settings.remote),
  });
  const remote = spans === undefined ? client : traced(client, spans);
  const principals = makeMemoryCache<KeptPrincipal>(mostPrincipals, clocks.steady);
  metrics.gauge('postern_cache_entries', () => [{labels: {cache: 'principals'}, value: principals.entries()}]);
  // Loaded where it is used: the client takes 15 MiB.
  const connections = settings.redis && (await import('./redis.ts')).makeRedis(settings.redis, {clocks, log, metrics});
  const redis = spans && connections ? {...connections, cache: spans.redis(connections.cache)} : connections;
  const stateSeal = makeStateSeal(settings);
  let sealedBy = stateSealKey(settings);
  const state = keeps && settings.state && openState(settings.state, stateSeal, {clocks, log, metrics});
  const revocation = makeRevocationFeed(settings, redis, {clocks, log, metrics, state});
  // A start in the middle of a change of keys: whoever takes the old one out next needs it no more.
  if (sealKeysOf(sealedBy).length > 1) void state?.resealed();
  return {
    clocks,
    log,
    metrics,
    decisions: socket === undefined ? log : makeLog({settings: settings.log, secrets, sink: socket}),
    recent: recentOf(settings.admin),
    redact: makeRedaction(secrets),
    spans,
    remote,
    redis,
    state,
    renewStateSeal: (next) => {
      const key = stateSealKey(next);
      if (isDeepStrictEqual(key, sealedBy)) return;
      sealedBy = key;
      stateSeal.renew(key);
      void state?.resealed();
    },
    keepKeys: state && settings.state && keepKeysIn(state, settings.state),
    revocation,
    principals,
    makeCache: makeCaches(metrics, redis, clocks),
    holdEntitlements: makeHold(),
    holdProvider: makeHold(),
    health: () => [
      ...remote.health(),
      ...(redis?.health() ?? []),
      revocation.feed.health(),
      ...(state === undefined ? [] : [state.health()]),
      ...(socket === undefined ? [] : [socket.health()]),
    ],
    start: revocation.start,
    close: async () => {
      await revocation.close();
      await state?.close();
      await Promise.all([remote.close(), redis?.close(), socket?.close(), spans?.close()]);
    },
  };
};

/** The socket that `log.decisions.to` names; undefined: standard output. */
const socketOf = (
  {decisions}: Settings['log'],
  {clocks, log, metrics}: Pick<Shared, 'clocks' | 'log' | 'metrics'>,
): SocketSink | undefined => {
  const {to} = decisionSettingsOf(decisions);
  if (to === 'stdout') return undefined;
  const {after, random} = clocks;
  return makeSocketSink({path: to.replace(/^unix:(\/\/)?/, ''), dropped: metrics.decisionsDropped, after, random, log});
};

/** Those that trust somebody of their own, too. */
const traced = (remote: Remote, {call}: Spans): Remote => ({
  ...remote,
  call: call(remote.call),
  trusting(files, part) {
    const trusting = remote.trusting(files, part);
    return {...trusting, call: call(trusting.call)};
  },
});

const recentOf = ({token, decisions}: Settings['admin']): RecentDecisions | undefined =>
  token === undefined || decisions === 0 ? undefined : makeRecentDecisions({count: decisions});

export const waysOf = ({proxy, noProxy, ca}: Settings['remote']) => ({
  noProxy,
  ...(proxy !== undefined && {proxy}),
  ...(ca !== undefined && {caFile: ca}),
});
