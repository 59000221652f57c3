// What a shadow decides with: caches, calls and circuits of its own, so that nothing of it is felt by who is answered.
import type {Settings} from '../../config/schema.ts';
import type {Log} from '../../observe/log.ts';
import {silentMetrics} from '../../observe/silentMetrics.ts';
import {type KeptPrincipal, weightOfKept} from '../../providers/verifiedCache.ts';
import {makeRemote} from '../../remote/client.ts';
import {makeMemoryCache} from '../../store/memory.ts';
import {makeCaches} from '../caches.ts';
import {makeHold} from '../held.ts';
import {type Shared, waysOf} from '../shared.ts';

/** Far fewer than in earnest: it may lag, and its misses cost nobody but itself. */
const mostPrincipals = {bytes: 16 * 1_048_576, bytesOf: weightOfKept};

/**
 * Revocations are those of the process. Redis is read only where entitlements are kept in it for good: what a shadow
 * finds out is for no other instance. Throws, naming the setting, if the authorities cannot be read.
 */
export const makeShadowShared = (settings: Settings, shared: Shared): Shared => {
  const {clocks, log} = shared;
  const remote = makeRemote({
    now: clocks.now,
    steady: clocks.steady,
    random: clocks.random,
    observer: silentMetrics.remote,
    ...waysOf(settings.remote),
  });
  return {
    ...shared,
    log: log.with({shadow: true}) as Log,
    metrics: silentMetrics,
    recent: undefined,
    spans: undefined,
    state: undefined,
    keepKeys: undefined,
    renewStateSeal: () => {},
    remote,
    redis: settings.entitlements?.source.type === 'redis' ? shared.redis : undefined,
    principals: makeMemoryCache<KeptPrincipal>(mostPrincipals, clocks.steady),
    makeCache: makeCaches(silentMetrics, undefined, clocks),
    holdEntitlements: makeHold(),
    holdProvider: makeHold(),
    health: () => [],
    start: async () => {},
    close: remote.close,
  };
};
