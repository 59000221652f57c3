// Revocations: the set that a process decides by, and the feed that keeps it in step with Redis and the others.
import {setImmediate} from 'node:timers/promises';
import type {Settings} from '../config/schema.ts';
import type {Revocations} from '../core/revocation.ts';
import {makeRevocationSet, type RevocationSet} from '../core/revocationSet.ts';
import type {Log} from '../observe/log.ts';
import type {Metrics} from '../observe/metrics.ts';
import {type Feed, makeFeed} from '../store/feed.ts';
import {makeRevocationRedis} from '../store/revocationRedis.ts';
import type {Clocks} from './clocks.ts';
import type {RedisParts} from './redis.ts';
import {withTolerances} from './tolerances.ts';

export interface RevocationFeed {
  readonly feed: Feed;
  readonly set: RevocationSet;
  /** What the checks of a configuration ask: each provider has its own tolerance for clocks. */
  of(settings: Settings): Revocations;
  close(): Promise<void>;
}

/** A blocking read waits for half a second; three are a dead connection. Milliseconds. */
const readingTimeout = 3_000;
const writingTimeout = 1_000;
const pruneInterval = 60_000;
/** Without `entitlements` nothing is cached that a drop could concern. */
const dropsMatterLeast = 60_000;

export const makeRevocationFeed = (
  {revocation, entitlements}: Settings,
  redis: RedisParts | undefined,
  {clocks, log, metrics}: {readonly clocks: Clocks; readonly log: Log; readonly metrics: Metrics},
): RevocationFeed => {
  const {now, steady, random, newId, sleep} = clocks;
  const set = makeRevocationSet(Math.floor(random() * 2 ** 32));
  const feed = makeFeed({
    redis:
      redis &&
      makeRevocationRedis({
        reading: redis.open('feed', readingTimeout),
        writing: redis.open('announce', writingTimeout),
        prefix: redis.prefix,
        seal: redis.seal,
        newMark: newId,
      }),
    set,
    settings: revocation,
    dropsMatter: Math.max(dropsMatterLeast, 2 * (entitlements?.cache.stale ?? 0)),
    now,
    steady,
    random,
    newId,
    sleep,
    pause: () => setImmediate(),
    log: (level, message) => log[level]({}, message),
  });
  const pruning = setInterval(() => void feed.prune(), pruneInterval).unref();
  metrics.gauge('postern_revocations', () => [{value: set.size}]);
  metrics.gauge('postern_revocation_feed_lag_seconds', () => [{value: feed.lag()}]);
  metrics.gauge('postern_revocations_unannounced', () => [{value: feed.unannounced()}]);
  return {
    feed,
    set,
    of: (settings) => withTolerances(settings, feed),
    close: async () => {
      clearInterval(pruning);
      await feed.close();
    },
  };
};
