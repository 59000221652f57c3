// The gRPC server: where it listens, its services, and how it ends.
import {Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation} from '@grpc/grpc-js';
import {ReflectionService} from '@grpc/reflection';
import {type Certificates, loadCertificates} from './certificates.ts';
import {makeHealthService} from './health.ts';
import {loadProtos} from './protos.ts';
import type {Service} from './service.ts';
import type {ListenAddress, ServerSettings} from './settings.ts';
import {makeWay, openToGroup} from './socketFile.ts';

export interface ServerParts {
  readonly settings: ServerSettings;
  readonly service: Service;
  readonly log: {error(fields: object, message: string): void; info(fields: object, message: string): void};
  /** Milliseconds between two looks at the certificate files. Default: 5000. */
  readonly certificateInterval?: number;
}

export interface EnvoyServer {
  /** Binds every address; resolves with them as bound (`127.0.0.1:9191`, `unix:///path`). Rejects if one cannot be. */
  start(): Promise<string[]>;
  /** What grpc.health.v1 says. NOT_SERVING at first, and for good once drained. */
  setServing(yes: boolean): void;
  /** NOT_SERVING, serve on for `drainDelay`, stop listening, wait up to `drain`, then cut. More calls change nothing. */
  drain(): Promise<void>;
  /** Ends at once; calls in flight are cut. */
  close(): Promise<void>;
}

const AUTHORIZATION = 'envoy.service.auth.v3.Authorization';
const HEALTH = 'grpc.health.v1.Health';

/**
 * Envoy sends all checks of a worker over one connection and resets the stream of each that it no longer wants. Node ends
 * the whole session after about 1,000 resets in a burst (its guard against CVE-2023-44487), and every check in flight
 * with it. Our caller is the proxy, so the bound is far above what one proxy does; it stays finite.
 */
const resets = {streamResetBurst: 100_000, streamResetRate: 50_000};

const allowResets = (server: Server): void => {
  const {commonServerOptions} = server as unknown as {commonServerOptions?: object};
  // grpc-js has no option for it: fail loudly should its insides change.
  if (!commonServerOptions) throw new Error('grpc-js has changed: the limit of stream resets cannot be raised');
  Object.assign(commonServerOptions, resets);
};

/** Makes the server; nothing is bound before `start`. */
export const makeServer = (parts: ServerParts): EnvoyServer => {
  const {settings, service, log, certificateInterval} = parts;
  const {listen, tls, drain, drainDelay} = settings;
  const protos = loadProtos();
  const health = makeHealthService([AUTHORIZATION]);
  const server = new Server();
  allowResets(server);
  // The handlers are typed by our messages; grpc-js types them by `any`.
  const add = (name: string, implementation: object) =>
    server.addService(protos[name] as ServiceDefinition, implementation as UntypedServiceImplementation);
  add(AUTHORIZATION, {Check: service.check});
  add(HEALTH, health.implementation);
  new ReflectionService(protos).addToServer(server);

  let certificates: Certificates | undefined;
  let draining: Promise<void> | undefined;
  let ended = false;

  const bind = async (address: ListenAddress, credentials: ServerCredentials): Promise<string> => {
    if (address.kind === 'unix') {
      await makeWay(address.path);
      await bindTo(server, `unix:${address.path}`, credentials);
      await openToGroup(address.path);
      return `unix://${address.path}`;
    }
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    const port = await bindTo(server, `${host}:${address.port}`, credentials);
    return `${host}:${port}`;
  };

  const cut = (): void => {
    health.end();
    server.forceShutdown();
    service.close();
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
      if (tls) certificates = await loadCertificates(tls, log, certificateInterval);
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

const bindTo = (server: Server, address: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(new Error(`server.listen: cannot listen on ${address}: ${error.message}`));
      else resolve(port);
    });
  });

const pause = (milliseconds: number): Promise<void> =>
  milliseconds <= 0 ? Promise.resolve() : new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
