// The Envoy parts of the examples in deploy/, put on free ports of this machine, checked by Envoy itself and run.
import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse, parseAllDocuments} from 'yaml';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {type Running, start} from '../support/processes.ts';
import {tool} from '../support/tools.ts';
import {root} from './charts.ts';

// biome-ignore lint/suspicious/noExplicitAny: Envoy's and Istio's own words, as they stand in the examples
type Part = any;

/** A YAML file of the checkout. */
export const example = (path: string): Part => parse(readFileSync(join(root, path), 'utf8'));
/** All documents of a YAML file of the checkout. */
export const examples = (path: string): Part[] =>
  parseAllDocuments(readFileSync(join(root, path), 'utf8')).map((document) => document.toJS());

const endpoint = (address: string): Part => {
  if (address.startsWith('unix://')) return {endpoint: {address: {pipe: {path: address.slice('unix://'.length)}}}};
  const colon = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
  return {endpoint: {address: {socket_address: {address: host, port_value: port}}}};
};

const clusterOf = (config: Part, name: string): Part =>
  config.static_resources.clusters.find((one: Part) => one.name === name);
const checkCluster = (config: Part): Part => clusterOf(config, extAuthzOf(config).grpc_service.envoy_grpc.cluster_name);

const extAuthzOf = (config: Part): Part =>
  config.static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters.find(
    (one: Part) => one.name === 'envoy.filters.http.ext_authz',
  ).typed_config;

/** The example with its addresses replaced, and nothing else. Without `postern` the check's stays. */
export const moved = (
  config: Part,
  at: {port: number; adminPort: number; postern?: readonly string[]; app: string},
): Part => {
  const copy = structuredClone(config);
  copy.admin.address.socket_address.port_value = at.adminPort;
  copy.static_resources.listeners[0].address.socket_address = {address: '127.0.0.1', port_value: at.port};
  if (at.postern !== undefined)
    checkCluster(copy).load_assignment.endpoints = [{lb_endpoints: at.postern.map(endpoint)}];
  clusterOf(copy, 'app').load_assignment.endpoints = [{lb_endpoints: [endpoint(at.app)]}];
  return copy;
};

/**
 * What istiod makes of an extension provider and the ServiceEntry that it names, as far as the check goes
 * (istio/istio: pilot/pkg/security/authz/builder/extauthz.go), in the Envoy of deploy/envoy.
 */
export const asIstio = (
  provider: Part,
  entries: readonly Part[],
  addresses: Readonly<Record<string, string>>,
): Part => {
  const {service, port, timeout, failOpen, statusOnError} = provider.envoyExtAuthzGrpc;
  const entry = entries.find(({spec}) => spec.hosts.includes(service));
  const declared = entry.spec.ports.find(({number}: Part) => number === port);
  if (declared?.protocol !== 'GRPC') throw new Error(`${service} has no gRPC port ${port}`);
  const {address} = entry.spec.endpoints[0];
  const config = example('deploy/envoy/envoy.yaml');
  const name = `outbound|${port}||${service}`;
  const cluster = clusterOf(config, 'postern');
  // istiod gives such a cluster HTTP/2 because its port is gRPC; it checks no health.
  delete cluster.health_checks;
  cluster.load_assignment = {
    cluster_name: name,
    endpoints: [
      {lb_endpoints: [endpoint(addresses[address] ?? (address.startsWith('unix:') ? address : `${address}:${port}`))]},
    ],
  };
  cluster.name = name;
  const filter = extAuthzOf(config);
  filter.grpc_service = {timeout, envoy_grpc: {cluster_name: name, authority: service}};
  filter.failure_mode_allow = failOpen;
  filter.status_on_error = {code: Number(statusOnError)};
  delete filter.validate_mutations;
  return config;
};

const save = (config: Part): string => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const file = join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  return file;
};

/** What Envoy says of a configuration: undefined if it is content. */
export const faultOf = async (config: Part): Promise<string | undefined> => {
  const envoy = await start({
    name: 'envoy --mode validate',
    command: await tool('envoy'),
    args: ['--mode', 'validate', '-c', save(config), '--log-level', 'error'],
  });
  return (await envoy.ended) === 0 ? undefined : envoy.output();
};

export interface RunningEnvoy {
  readonly port: number;
  readonly process: Running;
  stop(): Promise<unknown>;
}

/**
 * Runs the example before an application. `identity`: as whom, `uid:gid:group` (istio-proxy is 1337:1337); it takes root.
 */
export const runExample = async (
  config: Part,
  {postern, app, identity}: {postern?: readonly string[]; app: string; identity?: readonly [number, number, number]},
): Promise<RunningEnvoy> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = save(moved(config, {port, adminPort, app, ...(postern && {postern})}));
  const envoyArgs = [
    '-c',
    file,
    '--concurrency',
    '1',
    '--disable-hot-restart',
    '--log-level',
    'warning',
    '--drain-time-s',
    '1',
  ];
  const [uid, gid, group] = identity ?? [];
  const as = identity === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, `--groups=${group}`];
  const [command = '', ...args] = [...as, await tool('envoy'), ...envoyArgs];
  const envoy = await start({
    name: 'envoy',
    command,
    args,
    timeout: 30_000,
    ready: async () => (await fetch(`http://127.0.0.1:${adminPort}/ready`)).status === 200,
  });
  return {port, process: envoy, stop: () => envoy.stop(2_000)};
};
