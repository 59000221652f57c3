// A connection to Redis: commands, and whether it stands. Everything else asks Redis through one of these.
import type {Health} from '../core/health.ts';
import {credentials, makeClient, type RedisUse, renewCredentials, tlsOf} from './redisClient.ts';
import {callError, discarded, inOurWords, inTime, withoutSecrets} from './redisWords.ts';
import type {RedisSettings} from './settings.ts';

export type Argument = string | number | Buffer;
/** Name of the command first: `['SET', key, value]`. */
export type Command = readonly [string, ...Argument[]];

/**
 * Sends commands. Nothing is queued while there is no connection: a call then rejects at once. It rejects as well when
 * the connection breaks or the time is up; an error that Redis answered is a rejection whose `name` is `ReplyError`.
 */
export interface RedisConnection {
  call(...command: Command): Promise<unknown>;
  /** All in one write; each reply, or the Error in its place. In a Cluster their keys must share a slot. */
  pipeline(commands: readonly Command[]): Promise<readonly unknown[]>;
  /** As `pipeline`, but all or nothing (MULTI). Rejects if Redis discards it. */
  transaction(commands: readonly Command[]): Promise<readonly unknown[]>;
  ready(): boolean;
  /** The last thing that went wrong with the connection itself, without secrets. */
  fault(): string | undefined;
  /** Calls back at each connection that is ready, the first included; returns what ends it. */
  onReady(listener: () => void): () => void;
  close(): Promise<void>;
}

/** A connection as its owner sees it. */
export interface OpenRedis extends RedisConnection {
  /** How the files of its TLS are; empty where there are none. */
  files(): readonly Health[];
  /** Connects anew with these user names and passwords, which have been changed. */
  renew(settings: RedisSettings): void;
}

/** Milliseconds between two looks at the files of TLS. */
const lookEvery = 5_000;

/** Opens a connection that comes back by itself, with back-off and jitter, until it is closed. Connects at once. */
export const openRedis = (settings: RedisSettings, use: RedisUse): OpenRedis => {
  let closed = false;
  let fault: string | undefined = 'not connected yet';
  let secrets = secretsOf(settings);
  const tls = tlsOf(settings);
  /** What the last socket that failed said: of a cluster's node ioredis tells no more than that it was closed. */
  let last: Error | undefined;
  const told = (error: Error): void => {
    last = error;
  };
  const client = makeClient(settings, use, tls, {told});
  const again = (why: string): void => {
    if (closed) return;
    use.log?.('info', `redis (${use.purpose}): ${why}; connecting anew`);
    client.disconnect(true);
  };
  const looking =
    tls && setInterval(() => tls.changed() && again('the files of redis.tls have changed'), lookEvery).unref();

  // A cluster tells of its nodes by an event of their own, and of itself perhaps not at all.
  const failed = (error: Error): void => {
    const message = withoutSecrets(inOurWords(error, last), secrets);
    if (message !== fault) use.log?.('warn', `redis (${use.purpose}): ${message}`);
    fault = message;
  };
  client.on('error', failed);
  client.on('node error', (error: Error) => client.status !== 'ready' && failed(error));
  client.on('ready', () => {
    if (fault !== undefined) use.log?.('info', `redis (${use.purpose}): connected`);
    fault = undefined;
    last = undefined;
  });
  client.on('close', () => {
    fault ??= 'the connection was closed';
  });

  const several = async (queued: {exec(): Promise<[Error | null, unknown][] | null>}) => {
    const replies = await queued.exec();
    if (replies === null) throw new Error(discarded);
    return replies.map(([error, reply]) => (error === null ? reply : callError(error, fault)));
  };
  const bounded = settings.cluster === undefined ? undefined : use.timeout;
  const sent = <T>(pending: Promise<T>): Promise<T> =>
    (bounded === undefined ? pending : inTime(pending, bounded)).catch((error: Error) => {
      throw callError(error, fault);
    });
  return {
    call: (name, ...args) => sent(client.call(name, ...args)),
    pipeline: (commands) => sent(several(client.pipeline(commands.map((command) => ['call', ...command])))),
    transaction: (commands) => sent(several(client.multi(commands.map((command) => ['call', ...command])))),
    ready: () => client.status === 'ready',
    fault: () => fault,
    onReady: (listener) => {
      client.on('ready', listener);
      if (client.status === 'ready') queueMicrotask(listener);
      return () => client.off('ready', listener);
    },
    files: () => ((settings.tls?.ca ?? settings.tls?.cert) === undefined || tls === undefined ? [] : [tls.health()]),
    renew(next) {
      secrets = [...secrets, ...secretsOf(next)];
      renewCredentials(client, next);
      again('its user name or password has changed');
    },
    close: async () => {
      if (closed) return;
      closed = true;
      clearInterval(looking);
      client.disconnect();
    },
  };
};

const secretsOf = (settings: RedisSettings): readonly string[] =>
  [credentials(settings).password, settings.sentinel?.password, settings.url].filter((value) => value !== undefined);
