// Entitlements from a source that is asked about one principal at a time: memory, then Redis where there is one.
import type {Settings} from '../../config/schema.ts';
import {weightOf} from '../../core/weight.ts';
import {type KeptGrants, keptGrantsCodec} from '../../entitlements/keptGrants.ts';
import {makeLookupEntitlements} from '../../entitlements/lookups.ts';
import type {LookupSource} from '../../entitlements/source.ts';
import {makeMemoryCache} from '../../store/memory.ts';
import {makeRedisCache} from '../../store/redisCache.ts';
import type {Shared} from '../shared.ts';
import type {Entitlements} from './entitlementsPart.ts';

const mostBytes = 32 * 1_048_576;

export const makeLookups = (
  source: LookupSource,
  settings: NonNullable<Settings['entitlements']>['cache'],
  {clocks, log, metrics, redis, revocation}: Shared,
): Entitlements => {
  const memory = makeMemoryCache<KeptGrants>({bytes: mostBytes, bytesOf: weightOf}, clocks.steady);
  const remote =
    redis &&
    makeRedisCache<KeptGrants>({
      redis: redis.cache,
      name: 'entitlements',
      prefix: redis.prefix,
      codec: keptGrantsCodec,
      seal: redis.seal,
      now: clocks.now,
      observer: metrics.cache,
    });
  const lookups = makeLookupEntitlements({
    source,
    memory,
    remote,
    settings,
    now: clocks.now,
    steady: clocks.steady,
    random: clocks.random,
    after: clocks.after,
    log: (level, message) => log[level]({}, message),
    observer: metrics.cache,
  });
  const endDrops = revocation.feed.onDrop(({drop, mark}) => lookups.drop(drop, mark));
  return {
    store: lookups,
    health: () => [lookups.health()],
    meter: () =>
      metrics.gauge('postern_cache_entries', () => [{labels: {cache: 'entitlements'}, value: memory.entries()}]),
    start: async () => {},
    close: async () => {
      endDrops();
      await lookups.close();
    },
  };
};
