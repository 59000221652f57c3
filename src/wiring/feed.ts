// Revocations and invalidations: the feed, and the index of revocations that it fills.
import type {Settings} from '../config/schema.ts';
import {makeRevocationIndex, type RevocationIndex, type Revocations} from '../core/revocation.ts';
import type {Log} from '../observe/log.ts';
import type {Metrics} from '../observe/metrics.ts';
import {type Feed, makeFeed} from '../store/feed.ts';
import type {RedisParts} from './redis.ts';
import type {Clocks} from './shared.ts';

export interface RevocationFeed {
  readonly feed: Feed;
  readonly index: RevocationIndex;
  /** What a check asks: the index, or a refusal of everyone while the feed is lost and `onFeedLost` says so. */
  readonly revocations: Revocations;
  close(): Promise<void>;
}

/** A blocking read waits for a second; three are a dead connection. Milliseconds. */
const readingTimeout = 3_000;
const writingTimeout = 1_000;
const pruneInterval = 60_000;

export const makeRevocationFeed = (
  settings: Settings['revocation'],
  redis: RedisParts | undefined,
  {clocks, log, metrics}: {readonly clocks: Clocks; readonly log: Log; readonly metrics: Metrics},
): RevocationFeed => {
  const index = makeRevocationIndex();
  const feed = makeFeed({
    ...(redis && {
      redis: {
        reading: redis.open('feed', readingTimeout),
        writing: redis.open('announce', writingTimeout),
        prefix: redis.prefix,
        seal: redis.seal,
      },
    }),
    settings,
    now: clocks.now,
    random: clocks.random,
    sleep: clocks.sleep,
    log: (level, message) => log[level]({}, message),
  });
  feed.onMessage((message) => {
    if (message.kind === 'revoke') index.add(message.revocation);
  });
  const pruning = setInterval(() => index.prune(clocks.now()), pruneInterval).unref();
  metrics.gauge('postern_revocations', () => [{value: index.size}]);
  metrics.gauge('postern_revocation_feed_lag_seconds', () => [{value: feed.lag()}]);
  return {
    feed,
    index,
    revocations: feed.guard(index),
    close: async () => {
      clearInterval(pruning);
      await feed.close();
    },
  };
};
