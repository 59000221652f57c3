// What the Grafana dashboard shows: rows of panels, one row for each question that people ask.
// scripts/dashboard.ts makes deploy/grafana/postern.json from it.
import type {MetricName} from '../src/observe/metricTable.ts';

/** Grafana's name of a unit. */
type Unit = 'reqps' | 'percentunit' | 's' | 'bytes' | 'short';

export interface Query {
  /** PromQL, with Grafana's variables in it. */
  readonly query: string;
  /** Of each series, with `{{label}}`. */
  readonly legend: string;
}

/** From this value on, in this colour. */
export type Step = readonly [value: number, colour: string];

export interface Panel {
  readonly title: string;
  /** What is seen, and what to make of it. */
  readonly about: string;
  /** `stack`: lines upon each other. `states`: a band for each series, coloured by value. */
  readonly kind: 'lines' | 'stack' | 'stat' | 'heatmap' | 'states' | 'table';
  readonly unit: Unit;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  /** Colours of series by their whole legend. */
  readonly colours?: Readonly<Record<string, string>>;
  /** Lines: drawn dashed. Stats: the colour of the number. Green below the first. */
  readonly steps?: readonly Step[];
  /** Alerts whose runbooks are linked. */
  readonly alerts?: readonly string[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A series of ours, of a histogram, or of the process. */
type SeriesName = MetricName | `${MetricName}_${'bucket' | 'count' | 'sum'}` | `${'process' | 'nodejs'}_${string}`;

/** The series that the variables at the top choose. All of them means `.*`, which also takes series without the label. */
const chosen = 'namespace=~"$namespace", job=~"$workload", pod=~"$pod"';

const of = (name: SeriesName, ...matchers: readonly string[]) => `${name}{${[chosen, ...matchers].join(', ')}}`;
const rate = (name: SeriesName, ...matchers: readonly string[]) => `rate(${of(name, ...matchers)}[$__rate_interval])`;
const decisions = (...matchers: readonly string[]) => rate('postern_decisions_total', 'rule=~"$rule"', ...matchers);
const checks = (...matchers: readonly string[]) => rate('postern_check_duration_seconds_count', ...matchers);
const quantile = (q: number, name: SeriesName, by = '') => `histogram_quantile(${q}, sum by (${by}le) (${rate(name)}))`;

/** What tells instances apart: in Kubernetes the pod, elsewhere the address. */
const instance = 'pod, instance';
const instanceLegend = '{{pod}} {{instance}}';

const outcomes = {allow: 'green', deny: 'orange', error: 'red', shadow_deny: 'purple'};

const glance: Row = {
  title: 'At a glance',
  panels: [
    {
      title: 'Requests',
      about: 'Decisions a second, of all outcomes.',
      kind: 'stat',
      unit: 'reqps',
      width: 4,
      queries: [{query: `sum(${decisions()})`, legend: 'requests'}],
    },
    {
      title: 'Denied',
      about: 'Share of requests that were refused. What is usual depends on your clients: compare below.',
      kind: 'stat',
      unit: 'percentunit',
      width: 4,
      queries: [{query: `sum(${decisions('outcome="deny"')}) / sum(${decisions()})`, legend: 'denied'}],
      alerts: ['PosternDenialsSpike'],
    },
    {
      title: 'Not decided',
      about:
        'Share of requests to which Postern had no answer (outcome error): a dependency is away, the deadline passed, or a bug. Envoy applies its failure policy to them.',
      kind: 'stat',
      unit: 'percentunit',
      width: 4,
      queries: [{query: `sum(${checks('outcome="error"')}) / sum(${checks()})`, legend: 'not decided'}],
      steps: [
        [0.001, 'orange'],
        [0.01, 'red'],
      ],
      alerts: ['PosternErrorBudgetBurnFast', 'PosternErrorBudgetBurnSlow'],
    },
    {
      title: 'Slowest in a hundred',
      about: '0.99 quantile of the time from a parsed request to its decision.',
      kind: 'stat',
      unit: 's',
      width: 4,
      queries: [{query: quantile(0.99, 'postern_check_duration_seconds_bucket'), legend: 'p99'}],
      steps: [
        [0.05, 'orange'],
        [0.25, 'red'],
      ],
      alerts: ['PosternSlow'],
    },
    {
      title: 'Circuits not closed',
      about: 'Dependencies that are not being called because calls to them kept failing.',
      kind: 'stat',
      unit: 'short',
      width: 4,
      queries: [
        {
          query: `sum(max by (dependency) (${of('postern_circuit_state')}) > bool 0) or vector(0)`,
          legend: 'not closed',
        },
      ],
      steps: [[1, 'red']],
      alerts: ['PosternCircuitOpen'],
    },
    {
      title: 'Instances',
      about: 'Processes that Prometheus has heard of within the last minutes.',
      kind: 'stat',
      unit: 'short',
      width: 4,
      queries: [{query: `count(${of('postern_build_info')})`, legend: 'instances'}],
      alerts: ['PosternDown'],
    },
  ],
};

const usual: Row = {
  title: 'Are we allowing and denying as usual?',
  panels: [
    {
      title: 'Decisions by outcome',
      about:
        'allow, deny, error (no decision could be made) and shadow_deny (let through; a shadow rule would have denied).',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [{query: `sum by (outcome) (${decisions()})`, legend: '{{outcome}}'}],
      colours: outcomes,
      alerts: ['PosternErrorBudgetBurnFast', 'PosternErrorBudgetBurnSlow'],
    },
    {
      title: 'Denied share, now and before',
      about:
        'Share of requests that were denied, beside that of $compare before (chosen at the top). A gap that opens all at once is a release, a changed configuration or an attack.',
      kind: 'lines',
      unit: 'percentunit',
      width: 8,
      queries: [
        {query: `sum(${decisions('outcome="deny"')}) / sum(${decisions()})`, legend: 'now'},
        {
          query: `sum(rate(${of('postern_decisions_total', 'rule=~"$rule"', 'outcome="deny"')}[$__rate_interval] offset $compare)) / sum(rate(${of('postern_decisions_total', 'rule=~"$rule"')}[$__rate_interval] offset $compare))`,
          legend: 'before',
        },
      ],
      colours: {now: 'orange', before: 'text'},
      alerts: ['PosternDenialsSpike'],
    },
    {
      title: 'Requests by rule',
      about: 'Which rules decide. none: no rule matched.',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [{query: `sum by (rule) (${decisions()})`, legend: '{{rule}}'}],
    },
  ],
};

const why: Row = {
  title: 'Why do we deny?',
  panels: [
    {
      title: 'Denials by reason',
      about: 'The reasons are those of docs/reference/reasons.md, which says where to look for each.',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [{query: `sum by (reason) (${decisions('outcome="deny"')})`, legend: '{{reason}}'}],
      alerts: ['PosternDenialsSpike'],
    },
    {
      title: 'Denials by rule',
      about: 'The rules that refuse. none: no rule matched (no_rule), or the request was not one (ambiguous_path).',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [{query: `sum by (rule) (${decisions('outcome="deny"')})`, legend: '{{rule}}'}],
      alerts: ['PosternDenialsSpike'],
    },
    {
      title: 'Credentials refused, by provider',
      about:
        'What providers found wrong with the credentials put before them, cached answers included. unavailable: the provider could not be asked.',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [
        {
          query: `sum by (provider, result) (${rate('postern_authentications_total', 'result!="verified"')})`,
          legend: '{{provider}}: {{result}}',
        },
      ],
    },
    {
      title: 'What is denied most',
      about: 'Denials in the time that is shown, by rule, reason and provider.',
      kind: 'table',
      unit: 'short',
      width: 24,
      queries: [
        {
          query: `topk(15, sum by (rule, reason, provider) (increase(${of('postern_decisions_total', 'rule=~"$rule"', 'outcome="deny"')}[$__range])) > 0)`,
          legend: '{{rule}} {{reason}} {{provider}}',
        },
      ],
    },
  ],
};

const shadow: Row = {
  title: 'What would shadow rules have denied?',
  panels: [
    {
      title: 'Let through by shadow rules',
      about: 'Requests that a rule with `shadow: true` would have denied, by reason. Nobody was refused for them.',
      kind: 'stack',
      unit: 'reqps',
      width: 12,
      queries: [
        {query: `sum by (rule, reason) (${decisions('outcome="shadow_deny"')})`, legend: '{{rule}}: {{reason}}'},
      ],
    },
    {
      title: 'Share that each would deny',
      about:
        'Of the requests that a shadow rule decides, those that it would have denied: ready to count once it is what you expect.',
      kind: 'lines',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          query: `sum by (rule) (${decisions('outcome="shadow_deny"')}) / sum by (rule) (${decisions()})`,
          legend: '{{rule}}',
        },
      ],
    },
  ],
};

const fast: Row = {
  title: 'How fast?',
  panels: [
    {
      title: 'Time to decide',
      about:
        'Quantiles of the time from a parsed request to its decision. Decisions from memory take tens of microseconds; a second hump is a network call.',
      kind: 'lines',
      unit: 's',
      width: 8,
      queries: [
        {query: quantile(0.5, 'postern_check_duration_seconds_bucket'), legend: 'p50'},
        {query: quantile(0.9, 'postern_check_duration_seconds_bucket'), legend: 'p90'},
        {query: quantile(0.99, 'postern_check_duration_seconds_bucket'), legend: 'p99'},
      ],
      steps: [[0.05, 'orange']],
      alerts: ['PosternSlow'],
    },
    {
      title: 'Slowest in a hundred, by outcome',
      about: '0.99 quantile by outcome: errors wait for time-outs, so they are slow by nature.',
      kind: 'lines',
      unit: 's',
      width: 8,
      queries: [{query: quantile(0.99, 'postern_check_duration_seconds_bucket', 'outcome, '), legend: '{{outcome}}'}],
      colours: outcomes,
      alerts: ['PosternSlow'],
    },
    {
      title: 'Where the time goes',
      about: 'How many decisions took how long. Each band is a bucket of the histogram.',
      kind: 'heatmap',
      unit: 's',
      width: 8,
      queries: [
        {
          query: `sum by (le) (increase(${of('postern_check_duration_seconds_bucket')}[$__rate_interval]))`,
          legend: '{{le}}',
        },
      ],
      alerts: ['PosternSlow'],
    },
  ],
};

const dependencies: Row = {
  title: 'Which dependency hurts?',
  panels: [
    {
      title: 'Calls that failed',
      about:
        'Calls to other services without a good answer. circuit_open: not even tried, because calls kept failing; busy: too many others were under way; refused: nobody listens there.',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [
        {
          query: `sum by (dependency, result) (${rate('postern_dependency_requests_total', 'result!="ok"')})`,
          legend: '{{dependency}}: {{result}}',
        },
      ],
      alerts: ['PosternDependencyDown'],
    },
    {
      title: 'Time of calls',
      about: '0.99 quantile of the time of calls to each dependency, failed ones included.',
      kind: 'lines',
      unit: 's',
      width: 8,
      queries: [
        {query: quantile(0.99, 'postern_dependency_duration_seconds_bucket', 'dependency, '), legend: '{{dependency}}'},
      ],
      alerts: ['PosternDependencyDown', 'PosternSlow'],
    },
    {
      title: 'Circuits',
      about: 'The worst state of any instance. Open: not called for a while; half open: one call is tried.',
      kind: 'states',
      unit: 'short',
      width: 8,
      queries: [{query: `max by (dependency) (${of('postern_circuit_state')})`, legend: '{{dependency}}'}],
      alerts: ['PosternCircuitOpen'],
    },
    {
      title: 'Calls',
      about: 'All calls to other services. A rise without more traffic: a cache that no longer helps.',
      kind: 'stack',
      unit: 'reqps',
      width: 24,
      queries: [
        {
          query: `sum by (dependency) (${rate('postern_dependency_requests_total')})`,
          legend: '{{dependency}}',
        },
      ],
    },
  ],
};

const fresh: Row = {
  title: 'How fresh is what we decide by?',
  panels: [
    {
      title: 'Age of signing keys',
      about:
        'Time since the keys of a provider were fetched, on the instance where it is longest. The last good ones stay in use.',
      kind: 'lines',
      unit: 's',
      width: 6,
      queries: [{query: `max by (provider) (${of('postern_keys_age_seconds')})`, legend: '{{provider}}'}],
      steps: [[3600, 'orange']],
      alerts: ['PosternKeysOld'],
    },
    {
      title: 'Age of entitlements',
      about:
        'Time since the entitlements in use were known to be what their source says. Beyond `entitlements.cache.stale` they no longer count. Sources that are asked one principal at a time have no such age.',
      kind: 'lines',
      unit: 's',
      width: 6,
      queries: [{query: `max by (${instance}) (${of('postern_entitlements_age_seconds')})`, legend: instanceLegend}],
      steps: [[300, 'orange']],
      alerts: ['PosternEntitlementsStale'],
    },
    {
      title: 'Lag of revocations',
      about: 'Time since the feed was known to be complete. While it grows, somebody who was signed out may get in.',
      kind: 'lines',
      unit: 's',
      width: 6,
      queries: [{query: `max by (${instance}) (${of('postern_revocation_feed_lag_seconds')})`, legend: instanceLegend}],
      steps: [[60, 'red']],
      alerts: ['PosternRevocationFeedLag'],
    },
    {
      title: 'Revocations and grants',
      about:
        'Revocations in force, those that could not be told to the others, and grants in the entitlements. Instances of one workload should agree.',
      kind: 'lines',
      unit: 'short',
      width: 6,
      queries: [
        {query: `max(${of('postern_revocations')})`, legend: 'revocations, most'},
        {query: `min(${of('postern_revocations')})`, legend: 'revocations, least'},
        {query: `max(${of('postern_revocations_unannounced')})`, legend: 'revocations not announced, most'},
        {query: `max(${of('postern_entitlements_grants')})`, legend: 'grants, most'},
        {query: `min(${of('postern_entitlements_grants')})`, legend: 'grants, least'},
      ],
      alerts: ['PosternRevocationFeedLag', 'PosternRevocationsUnannounced', 'PosternEntitlementsStale'],
    },
    {
      title: 'Age of what is on disk',
      about:
        'With the setting `state`: how old what was last good would be for a start that finds nothing else, and whether it is what decides now (1).',
      kind: 'lines',
      unit: 's',
      width: 12,
      queries: [
        {query: `max by (kept) (${of('postern_state_age_seconds')})`, legend: '{{kept}}'},
        {query: `max by (kept) (${of('postern_state_in_use')})`, legend: '{{kept}}, decides'},
      ],
      alerts: ['PosternDecidesFromDisk'],
    },
    {
      title: 'Writing to disk',
      about: 'Writings of what was last good, by what it is and how it went. A failure costs no decision.',
      kind: 'lines',
      unit: 'short',
      width: 12,
      queries: [
        {query: `sum by (kept, result) (${rate('postern_state_writes_total')})`, legend: '{{kept}}, {{result}}'},
      ],
      alerts: ['PosternStateNotWritten'],
    },
  ],
};

const bought: Row = {
  title: 'What was bought?',
  panels: [
    {
      title: 'Grace in use',
      about:
        'Requests that were let through, or told of amounts, by a grant that has ended and holds on. Who pays late is here first.',
      kind: 'lines',
      unit: 'reqps',
      width: 8,
      queries: [{query: `sum by (rule) (${rate('postern_grace_total', 'rule=~"$rule"')})`, legend: '{{rule}}'}],
    },
    {
      title: 'Limits handed out',
      about: "Requests that carried the tenant's own limit to Envoy's rate limit, by feature.",
      kind: 'lines',
      unit: 'reqps',
      width: 8,
      queries: [{query: `sum by (feature) (${rate('postern_limits_total', 'rule=~"$rule"')})`, legend: '{{feature}}'}],
    },
    {
      title: 'Upgrades refused',
      about: 'Refusals that told which plans would open what was asked for, by feature: what people want and have not.',
      kind: 'lines',
      unit: 'reqps',
      width: 8,
      queries: [
        {query: `sum by (feature) (${rate('postern_upgrades_total', 'rule=~"$rule"')})`, legend: '{{feature}}'},
      ],
    },
  ],
};

/** In layers that may or may not know; whoever is the source always does. */
const lookUps = (...matchers: readonly string[]) =>
  rate('postern_cache_requests_total', 'layer!="source"', ...matchers);

const caches: Row = {
  title: 'Do the caches carry the load?',
  panels: [
    {
      title: 'Hit ratio by layer',
      about:
        'Look-ups that a layer could answer, stale answers included. Redis is asked only about what memory missed.',
      kind: 'lines',
      unit: 'percentunit',
      width: 8,
      queries: [
        {
          query: `(sum by (cache, layer) (${lookUps('result=~"hit|stale"')}) or 0 * sum by (cache, layer) (${lookUps()})) / sum by (cache, layer) (${lookUps()})`,
          legend: '{{cache}} in {{layer}}',
        },
      ],
    },
    {
      title: 'Look-ups by layer and result',
      about:
        'What each layer answered. stale: served, while a fresh answer is fetched. source: whoever knows was asked.',
      kind: 'stack',
      unit: 'reqps',
      width: 8,
      queries: [
        {
          query: `sum by (layer, result) (${rate('postern_cache_requests_total')})`,
          legend: '{{layer}}: {{result}}',
        },
      ],
    },
    {
      title: 'Entries in memory',
      about: 'Entries that each cache holds, all instances together.',
      kind: 'lines',
      unit: 'short',
      width: 8,
      queries: [{query: `sum by (cache) (${of('postern_cache_entries')})`, legend: '{{cache}}'}],
    },
  ],
};

const configuration: Row = {
  title: 'Configuration',
  panels: [
    {
      title: 'Reloads',
      about:
        'Attempts to take over a changed configuration. After a failure the one before stays in force, and a restart would fail.',
      kind: 'stack',
      unit: 'short',
      width: 6,
      queries: [
        {
          query: `sum by (result) (increase(${of('postern_config_reloads_total')}[$__rate_interval]))`,
          legend: '{{result}}',
        },
      ],
      colours: {success: 'green', failure: 'red'},
      alerts: ['PosternConfigReloadFailed'],
    },
    {
      title: 'Different configurations',
      about:
        'How many configurations the instances of a workload run. More than one for long: some have not taken over the change.',
      kind: 'lines',
      unit: 'short',
      width: 6,
      queries: [
        {
          query: `count by (namespace, job) (count by (namespace, job, hash) (${of('postern_config_info')}))`,
          legend: '{{namespace}} {{job}}',
        },
      ],
      steps: [[2, 'orange']],
      alerts: ['PosternConfigDrift'],
    },
    {
      title: 'Instances by configuration and version',
      about: 'How many instances run which configuration (its hash), version of Postern and Node, and since when.',
      kind: 'table',
      unit: 'short',
      width: 12,
      queries: [
        {
          query: `count by (namespace, job, hash, version, node) (${of('postern_config_info')} * on (${instance}) group_left (version, node) ${of('postern_build_info')})`,
          legend: '{{hash}} {{version}} {{node}}',
        },
      ],
      alerts: ['PosternConfigDrift'],
    },
  ],
};

const process: Row = {
  title: 'Process',
  panels: [
    {
      title: 'CPU',
      about: 'Cores in use. A process decides on one core: near 1, add instances.',
      kind: 'lines',
      unit: 'short',
      width: 6,
      queries: [{query: `sum by (${instance}) (${rate('process_cpu_seconds_total')})`, legend: instanceLegend}],
      steps: [[0.9, 'orange']],
      alerts: ['PosternSlow'],
    },
    {
      title: 'Memory',
      about: 'Resident memory, and the part of it that JavaScript uses.',
      kind: 'lines',
      unit: 'bytes',
      width: 6,
      queries: [
        {
          query: `sum by (${instance}) (${of('process_resident_memory_bytes')})`,
          legend: `${instanceLegend} resident`,
        },
        {query: `sum by (${instance}) (${of('nodejs_heap_size_used_bytes')})`, legend: `${instanceLegend} heap`},
      ],
    },
    {
      title: 'Event loop lag',
      about:
        'By how much timers come late (0.99 quantile). Every request waits that long: long pauses are garbage collection or too little CPU.',
      kind: 'lines',
      unit: 's',
      width: 6,
      queries: [{query: `max by (${instance}) (${of('nodejs_eventloop_lag_p99_seconds')})`, legend: instanceLegend}],
      steps: [[0.1, 'orange']],
      alerts: ['PosternSlow'],
    },
    {
      title: 'Garbage collection',
      about: 'Share of the time that the garbage collector holds up requests.',
      kind: 'lines',
      unit: 'percentunit',
      width: 6,
      queries: [{query: `sum by (${instance}) (${rate('nodejs_gc_duration_seconds_sum')})`, legend: instanceLegend}],
      alerts: ['PosternSlow'],
    },
  ],
};

export const rows: readonly Row[] = [
  glance,
  usual,
  why,
  shadow,
  fast,
  dependencies,
  fresh,
  bought,
  caches,
  configuration,
  process,
];

/** Marked on every panel: a configuration was taken over. */
export const reloads = `changes(${of('postern_config_last_reload_success_timestamp_seconds')}[$__rate_interval]) > 0`;

/** The choices at the top; `values`: PromQL's matchers for the series whose label is offered. */
export const choices: readonly {
  readonly name: string;
  readonly label: string;
  readonly about: string;
  readonly of: string;
  readonly values: string;
}[] = [
  {
    name: 'namespace',
    label: 'Namespace',
    about: 'Kubernetes namespace.',
    of: 'namespace',
    values: 'postern_build_info',
  },
  {
    name: 'workload',
    label: 'Workload',
    about: 'The job of the scrape: one Deployment, or one application with its sidecar.',
    of: 'job',
    values: 'postern_build_info{namespace=~"$namespace"}',
  },
  {
    name: 'pod',
    label: 'Pod',
    about: 'One instance.',
    of: 'pod',
    values: 'postern_build_info{namespace=~"$namespace", job=~"$workload"}',
  },
  {
    name: 'rule',
    label: 'Rule',
    about: 'The rule that decided; for what is counted by rule.',
    of: 'rule',
    values: 'postern_decisions_total{namespace=~"$namespace", job=~"$workload"}',
  },
];
