// The configuration of an Envoy before one application: deploy/envoy/envoy.yaml (a test compares the two).
import {isIP} from 'node:net';
import {quoted} from '../../vendors/choiceYaml.ts';

const isAddress = (host: string): boolean => isIP(host) !== 0;

/** `host:port`, `[::1]:port` as its parts; undefined: it is none. */
export const upstreamOf = (given: string): {readonly host: string; readonly port: number} | undefined => {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(given) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port < 1 || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6))
    return undefined;
  // A name such as 0 or null is a text, too.
  return {host: isIP(host) === 4 ? host : quoted(host), port};
};

export const envoyOf = ({host, port}: {readonly host: string; readonly port: number}): string => `\
# An Envoy before an application, which asks Postern about each request. Envoy 1.37 or newer (before, an outage answers 403).
#   envoy -c envoy.yaml
admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 9901}}
static_resources:
  listeners:
    - name: ingress
      address: {socket_address: {address: 0.0.0.0, port_value: 8000}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: ingress
                # Postern refuses paths that can be read in two ways. These make Envoy forward only one reading of the rest.
                normalize_path: true
                path_with_escaped_slashes_action: REJECT_REQUEST
                access_log:
                  - name: envoy.access_loggers.stdout
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                      log_format:
                        json_format:
                          status: "%RESPONSE_CODE%"
                          path: "%REQ(:PATH)%"
                          details: "%RESPONSE_CODE_DETAILS%"
                          postern: "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:postern)%"
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: {prefix: /}
                          route: {cluster: app}
                http_filters:
                  # Preflights carry no credential: a cors filter, where one is needed, belongs here, before ext_authz.
                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
                      transport_api_version: V3
                      # An outage of Postern closes the door.
                      failure_mode_allow: false
                      status_on_error: {code: ServiceUnavailable}
                      # What Postern hands back becomes headers; what a claim could smuggle in them is refused.
                      validate_mutations: true
                      grpc_service:
                        timeout: 0.5s
                        # A check changes nothing, so one that found a connection closing may be asked again.
                        retry_policy: {retry_on: "connect-failure,refused-stream,reset-before-request", num_retries: 2}
                        envoy_grpc: {cluster_name: postern}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: postern
      # In Kubernetes: type STRICT_DNS, and the headless Service of the chart as address.
      type: STATIC
      connect_timeout: 1s
      # The check's protocol is gRPC.
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: {http2_protocol_options: {}}
      # One that drains says NOT_SERVING, and gets nothing new.
      health_checks:
        - timeout: 1s
          interval: 2s
          # Before its first request too: Envoy would otherwise wait a minute between the first two looks.
          no_traffic_interval: 2s
          unhealthy_threshold: 1
          healthy_threshold: 1
          grpc_health_check: {}
      load_assignment:
        cluster_name: postern
        endpoints:
          - lb_endpoints:
              - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9191}}}
    - name: app
      type: ${isAddress(host) ? 'STATIC' : 'STRICT_DNS'}
      connect_timeout: 1s
      load_assignment:
        cluster_name: app
        endpoints:
          - lb_endpoints:
              - endpoint: {address: {socket_address: {address: ${host}, port_value: ${port}}}}
`;
