// The store as app.ts wires it, for tests: connections, guard, caches and feeds on a real Redis, and what to measure.
import {randomUUID} from 'node:crypto';
import {setImmediate, setTimeout as sleep} from 'node:timers/promises';
import type {CacheCodec} from '../../src/core/cache.ts';
import type {Removal, Revocation} from '../../src/core/revocation/revocation.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import type {DropEvent} from '../../src/store/drops.ts';
import {makeFeed} from '../../src/store/feed.ts';
import {makeGuardedRedis} from '../../src/store/guarded.ts';
import {openRedis} from '../../src/store/redis.ts';
import {makeRedisCache} from '../../src/store/redisCache.ts';
import {named} from '../../src/store/revocationForm.ts';
import {makeRevocationRedis} from '../../src/store/revocationRedis.ts';
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

/** A feed as an instance has it, with what it heard. `clock`: milliseconds by which its wall clock is wrong. */
export const openFeed = (settings: RedisSettings, revocation: Record<string, unknown> = {}, clock = {off: 0}) => {
  const drops: DropEvent[] = [];
  const log: string[] = [];
  const set = makeRevocationSet(7);
  const reading = openRedis(settings, {purpose: 'feed', timeout: 2_500, random});
  const writing = openRedis(settings, {purpose: 'announce', timeout: 500, random});
  const newId = () => randomUUID();
  const redis = makeRevocationRedis({
    reading,
    writing,
    prefix: settings.prefix,
    seal: makeSeal(settings.sealKey),
    newMark: newId,
  });
  const feed = makeFeed({
    redis,
    set,
    settings: revocationSettings.parse(revocation),
    dropsMatter: 60_000,
    now: () => Date.now() + clock.off,
    steady: () => performance.now(),
    random,
    newId,
    sleep: (ms) => sleep(ms),
    pause: () => setImmediate(),
    log: (_level, line) => log.push(line),
  });
  feed.onDrop((event) => drops.push(event));
  return {
    feed,
    set,
    redis,
    drops,
    log,
    reading,
    /** The subjects that are revoked here. */
    heard: () => (set.list() ?? []).map(({subject}) => subject),
    /** Waits until it is in step, for the first time or again. */
    inStep: () => feed.lag() === 0 && !feed.lost() && feed.unannounced() === 0 && reading.ready(),
    close: async () => {
      await feed.close();
      await writing.close();
    },
  };
};

let made = 0;
/** A revocation of a subject, as the program makes it; each call another one. */
export const revoke = (subject: string, more: Partial<Revocation> = {}): Revocation => {
  made += 1;
  return named({subject, at: Date.now(), expires: Date.now() + 3_600_000, salt: `${made}`, ...more});
};
/** Takes it back. */
export const remove = ({id, expires}: Revocation): Removal =>
  named({removes: id, at: Date.now(), expires, salt: `${made}`});

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
