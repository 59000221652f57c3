// Every metric of Postern: its name, its labels, what it means, and a query that is worth asking. The reference page
// docs/reference/metrics.md is made from this table.

/** What a metric is called and means. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** One sentence, also the HELP line of the exposition. */
  readonly meaning: string;
  /** PromQL. */
  readonly query: string;
}

export const metricTable = {
  postern_decisions_total: {
    type: 'counter',
    labels: ['rule', 'outcome', 'reason', 'provider'],
    meaning:
      'Decisions. outcome: allow, deny, error (we could not decide), shadow_deny (let through, a shadow rule would have denied), answer (a preflight or the resource metadata, which Postern answers itself). reason is none on allow, but where a lenient rule took the caller for nobody.',
    query: 'sum by (rule, reason) (rate(postern_decisions_total{outcome="deny"}[5m]))',
  },
  postern_check_duration_seconds: {
    type: 'histogram',
    labels: ['outcome'],
    meaning: 'Time from a parsed request to its decision.',
    query: 'histogram_quantile(0.99, sum by (le) (rate(postern_check_duration_seconds_bucket[5m])))',
  },
  postern_authentications_total: {
    type: 'counter',
    labels: ['provider', 'credential', 'result'],
    meaning:
      'Credentials put before a provider, cached answers included. credential: header, cookie or query. result: verified, the reason of the refusal, unavailable, or internal.',
    query: 'sum by (provider, result) (rate(postern_authentications_total{result!="verified"}[5m]))',
  },
  postern_cache_requests_total: {
    type: 'counter',
    labels: ['cache', 'layer', 'result'],
    meaning: 'Look-ups in a cache. layer: memory, redis or source. result: hit, stale, miss or error.',
    query:
      'sum by (cache) (rate(postern_cache_requests_total{layer="memory",result="hit"}[5m])) / sum by (cache) (rate(postern_cache_requests_total{layer="memory"}[5m]))',
  },
  postern_cache_entries: {
    type: 'gauge',
    labels: ['cache'],
    meaning: 'Entries that a cache holds in memory now.',
    query: 'postern_cache_entries',
  },
  postern_dependency_requests_total: {
    type: 'counter',
    labels: ['dependency', 'result'],
    meaning:
      'Calls to other services. result: ok, error (a status of 500 and above, or 429, included), timeout, refused, too_large, circuit_open, or busy (too many others under way).',
    query: 'sum by (dependency, result) (rate(postern_dependency_requests_total{result!="ok"}[5m]))',
  },
  postern_dependency_duration_seconds: {
    type: 'histogram',
    labels: ['dependency'],
    meaning: 'Time of calls to other services, failed ones included.',
    query: 'histogram_quantile(0.99, sum by (dependency, le) (rate(postern_dependency_duration_seconds_bucket[5m])))',
  },
  postern_circuit_state: {
    type: 'gauge',
    labels: ['dependency'],
    meaning: 'Circuit breaker of a dependency: 0 closed (calls go through), 1 half open (one is tried), 2 open.',
    query: 'max by (dependency) (postern_circuit_state) == 2',
  },
  postern_entitlements_age_seconds: {
    type: 'gauge',
    labels: [],
    meaning: 'Time since the entitlements in use were last known to be what their source says.',
    query: 'max(postern_entitlements_age_seconds)',
  },
  postern_entitlements_grants: {
    type: 'gauge',
    labels: [],
    meaning: 'Grants in the entitlements in use.',
    query: 'min(postern_entitlements_grants) == 0',
  },
  postern_grace_total: {
    type: 'counter',
    labels: ['rule'],
    meaning: 'Requests let through, or told of amounts, by a grant that has ended and holds on for a while.',
    query: 'sum by (rule) (rate(postern_grace_total[1h])) > 0',
  },
  postern_limits_total: {
    type: 'counter',
    labels: ['rule', 'feature'],
    meaning: 'Limits handed on with requests that were let through (limits of a rule).',
    query: 'sum by (feature) (rate(postern_limits_total[5m]))',
  },
  postern_upgrades_total: {
    type: 'counter',
    labels: ['rule', 'feature'],
    meaning: 'Refusals that told which plans would open what was asked for (responses.upgrade).',
    query: 'topk(10, sum by (feature) (increase(postern_upgrades_total[1d])))',
  },
  postern_revocations: {
    type: 'gauge',
    labels: [],
    meaning: 'Revocations that are in force.',
    query: 'max(postern_revocations) - min(postern_revocations)',
  },
  postern_revocations_unannounced: {
    type: 'gauge',
    labels: [],
    meaning: 'Revocations, and removals of them, that are known here and not known to be in Redis.',
    query: 'max(postern_revocations_unannounced) > 0',
  },
  postern_revocation_feed_lag_seconds: {
    type: 'gauge',
    labels: [],
    meaning: 'Time since the feed of revocations was last known to be complete.',
    query: 'max(postern_revocation_feed_lag_seconds)',
  },
  postern_keys_age_seconds: {
    type: 'gauge',
    labels: ['provider'],
    meaning: 'Time since the signing keys of a provider were last fetched.',
    query: 'max by (provider) (postern_keys_age_seconds)',
  },
  postern_state_age_seconds: {
    type: 'gauge',
    labels: ['kept'],
    meaning:
      'With the setting state: time since what stands on disk was last known to hold. kept: entitlements, entitlements-since, revocations, or keys and a provider.',
    query: 'max by (kept) (postern_state_age_seconds)',
  },
  postern_state_in_use: {
    type: 'gauge',
    labels: ['kept'],
    meaning: 'Whether decisions are made by what was read from disk at the start (1), or by what came since (0).',
    query: 'max by (kept) (postern_state_in_use) == 1',
  },
  postern_state_reads_total: {
    type: 'counter',
    labels: ['kept', 'result'],
    meaning:
      'Readings of what is kept on disk. result: used, none (nothing was kept), or ignored (tampered, foreign, too old: the log says why).',
    query: 'sum by (kept) (increase(postern_state_reads_total{result="ignored"}[1h])) > 0',
  },
  postern_state_writes_total: {
    type: 'counter',
    labels: ['kept', 'result'],
    meaning: 'Writings of what is kept on disk. result: success or failure.',
    query: 'sum by (kept) (rate(postern_state_writes_total{result="failure"}[5m])) > 0',
  },
  postern_config_reloads_total: {
    type: 'counter',
    labels: ['result'],
    meaning:
      'Attempts to take over a changed configuration. result: success, or failure (the one before stays in force).',
    query: 'increase(postern_config_reloads_total{result="failure"}[10m]) > 0',
  },
  postern_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    meaning: 'When the configuration in force was taken over, in seconds since the epoch.',
    query: 'time() - postern_config_last_reload_success_timestamp_seconds',
  },
  postern_config_waiting: {
    type: 'gauge',
    labels: [],
    meaning:
      'Whether a changed configuration waits, because something would stop working with it (1), or none does (0).',
    query: 'max(postern_config_waiting) == 1',
  },
  postern_config_info: {
    type: 'gauge',
    labels: ['hash'],
    meaning: 'Always 1; hash tells the configuration in force, so that instances that differ can be seen.',
    query: 'count(count by (hash) (postern_config_info)) > 1',
  },
  postern_shadow_decisions_total: {
    type: 'counter',
    labels: ['result'],
    meaning:
      'Decisions that were compared with those of `serve --shadow-config`. result: same, different, dropped (there was no time), or failed (a bug).',
    query: 'sum by (result) (rate(postern_shadow_decisions_total[5m]))',
  },
  postern_shadow_differences_total: {
    type: 'counter',
    labels: ['rule', 'outcome', 'next'],
    meaning:
      'Decisions that the shadow configuration would make otherwise. rule and outcome: those that were answered; next: the outcome that it would be. Of equal outcomes the reasons differ, or the principal.',
    query: 'sum by (rule, outcome, next) (rate(postern_shadow_differences_total[5m])) > 0',
  },
  postern_decision_log_dropped_total: {
    type: 'counter',
    labels: [],
    meaning: 'Lines of the decision log that the socket of log.decisions.to did not take in time.',
    query: 'rate(postern_decision_log_dropped_total[5m]) > 0',
  },
  postern_limited_total: {
    type: 'counter',
    labels: ['port', 'limit'],
    meaning:
      'Connections and calls that a limit of a port has ended. port: grpc, admin or answers. limit, of grpc: connections, silent, idle, resets, compressed, unfinished, calls, too_large, watches; of admin: connections, guesses, hosts; of answers: connections.',
    query: 'sum by (port, limit) (rate(postern_limited_total{limit!="idle"}[5m])) > 0',
  },
  postern_build_info: {
    type: 'gauge',
    labels: ['version', 'node'],
    meaning: 'Always 1; version of Postern and of Node.',
    query: 'count by (version) (postern_build_info)',
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricTable;

type NameOf<Type extends MetricDefinition['type']> = {
  [N in MetricName]: (typeof metricTable)[N]['type'] extends Type ? N : never;
}[MetricName];

/** Those that are read when Prometheus asks. */
export type GaugeName = NameOf<'gauge'>;
/** Those that are added to. */
export type CounterName = NameOf<'counter'>;

/**
 * Upper bounds in seconds. Most decisions come from memory and take tens of microseconds; the rest wait for a network.
 */
export const durationBounds = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
] as const;
