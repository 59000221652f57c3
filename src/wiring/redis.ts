// Redis, where the configuration has it: connections by what they are for, each ending with the process.
import {createHmac} from 'node:crypto';
import {isDeepStrictEqual} from 'node:util';
import type {Settings} from '../config/schema.ts';
import type {Health} from '../core/health.ts';
import type {Log} from '../observe/log.ts';
import type {Metrics} from '../observe/metrics.ts';
import {makeRemoteObserver} from '../observe/observed.ts';
import {type GuardedRedis, makeGuardedRedis} from '../store/guarded.ts';
import {type OpenRedis, openRedis, type RedisConnection} from '../store/redis.ts';
import {makeSeal, type Seal, sealKeysOf} from '../store/seal.ts';
import type {Clocks} from './clocks.ts';

export interface RedisParts {
  /** For what stands on a request's way: within `redis.timeout`, behind a breaker. */
  readonly cache: GuardedRedis;
  /** Another connection, for commands that block or take long. `timeout` in milliseconds. */
  open(purpose: string, timeout: number): RedisConnection;
  readonly prefix: string;
  readonly seal: Seal;
  /** A short name for settings; with a `sealKey` one from which no secret among them can be guessed. */
  readonly nameOf: (settings: string) => string;
  /** Takes over user names, passwords and seal keys that have changed. */
  renew(settings: NonNullable<Settings['redis']>): void;
  health(): readonly Health[];
  close(): Promise<void>;
}

export const makeRedis = (
  settings: NonNullable<Settings['redis']>,
  {clocks, log, metrics}: {readonly clocks: Clocks; readonly log: Log; readonly metrics: Metrics},
): RedisParts => {
  const {now, random} = clocks;
  const seal = makeSeal(settings.sealKey);
  const say = (level: 'info' | 'warn', message: string) => log[level]({dependency: 'redis'}, message);
  const opened = new Set<OpenRedis>();
  let current = settings;
  const open = (purpose: string, timeout: number): RedisConnection => {
    const connection = openRedis(current, {purpose, timeout, random, log: say});
    opened.add(connection);
    const close = async () => {
      opened.delete(connection);
      await connection.close();
    };
    return {...connection, close};
  };
  const connection = openRedis(settings, {purpose: 'cache', timeout: settings.timeout, random, log: say});
  const cache = makeGuardedRedis({connection, now, random, observer: makeRemoteObserver(metrics, log), log: say});
  return {
    cache,
    open,
    prefix: settings.prefix,
    seal,
    nameOf: (text) =>
      createHmac('sha256', sealKeysOf(current.sealKey)[0] ?? '')
        .update(`name:${text}`)
        .digest('base64url')
        .slice(0, 16),
    renew: (next) => {
      seal.renew(next.sealKey);
      const isSealAlone = isDeepStrictEqual({...current, sealKey: undefined}, {...next, sealKey: undefined});
      current = next;
      if (isSealAlone) return;
      for (const one of [connection, ...opened]) one.renew(next);
    },
    health: () => [cache.health(), ...connection.files()],
    close: async () => {
      await Promise.all([cache.close(), ...[...opened].map((one) => one.close())]);
    },
  };
};
