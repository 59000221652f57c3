// A real Envoy in front of the echo service, asking Postern about every request.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ToolName} from '../../scripts/tools.ts';
import {temporaryFolder} from './ports.ts';
import {type Running, start} from './processes.ts';
import {tool} from './tools.ts';

/** A part of an Envoy configuration, in Envoy's own words. */
type Part = Readonly<Record<string, unknown>>;

export interface EnvoyOptions {
  /** Where Postern listens: `127.0.0.1:9191` or `unix:///path/check.sock`. */
  readonly checkAddress: string;
  /** The service behind: ports of the loopback, HTTP/1.1 and gRPC. */
  readonly upstream: {readonly port: number; readonly grpcPort?: number};
  readonly version?: Extract<ToolName, 'envoy' | 'envoy-1.36'>;
  /** Port to listen on; a free one if absent. */
  readonly port?: number;
  readonly adminPort?: number;
  /** Added to the ext_authz filter: `{failure_mode_allow: true}`, `{with_request_body: {...}}`. */
  readonly filter?: Part;
  /** Added to the gRPC service of the filter: `{timeout: '0.2s'}` (1 s if absent, so that a slow machine passes). */
  readonly grpcService?: Part;
  /** Added to the HTTP connection manager: `{normalize_path: true, merge_slashes: true}`. */
  readonly connectionManager?: Part;
  /** HTTP filters that stand before ext_authz. */
  readonly filtersBefore?: readonly Part[];
  /** HTTP filters that stand after it, as Istio's cors filter does. */
  readonly filtersAfter?: readonly Part[];
  /** Clusters besides those of Postern and the service behind. */
  readonly clusters?: readonly Part[];
  /** Routes that stand before the ones for everything; `toEcho` completes them. */
  readonly routes?: readonly Part[];
  /** Port of a collector (OTLP over HTTP) that Envoy tells its spans, as `service.name` envoy. */
  readonly collectorPort?: number;
  /** A DownstreamTlsContext for the listener. */
  readonly tls?: Part;
}

/** A line of the access log. */
export interface Logged {
  readonly status: number;
  readonly flags: string;
  readonly details: string;
  readonly path: string;
  /** The dynamic metadata `postern` that came with the decision. */
  readonly postern: Readonly<Record<string, unknown>> | null;
}

export interface Envoy {
  readonly port: number;
  readonly adminPort: number;
  readonly process: Running;
  /** The lines of the access log so far; waits (2 s at most) until there are `atLeast` of them. */
  accessLog(atLeast?: number): Promise<Logged[]>;
  /** A counter of the admin API by its whole name (`cluster.echo.ext_authz.denied`); 0 if it does not exist. */
  counter(name: string): Promise<number>;
  stop(): Promise<void>;
}

const typed = (type: string, settings: Part): Part => ({'@type': `type.googleapis.com/${type}`, ...settings});
const extAuthz = 'envoy.extensions.filters.http.ext_authz.v3';

/** What a route needs to disable the check, or to add context extensions: `typed_per_filter_config` of it. */
export const perRoute = (settings: Part): Part => ({
  'envoy.filters.http.ext_authz': typed(`${extAuthz}.ExtAuthzPerRoute`, settings),
});

const socketAddress = (host: string, port: number): Part => ({socket_address: {address: host, port_value: port}});

const endpoint = (address: string): Part => {
  if (address.startsWith('unix://')) return {pipe: {path: address.slice('unix://'.length)}};
  const colon = address.lastIndexOf(':');
  return socketAddress(address.slice(0, colon), Number(address.slice(colon + 1)));
};

const cluster = (name: string, address: string, isHttp2: boolean): Part => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{lb_endpoints: [{endpoint: {address: endpoint(address)}}]}],
  },
  ...(isHttp2 && {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        {explicit_http_config: {http2_protocol_options: {}}},
      ),
    },
  }),
});

const tracing = (port: number): Part => ({
  random_sampling: {value: 100},
  provider: {
    name: 'envoy.tracers.opentelemetry',
    typed_config: typed('envoy.config.trace.v3.OpenTelemetryConfig', {
      service_name: 'envoy',
      http_service: {
        http_uri: {uri: `http://127.0.0.1:${port}/v1/traces`, cluster: 'collector', timeout: '1s'},
      },
    }),
  },
});

/** The configuration as a reader would write it for production, but for the ports. */
const configuration = (options: EnvoyOptions, accessLog: string): Part => {
  const {upstream, filter = {}, grpcService = {}, connectionManager = {}, filtersBefore = [], routes = []} = options;
  const {filtersAfter = []} = options;
  const authorization = {
    name: 'envoy.filters.http.ext_authz',
    typed_config: typed(`${extAuthz}.ExtAuthz`, {
      transport_api_version: 'V3',
      grpc_service: {timeout: '1s', ...grpcService, envoy_grpc: {cluster_name: 'postern'}},
      ...filter,
    }),
  };
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}),
  };
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'ingress',
    upgrade_configs: [{upgrade_type: 'websocket'}],
    access_log: [
      {
        name: 'file',
        typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
          path: accessLog,
          log_format: {
            json_format: {
              status: '%RESPONSE_CODE%',
              flags: '%RESPONSE_FLAGS%',
              details: '%RESPONSE_CODE_DETAILS%',
              path: '%REQ(:PATH)%',
              postern: '%DYNAMIC_METADATA(envoy.filters.http.ext_authz:postern)%',
            },
          },
        }),
      },
    ],
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            ...routes,
            {match: {prefix: '/', grpc: {}}, route: {cluster: 'echo-grpc'}},
            {match: {prefix: '/'}, route: {cluster: 'echo'}},
          ],
        },
      ],
    },
    ...(options.collectorPort !== undefined && {tracing: tracing(options.collectorPort)}),
    http_filters: [...filtersBefore, authorization, ...filtersAfter, router],
    ...connectionManager,
  });
  return {
    admin: {address: socketAddress('127.0.0.1', options.adminPort ?? 0)},
    static_resources: {
      listeners: [
        {
          name: 'ingress',
          address: socketAddress('127.0.0.1', options.port ?? 0),
          filter_chains: [
            {
              filters: [{name: 'envoy.filters.network.http_connection_manager', typed_config: manager}],
              ...(options.tls && {
                transport_socket: {
                  name: 'envoy.transport_sockets.tls',
                  typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', options.tls),
                },
              }),
            },
          ],
        },
      ],
      clusters: [
        cluster('postern', options.checkAddress, true),
        ...(options.collectorPort === undefined
          ? []
          : [cluster('collector', `127.0.0.1:${options.collectorPort}`, false)]),
        cluster('echo', `127.0.0.1:${upstream.port}`, false),
        cluster('echo-grpc', `127.0.0.1:${upstream.grpcPort ?? upstream.port}`, true),
        ...(options.clusters ?? []),
      ],
    },
  };
};

const adminPortOf = (file: string): number => Number(readFileSync(file, 'utf8').split(':').at(-1));

const listenerPort = async (adminPort: number): Promise<number> => {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/listeners?format=json`);
  const listeners = (await answer.json()) as {
    listener_statuses: [{local_address: {socket_address: {port_value: number}}}];
  };
  return listeners.listener_statuses[0].local_address.socket_address.port_value;
};

/** Starts an Envoy. Rejects with ToolMissing where there is none, and with Envoy's words if it refuses its configuration. */
export const startEnvoy = async (options: EnvoyOptions): Promise<Envoy> => {
  const command = await tool(options.version ?? 'envoy');
  const folder = temporaryFolder();
  const accessLogFile = join(folder, 'access.log');
  const adminFile = join(folder, 'admin');
  const configFile = join(folder, 'envoy.json');
  writeFileSync(configFile, JSON.stringify(configuration(options, accessLogFile), null, 2));

  const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'];
  const timing = ['--file-flush-interval-msec', '50', '--drain-time-s', '1', '--parent-shutdown-time-s', '2'];
  const envoy = await start({
    name: `Envoy (${configFile})`,
    command,
    args: ['-c', configFile, '--admin-address-path', adminFile, ...flags, ...timing],
    timeout: 30_000,
    ready: async () => (await fetch(`http://127.0.0.1:${adminPortOf(adminFile)}/ready`)).status === 200,
  });
  const adminPort = adminPortOf(adminFile);

  const readLog = (): Logged[] => {
    try {
      const lines = readFileSync(accessLogFile, 'utf8').split('\n');
      return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
    } catch {
      return [];
    }
  };
  return {
    port: await listenerPort(adminPort),
    adminPort,
    process: envoy,
    accessLog: async (atLeast = 0) => {
      const until = performance.now() + 2_000;
      while (readLog().length < atLeast && performance.now() < until) await sleep(25);
      return readLog();
    },
    counter: async (name) => {
      const stats = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
      return Number(stats.match(/: (\d+)/)?.[1] ?? 0);
    },
    stop: async () => {
      await envoy.stop(2_000);
    },
  };
};
