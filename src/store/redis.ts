// A connection to Redis: one server, a master found through Sentinels, or a Cluster. The only file that knows ioredis.
import {readFileSync} from 'node:fs';
import {Cluster, Redis, type RedisOptions} from 'ioredis';
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

export interface RedisUse {
  /** What for, in `CLIENT LIST`: `cache`, `feed`, `entitlements`. */
  readonly purpose: string;
  /** Milliseconds that one command may take; a blocking one needs more than it blocks. */
  readonly timeout: number;
  /** In [0, 1), for the jitter of reconnecting. */
  readonly random: () => number;
  readonly log?: (level: 'info' | 'warn', message: string) => void;
}

/** Longest pause between two attempts to connect, milliseconds. */
const longestPause = 2_000;
/** A socket that owes an answer for so long is given up: after a cut without FIN it would stay for minutes. */
const silence = 3_000;

/** Opens a connection that comes back by itself, with back-off and jitter, until it is closed. Connects at once. */
export const openRedis = (settings: RedisSettings, use: RedisUse): RedisConnection => {
  let closed = false;
  let fault: string | undefined = 'not connected yet';
  const secrets = secretsOf(settings);
  const client = makeClient(settings, use);

  client.on('error', (error: Error) => {
    const message = withoutSecrets(error.message, secrets);
    if (message !== fault) use.log?.('warn', `redis (${use.purpose}): ${message}`);
    fault = message;
  });
  client.on('ready', () => {
    if (fault !== undefined) use.log?.('info', `redis (${use.purpose}): connected`);
    fault = undefined;
  });
  client.on('close', () => {
    fault ??= 'the connection was closed';
  });

  const several = async (queued: {exec(): Promise<[Error | null, unknown][] | null>}) => {
    const replies = await queued.exec();
    if (replies === null) throw new Error('Redis discarded the transaction');
    return replies.map(([error, reply]) => error ?? reply);
  };
  return {
    call: (name, ...args) => client.call(name, ...args),
    pipeline: (commands) => several(client.pipeline(commands.map((command) => ['call', ...command]))),
    transaction: (commands) => several(client.multi(commands.map((command) => ['call', ...command]))),
    ready: () => client.status === 'ready',
    fault: () => fault,
    onReady: (listener) => {
      client.on('ready', listener);
      if (client.status === 'ready') queueMicrotask(listener);
      return () => client.off('ready', listener);
    },
    close: async () => {
      if (closed) return;
      closed = true;
      client.disconnect();
    },
  };
};

type Options = Omit<RedisOptions, 'replyMapping'>;

const makeClient = (settings: RedisSettings, use: RedisUse): Redis | Cluster => {
  const pause = (attempt: number) => Math.min(longestPause, 25 * 2 ** Math.min(attempt, 8)) * (0.5 + use.random() / 2);
  const common: Options = {
    // RESP2 is spoken by every Redis and by what imitates one; nothing here needs RESP3.
    protocol: 2,
    disableClientInfo: true,
    connectionName: `postern-${use.purpose}`,
    // A command that cannot go out now is a miss now: queues would make requests wait and old writes come late.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: use.timeout,
    socketTimeout: Math.max(silence, 2 * use.timeout),
    connectTimeout: 2_000,
    maxLoadingRetryTime: longestPause,
    retryStrategy: pause,
    reconnectOnError: reconnectWhenDemoted(),
    ...credentials(settings),
    ...tlsOptions(settings),
  };
  if (settings.cluster !== undefined) {
    return new Cluster([...settings.cluster], {
      redisOptions: common,
      enableOfflineQueue: false,
      clusterRetryStrategy: pause,
      // What belongs to a node that is away fails soon instead of waiting for it: to a cache that is a miss, and
      // whoever must get through tries again by itself.
      retryDelayOnFailover: 5,
      retryDelayOnClusterDown: 5,
      maxRedirections: 3,
      slotsRefreshTimeout: 2_000,
      slotsRefreshInterval: 15_000,
    });
  }
  if (settings.sentinel !== undefined) {
    const {master, nodes, username, password} = settings.sentinel;
    return new Redis({
      ...common,
      name: master,
      sentinels: [...nodes],
      sentinelRetryStrategy: pause,
      sentinelCommandTimeout: 1_000,
      ...(username !== undefined && {sentinelUsername: username}),
      ...(password !== undefined && {sentinelPassword: password}),
      ...(common.tls !== undefined && {enableTLSForSentinelMode: true, sentinelTLS: common.tls}),
    });
  }
  const url = new URL(settings.url ?? 'redis://localhost:6379');
  return new Redis({
    ...common,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
  });
};

/**
 * A master that became a replica keeps the connection and answers READONLY: connecting anew finds the new master (by
 * Sentinel or by name). At most every five seconds, since a replica that is one on purpose can still be read.
 */
const reconnectWhenDemoted = () => {
  let last = -Infinity;
  return (error: Error): boolean => {
    // A script says so further on in its sentence.
    if (!/\bREADONLY\b/.test(error.message) || performance.now() - last < 5_000) return false;
    last = performance.now();
    return true;
  };
};

const credentials = (settings: RedisSettings): Options => {
  const url = settings.url === undefined ? undefined : new URL(settings.url);
  const username = settings.username ?? (decodeURIComponent(url?.username ?? '') || undefined);
  const password = settings.password ?? (decodeURIComponent(url?.password ?? '') || undefined);
  return {...(username !== undefined && {username}), ...(password !== undefined && {password})};
};

const tlsOptions = (settings: RedisSettings): Options => {
  if (settings.tls === undefined && !settings.url?.startsWith('rediss:')) return {};
  const {ca, cert, key, servername} = settings.tls ?? {};
  return {
    tls: {
      ...(ca !== undefined && {ca: readFileSync(ca)}),
      ...(cert !== undefined && {cert: readFileSync(cert)}),
      ...(key !== undefined && {key: readFileSync(key)}),
      ...(servername !== undefined && {servername}),
    },
  };
};

const secretsOf = (settings: RedisSettings): readonly string[] =>
  [credentials(settings).password, settings.sentinel?.password, settings.url].filter((value) => value !== undefined);

/** A server that speaks garbage may echo what it was sent, the password included. */
const withoutSecrets = (message: string, secrets: readonly string[]): string =>
  secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message).slice(0, 200);
