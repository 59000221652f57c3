// The client of ioredis that settings ask for: one server, a master found through Sentinels, or a Cluster.
import {Cluster, Redis, type RedisOptions} from 'ioredis';
import {makeRedisTls, type RedisTls} from './redisTls.ts';
import type {RedisSettings} from './settings.ts';

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
/** Milliseconds that a command to a node of a cluster may take while it is being connected. */
const handshake = 2_000;

/** Goes along with the options to each client that ioredis makes by itself, and tells what ioredis does not. */
interface Told {
  readonly told?: (error: Error) => void;
}
/**
 * A socket may fail twice (a name that does not fit, then an alert of the other side), and ioredis listens for one error: the
 * second would end the process. Each socket that any of its clients gets, those of sentinels and of the nodes of a cluster
 * too, passes here.
 */
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

type Options = Omit<RedisOptions, 'replyMapping'>;

/** Connects at once, and comes back by itself. `told` hears of every socket that failed. */
export const makeClient = (
  settings: RedisSettings,
  use: RedisUse,
  tls: RedisTls | undefined,
  told: Told,
): Redis | Cluster => {
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

export const credentials = (settings: RedisSettings): Options => {
  const url = settings.url === undefined ? undefined : new URL(settings.url);
  const username = settings.username ?? (decodeURIComponent(url?.username ?? '') || undefined);
  const password = settings.password ?? (decodeURIComponent(url?.password ?? '') || undefined);
  return {...(username !== undefined && {username}), ...(password !== undefined && {password})};
};

export const tlsOf = (settings: RedisSettings): RedisTls | undefined =>
  settings.tls === undefined && !settings.url?.startsWith('rediss:') ? undefined : makeRedisTls(settings.tls ?? {});

/** What ioredis reads at each connection: of one client, or of the nodes that a cluster has and those to come. */
export const renewCredentials = (client: Redis | Cluster, settings: RedisSettings): void => {
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
