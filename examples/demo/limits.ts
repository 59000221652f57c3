// Envoy's rate limit as deploy/envoy/rate-limits.yaml has it, before a service that counts by the limits that Postern hands on.
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import type {EnvoyOptions} from '../../test/support/envoy.ts';

const file = new URL('../../deploy/envoy/rate-limits.yaml', import.meta.url);

/** What an Envoy needs besides: only paths that `counted` matches are counted. `port`: of the service that counts. */
export const rateLimited = (
  port: number,
  counted: string,
): Pick<EnvoyOptions, 'filtersAfter' | 'clusters' | 'routes'> => {
  const {http_filters: filtersAfter, rate_limits, clusters} = parse(readFileSync(file, 'utf8'));
  const [cluster] = clusters;
  const address = {socket_address: {address: '127.0.0.1', port_value: port}};
  const own = {
    ...cluster,
    type: 'STATIC',
    load_assignment: {cluster_name: cluster.name, endpoints: [{lb_endpoints: [{endpoint: {address}}]}]},
  };
  return {
    filtersAfter,
    clusters: [own],
    routes: [{match: {safe_regex: {regex: counted}}, route: {cluster: 'echo', rate_limits}}],
  };
};
