// A connection to Redis: one server, a master found through Sentinels, or a Cluster. The only file that knows ioredis.
import {Cluster, Redis, type RedisOptions} from 'ioredis';
import {connectionFault, connectionSentence} from '../core/connectionFault.ts';
import type {Health} from '../core/health.ts';
import {replyFault} from '../core/redisFault.ts';
import {makeRedisTls, type RedisTls} from './redisTls.ts';
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
/** Milliseconds between two looks at the files of TLS. */
const lookEvery = 5_000;

/**
 * A socket may fail twice (a name that does not fit, then an alert of the other side), and ioredis listens for one error: the
 * second would end the process. Each socket that any of its clients gets, those of sentinels and of the nodes of a cluster
 * too, passes here.
 */
interface Told {
  /** Goes along with the options to each client that ioredis makes by itself, and tells what ioredis does not. */
  readonly told?: (error: Error) => void;
}
const guardStreams = (): void => {
  const streams = new WeakMap<object, unknown>();
  Object.defineProperty(Redis.prototype, 'stream', {
    configurable: true,
    get() {
      return streams.get(this);
    },
    set(this: {options?: Told}, stream: NodeJS.ReadableStream | undefined) {
      stream?.on('error', (error: Error) => this.options?.told?.(error));
      streams.set(this, stream);
    },
  });
};
guardStreams();

/** Milliseconds that a command to a node of a cluster may take while it is being connected. */
const handshake = 2_000;

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
    return replies.map(([error, reply]) => (error === null ? reply : plain(error, fault)));
  };
  const bounded = settings.cluster === undefined ? undefined : use.timeout;
  const sent = <T>(pending: Promise<T>): Promise<T> =>
    (bounded === undefined ? pending : inTime(pending, bounded)).catch((error: Error) => {
      throw plain(error, fault);
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

type Options = Omit<RedisOptions, 'replyMapping'>;

const makeClient = (settings: RedisSettings, use: RedisUse, tls: RedisTls | undefined, told: Told): Redis | Cluster => {
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
    ...told,
    ...(tls && {tls: tls.options}),
  };
  if (settings.cluster !== undefined) {
    return new Cluster([...settings.cluster], {
      // A cluster's client asks for its slots while it connects, and a connection that is cut in its handshake never stands:
      // what a command may take is bounded here (`inTime`).
      redisOptions: {...common, commandTimeout: Math.max(use.timeout, handshake)},
      // The certificate bears the name of the node, not its address.
      ...(tls && {dnsLookup: (name: string, done: (error: null, name: string) => void) => done(null, name)}),
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

const tlsOf = (settings: RedisSettings): RedisTls | undefined =>
  settings.tls === undefined && !settings.url?.startsWith('rediss:') ? undefined : makeRedisTls(settings.tls ?? {});

/** What ioredis reads at each connection: of one client, or of the nodes that a cluster has and those to come. */
const renewCredentials = (client: Redis | Cluster, settings: RedisSettings): void => {
  const own = credentials(settings);
  const nodes: object[] =
    client instanceof Cluster
      ? [client.options.redisOptions ?? {}, ...client.nodes('all').map((node) => node.options)]
      : [client.options];
  for (const options of nodes) {
    Object.assign(options, {username: own.username, password: own.password ?? null});
    const {sentinel} = settings;
    if (sentinel !== undefined)
      Object.assign(options, {sentinelUsername: sentinel.username, sentinelPassword: sentinel.password ?? null});
  }
};

/** Our own words. */
const discarded = 'Redis discarded the transaction';

/** As ioredis says it where a command takes too long. */
const timedOut = 'Command timed out';

/** Redis has not answered a command in time. Whoever guards a connection looks for this name. */
class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

const inTime = <T>(pending: Promise<T>, milliseconds: number): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(timedOut)), milliseconds);
  return Promise.race([pending, late.promise]).finally(() => clearTimeout(timer));
};

/** What Redis answered stays as it is; what ioredis says of itself is told by what is wrong with the connection. */
const plain = (error: Error, fault: string | undefined): Error => {
  if (error.name === 'ReplyError') return error;
  if (error.message === timedOut) return new NotInTime('it does not answer in time', {cause: error});
  if (error.message === discarded) return error;
  return new Error(fault ?? connectionFault(error) ?? 'the connection broke', {cause: error});
};

/** A cluster's client hides behind an error of its own what its nodes said last. */
const inOurWords = (error: Error, last: Error | undefined): string => {
  const {lastNodeError} = error as Error & {readonly lastNodeError?: Error};
  const told = lastNodeError ?? error;
  const cause = /^Connection is closed|slots cache/.test(told.message) ? (last ?? told) : told;
  const said = cause.message;
  const known = connectionFault(cause);
  if (known !== undefined) return known;
  if (/^Socket timeout/.test(said)) return 'it does not answer';
  if (/Failed to refresh slots cache|All nodes failed/i.test(said)) return 'no node of the cluster can be reached';
  if (/^Connection is closed/.test(said)) return 'the connection was closed';
  if (/All sentinels are unreachable/.test(said)) {
    const [, code] = /Last error:.*?\b(E[A-Z_]{3,})\b/.exec(said) ?? [];
    return `no sentinel can be reached${code === undefined ? '' : `: ${connectionSentence({code})}`}`;
  }
  if (/^Protocol error/.test(said) || cause.name === 'ParserError') {
    return 'what answers there does not speak as Redis does: look at host and port, and whether it wants TLS';
  }
  if (/^WRONGPASS|^NOAUTH|invalid username-password/i.test(said))
    return `it refuses the user name or password of the settings (${said.split(' ', 1)[0]})`;
  return cause.name === 'ReplyError' ? replyFault(said) : connectionSentence(cause);
};

const secretsOf = (settings: RedisSettings): readonly string[] =>
  [credentials(settings).password, settings.sentinel?.password, settings.url].filter((value) => value !== undefined);

/** A server that speaks garbage may echo what it was sent, the password included. */
const withoutSecrets = (message: string, secrets: readonly string[]): string =>
  secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message).slice(0, 200);
