// The store as app.ts wires it, for tests: connections, guard, caches and feeds on a real Redis, and what to measure.
import {setTimeout as sleep} from 'node:timers/promises';
import type {CacheCodec} from '../../src/core/cache.ts';
import {makeFeed} from '../../src/store/feed.ts';
import {makeGuardedRedis} from '../../src/store/guarded.ts';
import {openRedis} from '../../src/store/redis.ts';
import {makeRedisCache} from '../../src/store/redisCache.ts';
import {makeSeal} from '../../src/store/seal.ts';
import {type RedisSettings, redisSettings, revocationSettings} from '../../src/store/settings.ts';

export interface Fact {
  readonly fact: string;
}

export const factCodec: CacheCodec<Fact> = {
  encode: (value) => value,
  decode: (json) =>
    typeof json === 'object' && json !== null && typeof (json as {fact?: unknown}).fact === 'string'
      ? {fact: (json as Fact).fact}
      : undefined,
};

export const settingsOf = (settings: Record<string, unknown>): RedisSettings => redisSettings.parse(settings);

const random = () => Math.random();
const now = () => Date.now();

/** A cache as an instance has it, with what it told its observer. */
export const openStore = (settings: RedisSettings) => {
  const results: string[] = [];
  const circuits: string[] = [];
  const log: string[] = [];
  const connection = openRedis(settings, {
    purpose: 'cache',
    timeout: settings.timeout,
    random,
    log: (_level, line) => log.push(line),
  });
  const redis = makeGuardedRedis({
    connection,
    now,
    random,
    log: (_level, line) => log.push(line),
    observer: {called: () => undefined, circuit: (_dependency, state) => circuits.push(state)},
  });
  const seal = makeSeal(settings.sealKey);
  const cache = makeRedisCache<Fact>({
    redis,
    name: 'facts',
    prefix: settings.prefix,
    codec: factCodec,
    seal,
    now,
    observer: {request: (_cache, layer, result) => results.push(`${layer} ${result}`)},
  });
  return {connection, redis, cache, seal, results, circuits, log, close: () => redis.close()};
};

/** A feed as an instance has it, with what it heard. */
export const openFeed = (settings: RedisSettings, revocation: Record<string, unknown> = {}) => {
  const heard: string[] = [];
  const log: string[] = [];
  const reading = openRedis(settings, {purpose: 'feed', timeout: 2_500, random});
  const writing = openRedis(settings, {purpose: 'cache', timeout: 500, random});
  const feed = makeFeed({
    redis: {reading, writing, prefix: settings.prefix, seal: makeSeal(settings.sealKey)},
    settings: revocationSettings.parse(revocation),
    now,
    random,
    sleep: (ms) => sleep(ms),
    log: (_level, line) => log.push(line),
  });
  feed.onMessage((message) => {
    heard.push(message.kind === 'revoke' ? `revoke ${message.revocation.subject}` : `drop ${message.drop.tenant}`);
  });
  return {
    feed,
    heard,
    log,
    reading,
    close: async () => {
      await feed.close();
      await writing.close();
    },
  };
};

export const revoke = (subject: string) =>
  ({
    kind: 'revoke',
    revocation: {subject, before: Math.floor(Date.now() / 1_000) + 1, expires: Date.now() + 3_600_000},
  }) as const;

/** Waits until it holds; rejects after `limit` milliseconds with what was waited for. Resolves to the time it took. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>, limit = 8_000): Promise<number> => {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > limit) throw new Error(`Not within ${limit} ms: ${what}`);
    await sleep(10);
  }
  return performance.now() - began;
};

/** Runs it so many times, and says how long: for printing, not for asserting. */
export const measure = async (times: number, run: () => unknown): Promise<string> => {
  const took: number[] = [];
  for (let at = 0; at < times; at++) {
    const began = performance.now();
    await run();
    took.push(performance.now() - began);
    if (at % 50 === 49) await sleep(0);
  }
  took.sort((a, b) => a - b);
  const of = (share: number) => (took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0).toFixed(2);
  return `p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, longest ${of(1)} ms`;
};

/** For a describe block: ends what is handed to its result after each test, the last first. */
export const endingAfterEach = () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return <T extends {close(): unknown} | {stop(): unknown}>(thing: T): T => {
    ends.push(() => ('close' in thing ? thing.close() : thing.stop()));
    return thing;
  };
};
