// Redis, tried ahead: written and read, each command that Postern uses, its clock, and whether it would lose what it holds.

import type {Trial, TrialResult} from '../core/trial.ts';
import {Unavailable} from '../core/unavailable.ts';
import {redisFault} from '../core/words/redisFault.ts';
import type {Command, RedisConnection} from './redis.ts';

export interface RedisTrialParts {
  readonly connection: Pick<RedisConnection, 'call'>;
  /** Resolves once there is a connection; rejects with Unavailable, saying why there is none. */
  readonly connected: (deadline: number) => Promise<void>;
  readonly prefix: string;
  /** Names what is written, so that nobody else's is touched. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether the connection is encrypted, or stays on this machine. */
  readonly isPrivate: boolean;
  /** Entitlements are kept there for good. */
  readonly isRecord: boolean;
}

/** Milliseconds that a key lives which a trial has written and could not delete. */
const life = 10_000;
/** Milliseconds by which the clock of Redis may be another's. */
const tolerated = 1_000;

export const makeRedisTrials = (parts: RedisTrialParts): readonly Trial[] => {
  const {connection, connected, prefix, id, now, isPrivate, isRecord} = parts;
  const key = `${prefix}{doctor}:${id}`;
  const fail = (what: string): never => {
    throw new Unavailable('redis', new Error(what));
  };
  const trial = (what: string, run: () => Promise<TrialResult>): Trial => ({
    what,
    async run(deadline) {
      await connected(deadline);
      try {
        return await run();
      } catch (error) {
        if (error instanceof Unavailable) throw error;
        return fail(redisFault(error));
      }
    },
  });
  const asked = async (...command: Command): Promise<unknown> => connection.call(...command);

  return [
    trial('write and read', async () => {
      await asked('SET', key, id, 'PX', life);
      const read = await asked('GET', key);
      await asked('DEL', key);
      if (read !== id) return fail('what was written is not what is read: is it a replica, or a proxy that answers?');
      if (isPrivate) return {found: 'a value was written, read and deleted'};
      return {found: 'it works, but in the clear: whoever is on the way reads it; use rediss://', doubt: true};
    }),
    trial('commands', async () => {
      const refused: string[] = [];
      const odd: string[] = [];
      const own = `${key}:commands`;
      for (const command of [...commandsOn(own), ...(isRecord ? recordCommandsOn(own) : [])]) {
        const fault = await asked(...command).then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (fault === undefined) continue;
        const name = command[0].toLowerCase();
        if (/^NOPERM/.test(fault)) refused.push(name);
        else odd.push(`${name} (${fault.slice(0, 80)})`);
      }
      if (refused.length > 0) {
        return fail(
          `its ACL refuses this user ${refused.join(', ')}: ACL SETUSER ... ${refused.map((one) => `+${one}`).join(' ')}, and ~${prefix}*`,
        );
      }
      if (odd.length > 0) return fail(`it does not do ${odd.join(', ')}: Redis 6.2 or later is needed`);
      return {found: 'all that Postern uses are allowed'};
    }),
    trial('memory', async () => {
      const facts = factsIn(String(await asked('INFO')));
      const policy = facts.get('maxmemory_policy');
      if (facts.get('role') === 'slave') return fail('it is a replica, which takes no writes: name the master');
      if (policy === undefined)
        return {found: 'it does not say what it evicts (INFO); see that it is nothing', doubt: true};
      if (policy === 'noeviction') return {found: 'it evicts nothing (noeviction)'};
      if (facts.get('maxmemory') === '0') return {found: `it evicts nothing as long as maxmemory is 0 (${policy})`};
      const lost = isRecord ? 'grants and revocations' : 'revocations';
      const told = `when it is full it evicts (${policy}), and ${lost} may be lost: set maxmemory-policy noeviction`;
      return isRecord ? fail(told) : {found: told, doubt: true};
    }),
    trial('clock', async () => {
      const before = now();
      const [seconds, microseconds] = (await asked('TIME')) as readonly [string, string];
      const off = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (before + now()) / 2;
      const shown = `its clock is ${Math.abs(Math.round(off))} ms ${off < 0 ? 'behind' : 'ahead of'} this one`;
      if (Math.abs(off) <= tolerated) return {found: shown};
      return {found: `${shown}: revocations are dated by it, so set both by NTP`, doubt: true};
    }),
  ];
};

/** What Postern sends while it serves, in a form that leaves nothing behind. */
const commandsOn = (key: string): readonly Command[] => [
  ['PING'],
  ['SET', key, 1, 'PX', life],
  ['GET', key],
  ['INCR', key],
  ['PEXPIRE', key, life],
  ['GETRANGE', key, 0, 1],
  ['DEL', key],
  ['EVAL', 'return 1', 1, key],
  ['ZADD', key, 'XX', 1, 'a'],
  ['ZREM', key, 'a'],
  ['ZCARD', key],
  ['ZRANGEBYSCORE', key, 0, 1],
  ['XADD', key, 'NOMKSTREAM', '*', 'a', 'b'],
  ['XTRIM', key, 'MAXLEN', 1],
  ['XREAD', 'COUNT', 1, 'STREAMS', key, '0'],
  ['XRANGE', key, '-', '+'],
  ['XREVRANGE', key, '+', '-'],
];

/** The source `redis` reads besides. */
const recordCommandsOn = (key: string): readonly Command[] => [
  ['HGET', key, 'a'],
  ['HMGET', key, 'a'],
  ['HLEN', key],
  ['HGETALL', key],
  ['HSCAN', key, '0'],
];

const factsIn = (info: string): ReadonlyMap<string, string> =>
  new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
