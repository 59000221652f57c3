// The Redis of a run, and what may befall it: killed, empty again, from an old dump, paused, full, a replica that takes over.
import {copyFileSync, existsSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {temporaryFolder} from '../support/ports.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import type {Dataset, Event} from './history.ts';
import {openWay, type Way} from './way.ts';

export interface RedisPlant {
  /** Where it answers now. */
  port(): number;
  isUp(): boolean;
  /** Killed, and not started again. */
  isGone(): boolean;
  kill(): Promise<void>;
  /** After `kill`: empty, or from the last dump. */
  start(from: 'empty' | 'dump'): Promise<void>;
  save(): Promise<void>;
  /** FLUSHALL: empty, while all connections stay. */
  flush(): Promise<void>;
  pause(): void;
  /** `full`: no memory left for writes; `replica`: it believes to be one, and refuses writes. */
  refuseWrites(how: 'full' | 'replica'): Promise<void>;
  /** Ends `pause` and `refuseWrites`. */
  mend(): Promise<void>;
  /** A replica that follows from here on. */
  follow(): Promise<void>;
  /** The replica hears nothing more. */
  lag(): Promise<void>;
  /** The replica takes over, the old one is gone. `aim`: told the new port before anybody may use it. */
  promote(aim: (port: number) => void): Promise<void>;
  stop(): Promise<void>;
}

/** One command to a Redis of the loopback; its reply as it stood on the wire, '' if none came within `timeout` ms. */
export const tell = (port: number, words: readonly string[], timeout = 2_000): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let reply = '';
    const end = () => {
      clearTimeout(late);
      socket.destroy();
      resolve(reply);
    };
    const late = setTimeout(end, timeout);
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      const [, length] = /^\$(\d+)\r\n/.exec(reply) ?? [];
      const whole = length === undefined ? reply.endsWith('\r\n') : reply.length >= Number(length) + length.length + 5;
      if (whole) end();
    });
    socket.on('error', end).on('close', end);
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
  });

export const startRedisPlant = async (now: () => number, record: (event: Event) => void): Promise<RedisPlant> => {
  let count = 0;
  let dataset: Dataset = '';
  let redis: Redis | undefined;
  let home = temporaryFolder();
  let paused = false;
  let gone = false;
  let refusing = false;
  let dump: {readonly file: string; readonly of: Dataset; readonly asOf: number} | undefined;
  let replica: {readonly redis: Redis; readonly way: Way; asOf: number; lags: boolean} | undefined;

  const port = () => redis?.port ?? 0;
  const newContent = (what: string, from?: Dataset, asOf?: number) => {
    count += 1;
    dataset = `redis#${count}`;
    record({kind: 'dataset', at: now(), dataset, what, ...(from !== undefined && asOf !== undefined && {from, asOf})});
  };
  const run = async (on?: number, file?: string) => {
    home = temporaryFolder();
    if (file !== undefined) copyFileSync(file, join(home, 'dump.rdb'));
    redis = await startRedis({args: ['--dir', home], ...(on !== undefined && {port: on})});
    while (!(await tell(redis.port, ['PING'], 500)).startsWith('+PONG')) await sleep(20);
  };
  const open = (what: string) => record({kind: 'redis', at: now(), state: 'open', what});
  const away = (what: string) => record({kind: 'redis', at: now(), state: 'away', what});
  /** All that it had at the returned time, the replica has. */
  const replicated = async (): Promise<number | undefined> => {
    const begun = now();
    const reply = await tell(port(), ['WAIT', '1', '1000']);
    return reply.startsWith(':1') ? begun : undefined;
  };
  const endReplica = async () => {
    replica?.way.close();
    await replica?.redis.stop();
    replica = undefined;
  };

  await run();
  newContent('starts');
  open('is there');

  return {
    port,
    isUp: () => !gone && !paused,
    isGone: () => gone,
    async kill() {
      away('is killed');
      newContent('what it knew is lost');
      await endReplica();
      gone = true;
      await redis?.kill();
      paused = false;
      refusing = false;
    },
    async start(from) {
      const last = from === 'dump' ? dump : undefined;
      const on = port();
      // It is another from before the first may reach it.
      newContent(last === undefined ? 'starts empty' : 'starts from a dump', last?.of, last?.asOf);
      await run(on, last?.file);
      gone = false;
      open('is there again');
    },
    async save() {
      const [of, asOf] = [dataset, now()];
      const file = join(temporaryFolder(), 'dump.rdb');
      await tell(port(), ['SAVE'], 5_000);
      if (!existsSync(join(home, 'dump.rdb'))) return;
      copyFileSync(join(home, 'dump.rdb'), file);
      dump = {file, of, asOf};
    },
    async flush() {
      newContent('is flushed');
      await endReplica();
      await tell(port(), ['FLUSHALL']);
      newContent('is empty');
    },
    pause() {
      away('is paused');
      paused = true;
      redis?.pause();
    },
    async refuseWrites(how) {
      record({
        kind: 'redis',
        at: now(),
        state: 'read-only',
        what: how === 'full' ? 'is full' : 'believes to be a replica',
      });
      refusing = true;
      if (how === 'full') await tell(port(), ['CONFIG', 'SET', 'maxmemory', '1']);
      else await tell(port(), ['REPLICAOF', '127.0.0.1', '1']);
    },
    async mend() {
      if (paused) {
        redis?.resume();
        paused = false;
        while (!(await tell(port(), ['PING'], 500)).startsWith('+PONG')) await sleep(20);
        open('goes on');
      }
      if (refusing) {
        await tell(port(), ['CONFIG', 'SET', 'maxmemory', '0']);
        await tell(port(), ['REPLICAOF', 'NO', 'ONE']);
        refusing = false;
        open('takes writes again');
      }
    },
    async follow() {
      if (replica !== undefined || paused || refusing) return;
      const way = await openWay(port());
      const follower = await startRedis({
        args: ['--replicaof', '127.0.0.1', `${way.port}`, '--repl-diskless-sync-delay', '0'],
      });
      replica = {redis: follower, way, asOf: Number.NEGATIVE_INFINITY, lags: false};
      for (let tries = 0; tries < 50; tries++) {
        const asOf = await replicated();
        if (asOf !== undefined) {
          replica.asOf = asOf;
          return;
        }
        await sleep(100);
      }
      await endReplica();
    },
    async lag() {
      if (replica === undefined || replica.lags || paused) return;
      replica.asOf = (await replicated()) ?? replica.asOf;
      replica.lags = true;
      replica.way.set('silent');
    },
    async promote(aim) {
      if (replica === undefined || paused || refusing) return;
      if (!replica.lags) replica.asOf = (await replicated()) ?? replica.asOf;
      const {redis: next, way, asOf} = replica;
      away('fails over');
      newContent('a replica takes over', dataset, asOf);
      way.close();
      replica = undefined;
      const old = redis;
      await old?.kill();
      await tell(next.port, ['REPLICAOF', 'NO', 'ONE']);
      redis = next;
      aim(next.port);
      open('the replica takes writes');
    },
    async stop() {
      await endReplica();
      await redis?.stop();
    },
  };
};
