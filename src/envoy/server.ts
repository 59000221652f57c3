// The gRPC server: where it listens, its services, and how it ends.

import type {Http2Server} from 'node:http2';
import {Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation} from '@grpc/grpc-js';
import {ReflectionService} from '@grpc/reflection';
import type {Health} from '../core/health.ts';
import {listenFault} from '../core/words/listenFault.ts';
import type {Renewed} from './certificateFiles.ts';
import {type Certificates, loadCertificates} from './certificates.ts';
import {type ConnectionLimits, connectionLimits, makeConnections} from './connections.ts';
import {type CallLimits, callLimits, makeGate} from './gate.ts';
import {makeHealthService} from './health.ts';
import {loadProtos} from './protos.ts';
import {makeReadMessage} from './readMessage.ts';
import type {Service} from './service.ts';
import type {ListenAddress, ServerSettings} from './settings.ts';
import {makeWay, openToGroup} from './socketFile.ts';
import {answeredBefore, answering} from './unary.ts';
import {writeCheckResponse} from './write.ts';

export interface ServerParts {
  readonly settings: Omit<ServerSettings, 'maxMessage' | 'reflection'> &
    Partial<Pick<ServerSettings, 'maxMessage' | 'reflection'>>;
  readonly service: Service;
  readonly log: {error(fields: object, message: string): void; info(fields: object, message: string): void};
  /** Told of what a limit has ended; `bytes` of a message that is too large. */
  readonly limited?: (limit: ServerLimit, fields?: {readonly bytes: number}) => void;
  /** Milliseconds, steady. Default: those of this process. */
  readonly steady?: () => number;
  /** Others than the usual ones, for tests. */
  readonly limits?: {readonly connections?: Partial<ConnectionLimits>; readonly calls?: Partial<CallLimits>};
  /** Milliseconds between two looks at the certificate files. Default: 5000. */
  readonly certificateInterval?: number;
}

/** What can be ended for a limit. */
export type ServerLimit =
  | 'connections'
  | 'silent'
  | 'idle'
  | 'resets'
  | 'compressed'
  | 'unfinished'
  | 'calls'
  | 'too_large'
  | 'watches';

export interface EnvoyServer {
  /** Binds every address; resolves with them as bound (`127.0.0.1:9191`, `unix:///path`). Rejects if one cannot be. */
  start(): Promise<string[]>;
  /** What grpc.health.v1 says. NOT_SERVING at first, and for good once drained. */
  setServing(yes: boolean): void;
  /** How its certificates are; empty without TLS. */
  health(): readonly Health[];
  /** NOT_SERVING, serve on for `drainDelay`, stop listening, wait up to `drain`, then cut. More calls change nothing. */
  drain(): Promise<void>;
  /** Ends at once; calls in flight are cut. */
  close(): Promise<void>;
}

const AUTHORIZATION = 'envoy.service.auth.v3.Authorization';
const CHECK = `/${AUTHORIZATION}/Check`;
const HEALTH = 'grpc.health.v1.Health';

/** Streams of one connection at once: Envoy opens another connection where it needs more. */
const streams = 1_024;

/**
 * Node ends a session after about 1,000 resets in a burst (its guard against CVE-2023-44487), and with it every check in
 * flight. What a proxy may take back is bounded in connections.ts; Node's own bound, twice that, is the second lock.
 * Headers of a call are some hundred bytes. A TLS handshake that does not end is given up.
 */
const sessionOptions = {
  streamResetBurst: 2 * connectionLimits.resetBurst,
  streamResetRate: 2 * connectionLimits.resetRate,
  settings: {maxConcurrentStreams: streams, maxHeaderListSize: 16_384},
  handshakeTimeout: 5_000,
};

/** What grpc-js does not show: the options of its sessions, and its listeners. Fails loudly should it change. */
interface Insides {
  readonly commonServerOptions?: object;
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}
const insidesOf = (server: Server): Required<Insides> => {
  const {commonServerOptions, http2Servers} = server as unknown as Insides;
  if (!commonServerOptions || !(http2Servers instanceof Map))
    throw new Error('grpc-js has changed: its sessions cannot be bounded');
  return {commonServerOptions, http2Servers};
};

/** Makes the server; nothing is bound before `start`. */
export const makeServer = (parts: ServerParts): EnvoyServer => {
  const {settings, service, log, certificateInterval} = parts;
  const {listen, tls, drain, drainDelay, maxMessage = 262_144, reflection = false} = settings;
  const protos = loadProtos();
  const {limited = () => {}, steady = () => performance.now(), limits = {}} = parts;
  const health = makeHealthService([AUTHORIZATION], () => limited('watches'));
  const server = new Server({
    'grpc.max_receive_message_length': maxMessage,
    'grpc.max_concurrent_streams': streams,
    'grpc.enable_channelz': 0,
    interceptors: [answering(CHECK, service.check)],
  });
  Object.assign(insidesOf(server).commonServerOptions, sessionOptions);
  const connections = makeConnections({
    limits: {...connectionLimits, ...limits.connections},
    steady,
    now: Date.now,
    closed: limited,
  });
  const gate = makeGate({
    maxMessage,
    limits: {...callLimits, unfinishedBytes: Math.max(callLimits.unfinishedBytes, 16 * maxMessage), ...limits.calls},
    connections,
    check: CHECK,
    stays: new Set([`/${HEALTH}/Watch`]),
    many: (path) => path?.startsWith('/grpc.reflection.') === true,
    tooLarge: (bytes) => {
      limited('too_large', {bytes});
      return service.tooLarge(bytes, maxMessage);
    },
    refused: limited,
    steady,
  });
  // The handlers are typed by our messages; grpc-js types them by `any`.
  const add = (definition: ServiceDefinition, implementation: object) =>
    server.addService(definition, implementation as UntypedServiceImplementation);
  add(byHand(protos[AUTHORIZATION] as ServiceDefinition), {Check: answeredBefore});
  add(protos[HEALTH] as ServiceDefinition, health.implementation);
  if (reflection) new ReflectionService(protos).addToServer(server);

  const guarded = new WeakSet<Http2Server>();
  /** Before anything can connect: whoever is bound in this turn of the event loop is served in the next one. */
  const guard = (): void => {
    for (const http2Server of insidesOf(server).http2Servers.keys()) {
      if (guarded.has(http2Server)) continue;
      guarded.add(http2Server);
      connections.watch(http2Server);
      gate.guard(http2Server);
    }
  };

  let certificates: Certificates | undefined;
  /** Whoever was let in by an authority that is gone has to show who they are by those of now. */
  const renewed: Renewed = (_, {authorityGone}) => {
    if (!authorityGone) return;
    log.info({}, 'an authority of clients is gone: connections of before end when their calls are answered');
    connections.end();
  };
  let draining: Promise<void> | undefined;
  let ended = false;

  const bind = async (address: ListenAddress, credentials: ServerCredentials): Promise<string> => {
    if (address.kind === 'unix') {
      await makeWay(address.path);
      await bindTo(server, `unix:${address.path}`, credentials, guard);
      await openToGroup(address.path);
      return `unix://${address.path}`;
    }
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    const port = await bindTo(server, `${host}:${address.port}`, credentials, guard);
    return `${host}:${port}`;
  };

  const cut = (): void => {
    health.end();
    server.forceShutdown();
    service.close();
    connections.close();
    gate.close();
    certificates?.close();
  };

  const end = async (): Promise<void> => {
    ended = true;
    health.serving(false);
    await pause(drainDelay);
    health.end();
    const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    const inTime = await Promise.race([finished.then(() => true), pause(drain).then(() => false)]);
    if (!inTime) log.error({drain}, 'calls were still in flight at the end of server.drain: they are cut');
    cut();
  };

  return {
    async start() {
      if (tls) certificates = await loadCertificates(tls, log, renewed, certificateInterval);
      const credentials = certificates?.credentials ?? ServerCredentials.createInsecure();
      const bound: string[] = [];
      try {
        for (const address of listen) bound.push(await bind(address, credentials));
      } catch (error) {
        cut();
        throw error;
      }
      return bound;
    },
    setServing(yes) {
      if (!ended) health.serving(yes);
    },
    health: () => (certificates === undefined ? [] : [certificates.health()]),
    drain() {
      draining ??= end();
      return draining;
    },
    async close() {
      ended = true;
      cut();
    },
  };
};

const bindTo = (server: Server, address: string, credentials: ServerCredentials, bound: () => void): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) return reject(new Error(`server.listen: cannot listen on ${address}: ${listenFault(error)}`));
      bound();
      resolve(port);
    });
  });

/** The same service, whose messages are counted, read and written by our own hands; each knows how many bytes it had. */
const byHand = (definition: ServiceDefinition): ServiceDefinition => {
  const check = definition.Check as ServiceDefinition[string];
  const requestDeserialize = makeReadMessage(check.requestDeserialize);
  return {...definition, Check: {...check, requestDeserialize, responseSerialize: writeCheckResponse}};
};

const pause = (milliseconds: number): Promise<void> =>
  milliseconds <= 0 ? Promise.resolve() : new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
