// Revocations: the set that a process decides by, and the feed that keeps it in step with Redis and the others.
import {setImmediate} from 'node:timers/promises';
import type {Settings} from '../config/schema.ts';
import type {Journal, JournalRead} from '../core/kept.ts';
import type {Revocations} from '../core/revocation/revocation.ts';
import {makeRevocationSet, type RevocationSet} from '../core/revocation/revocationSet.ts';
import type {Log} from '../observe/log.ts';
import type {Metrics} from '../observe/metrics.ts';
import type {State} from '../state/state.ts';
import {type Feed, makeFeed} from '../store/feed.ts';
import {readElement, writtenElement} from '../store/revocationForm.ts';
import {makeRevocationRedis} from '../store/revocationRedis.ts';
import type {Clocks} from './clocks.ts';
import type {RedisParts} from './redis.ts';
import {redisIdentity} from './state.ts';
import {withTolerances} from './tolerances.ts';

export interface RevocationFeed {
  readonly feed: Feed;
  readonly set: RevocationSet;
  /** What the checks of a configuration ask: each provider has its own tolerance for clocks. */
  of(settings: Settings): Revocations;
  /** Reads those on disk, and follows the feed. Never rejects. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A blocking read waits for half a second; three are a dead connection. Milliseconds. */
const readingTimeout = 3_000;
const writingTimeout = 1_000;
const pruneInterval = 60_000;
const longestWriting = 1_000;
const longestReading = 30_000;
/** Revocations that are read without a pause. */
const slice = 200;
/** Without `entitlements` nothing is cached that a drop could concern. */
const dropsMatterLeast = 60_000;

export const makeRevocationFeed = (
  {revocation, entitlements, redis: redisSettings}: Settings,
  redis: RedisParts | undefined,
  {
    clocks,
    log,
    metrics,
    state,
  }: {readonly clocks: Clocks; readonly log: Log; readonly metrics: Metrics; readonly state?: State | undefined},
): RevocationFeed => {
  const {now, steady, random, newId, sleep} = clocks;
  const journal = state?.journal('revocations', redisIdentity(redisSettings));
  let isReading = journal !== undefined;
  let readUpTo: number | undefined;
  const set = makeRevocationSet(Math.floor(random() * 2 ** 32), (element) => {
    // What comes before the journal is begun is written with all others then.
    if (!isReading) journal?.add(writtenElement(element));
  });
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
    kept: journal && {isReading: () => isReading, asOf: () => readUpTo},
  });
  const pruning = setInterval(() => void feed.prune(), pruneInterval).unref();
  metrics.gauge('postern_revocations', () => [{value: set.size}]);
  metrics.gauge('postern_revocation_feed_lag_seconds', () => [{value: feed.lag()}]);
  metrics.gauge('postern_revocations_unannounced', () => [{value: feed.unannounced()}]);
  /** Takes over what the disk knows. */
  const adopt = async ({texts, asOf}: JournalRead): Promise<void> => {
    readUpTo = asOf;
    let known = 0;
    for (const [at, text] of texts.entries()) {
      const element = readElement(text);
      if (element !== undefined && set.add(element, redis === undefined)) known += 1;
      if (at % slice === slice - 1) await clocks.pause();
    }
    if (known > 0) log.info({}, `state: ${known} revocations that only the disk knew were read from there`);
  };
  const recall = async (from: Journal): Promise<void> => {
    const reading = from.read();
    // A disk that hangs is not waited for without end; what it gives later counts from then on.
    const found = await Promise.race([reading, sleep(longestReading).then(() => undefined)]);
    if (found === undefined) {
      log.warn({}, 'state: the revocations on disk could not be read in 30 s: they count when they have been');
      void reading.then(adopt);
    } else await adopt(found);
    isReading = false;
    function* written() {
      for (const element of set.elements()) yield writtenElement(element);
    }
    from.begin(written, feed.upTo);
  };
  /** Acknowledged is what is on the disk, too; one that hangs is not waited for. */
  const add: Feed['add'] = async (element) => {
    const announced = feed.add(element);
    if (journal !== undefined) await Promise.race([journal.written(), sleep(longestWriting)]);
    return announced;
  };
  return {
    feed: journal === undefined ? feed : {...feed, add},
    start: async () => {
      await Promise.all([journal && recall(journal), feed.start()]);
    },
    set,
    of: (settings) => withTolerances(settings, feed),
    close: async () => {
      clearInterval(pruning);
      await feed.close();
    },
  };
};
