// What Prometheus is told. The only importer of prom-client, which writes the exposition and knows the process metrics;
// what the way of a request adds to are numbers of our own (tally.ts), handed to prom-client when it is asked.
import {collectDefaultMetrics, type Metric, Registry} from 'prom-client';
import type {Reply} from '../core/decision.ts';
import type {Reason} from '../core/refusals.ts';
import type {CallResult, CircuitState} from '../core/remote.ts';
import type {Access} from '../core/rules.ts';
import {type Steps, whole} from '../core/steps.ts';
import {
  type CounterName,
  durationBounds,
  type GaugeName,
  type MetricDefinition,
  type MetricName,
  metricTable,
} from './metricTable.ts';
import type {Outcome} from './outcome.ts';
import {complete, counted, exemplarsOf, openMetrics, timed, type WireSample} from './samples.ts';
import {type Exemplar, makeTally, makeTimings, NONE, OTHER, type Tally} from './tally.ts';

/** One value of a gauge at the moment of asking. Labels that are absent become `none`. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What of a configuration decides which series there can be. */
export interface Configured {
  readonly rules: readonly {readonly name: string; readonly access: Access; readonly limits?: readonly string[]}[];
  readonly providers: readonly string[];
  /** A hash of the configuration, for `postern_config_info`. */
  readonly hash: string;
  /** When it was taken over, milliseconds since the epoch. */
  readonly at: number;
}

/** What can be read besides by a scrape: gauges, and these counts. */
export type ReadableName = GaugeName | 'postern_decisions_total' | 'postern_cache_requests_total';

/**
 * `grace`: held by grace; `limits`: features whose limits are handed on; `upgrade`: the feature that a refusal offers.
 */
export interface Bought {
  readonly grace?: boolean | undefined;
  readonly limits?: readonly string[] | undefined;
  readonly upgrade?: string | undefined;
}

export interface Metrics {
  /** One decision that took `seconds`. `reason` undefined: none. */
  decided(
    outcome: Outcome,
    reason: Reason | Reply['kind'] | undefined,
    rule: string | undefined,
    provider: string | undefined,
    seconds: number,
  ): void;
  /** What of that which was bought a decision turned on. */
  bought(rule: string | undefined, what: Bought): void;
  /**
   * One answer of a provider: `verified`, a reason, `unavailable` or `internal`. `credential`: the kind of its place.
   */
  authenticated(provider: string, credential: string, result: string): void;
  /** The observer of caches. */
  readonly cache: {request(cache: string, layer: string, result: string): void};
  /** The observer of calls to other services. */
  readonly remote: {
    called(dependency: string, result: CallResult, seconds: number): void;
    circuit(dependency: string, state: CircuitState): void;
  };
  /** A limit of a port has ended something. */
  limited(port: string, limit: string): void;
  /** Lines of the decision log that its socket did not take. */
  decisionsDropped(lines: number): void;
  /** The observer of what is kept on disk. */
  readonly state: {read(kept: string, result: string): void; wrote(kept: string, result: string): void};
  reloaded(result: 'success' | 'failure'): void;
  /** What came of a decision that the shadow configuration was to make, too. */
  shadowed(result: 'same' | 'different' | 'dropped' | 'failed'): void;
  /** It would be another. */
  differed(rule: string | undefined, outcome: Outcome, next: Outcome): void;
  /** Takes over the names of a configuration, at the start and at each reload: series of vanished names are dropped. */
  configured(configuration: Configured): void;
  /** The same, with all names at once and the series of the new ones rule by rule. */
  configuring(configuration: Configured): Steps<void>;
  /**
   * Has `read` asked at each scrape; several readers of one gauge add up to its series. Returns what ends it. A reader
   * that throws loses its own series only, and `fault` is told.
   */
  gauge(name: GaugeName, read: () => readonly Sample[]): () => void;
  /** The series of one metric as they are now; `rule`, `provider` and the like by name. */
  read(name: ReadableName): readonly Sample[];
  /** The exposition, in the format that the Accept header prefers. */
  exposition(accept?: string): Promise<{readonly type: string; readonly text: string}>;
}

export interface MetricsParts {
  /** Version of Postern. */
  readonly version: string;
  /** Version of Node. */
  readonly node: string;
  /** Where in a trace a decision is made. Absent: nobody traces. */
  readonly exemplar?: () => Exemplar | undefined;
  /** Told of a gauge whose reader threw. */
  readonly fault?: (gauge: GaugeName, error: unknown) => void;
}

type Tallies = Readonly<Record<CounterName, Tally>>;
const counterNames = (Object.keys(metricTable) as MetricName[]).filter(
  (name): name is CounterName => metricTable[name].type === 'counter',
);

/** Far above what a configuration brings about, far below what hurts Prometheus. */
const seriesLimit = 20_000;
const circuitValues: Readonly<Record<CircuitState, number>> = {closed: 0, half_open: 1, open: 2};

/** Metrics with a registry of their own. */
export const makeMetrics = ({version, node, fault, exemplar}: MetricsParts): Metrics => {
  const registry = new Registry();
  const tallies = Object.fromEntries(counterNames.map((name) => [name, makeTally(seriesLimit)])) as Tallies;
  const {
    postern_decisions_total: decisions,
    postern_authentications_total: authentications,
    postern_cache_requests_total: cacheRequests,
    postern_dependency_requests_total: dependencyRequests,
    postern_limited_total: limits,
    postern_decision_log_dropped_total: droppedLines,
    postern_grace_total: graces,
    postern_limits_total: limitsHandedOn,
    postern_upgrades_total: upgrades,
    postern_state_reads_total: stateReads,
    postern_state_writes_total: stateWrites,
    postern_config_reloads_total: reloads,
    postern_shadow_decisions_total: shadowed,
    postern_shadow_differences_total: differences,
  } = tallies;
  const checks = makeTimings(durationBounds, 10);
  const dependencyTimes = makeTimings(durationBounds, 1_000);
  const readers = new Map<GaugeName, Set<() => readonly Sample[]>>();
  const circuits = new Map<string, number>();
  let rules: ReadonlySet<string> = new Set();
  let providers: ReadonlySet<string> = new Set();

  const gauge: Metrics['gauge'] = (name, read) => {
    const own = readers.get(name) ?? new Set();
    readers.set(name, own.add(read));
    return () => own.delete(read);
  };

  const gaugeSamples = (name: GaugeName) => (): Required<Sample>[] =>
    [...(readers.get(name) ?? [])].flatMap((read) => {
      try {
        return read().map(({labels, value}) => ({labels: complete(metricTable[name].labels, labels), value}));
      } catch (error) {
        fault?.(name, error);
        return [];
      }
    });

  for (const name of counterNames) register(registry, name, counted(name, tallies[name]));
  register(registry, 'postern_check_duration_seconds', timed('postern_check_duration_seconds', checks));
  register(
    registry,
    'postern_dependency_duration_seconds',
    timed('postern_dependency_duration_seconds', dependencyTimes),
  );
  for (const name of Object.keys(metricTable) as MetricName[]) {
    if (isGauge(name)) register(registry, name, gaugeSamples(name));
  }
  collectDefaultMetrics({register: registry});

  droppedLines.declare();
  for (const outcome of ['allow', 'deny', 'error', 'shadow_deny', 'answer'] as const) checks.declare(outcome);
  for (const result of ['success', 'failure']) reloads.declare(result);
  gauge('postern_build_info', () => [{labels: {version, node}, value: 1}]);
  gauge('postern_circuit_state', () => [...circuits].map(([dependency, value]) => ({labels: {dependency}, value})));
  let configured: Configured | undefined;
  gauge('postern_config_info', () => (configured === undefined ? [] : [{labels: {hash: configured.hash}, value: 1}]));
  gauge('postern_config_last_reload_success_timestamp_seconds', () =>
    configured === undefined ? [] : [{value: configured.at / 1_000}],
  );

  const bounded = (label: string | undefined, known: ReadonlySet<string>) =>
    label === undefined ? NONE : known.has(label) ? label : OTHER;

  function* configuring(configuration: Configured): Steps<void> {
    configured = configuration;
    rules = new Set(configuration.rules.map(({name}) => name));
    providers = new Set(configuration.providers);
    const orAbsent = (names: ReadonlySet<string>) => new Set([...names, NONE, OTHER]);
    decisions.keep(0, orAbsent(rules));
    decisions.keep(3, orAbsent(providers));
    differences.keep(0, orAbsent(rules));
    authentications.keep(0, orAbsent(providers));
    for (const tally of [graces, limitsHandedOn, upgrades]) tally.keep(0, orAbsent(rules));
    for (const {name, limits = []} of configuration.rules) {
      for (const feature of limits) limitsHandedOn.declare(name, feature);
    }
    yield* declareDecisions(decisions, configuration);
  }

  return {
    decided: (outcome, reason, rule, provider, seconds) => {
      decisions.add(bounded(rule, rules), outcome, reason, bounded(provider, providers));
      checks.add(outcome, seconds, exemplar?.());
    },
    bought: (rule, {grace, limits = [], upgrade}) => {
      if (grace === true) graces.add(bounded(rule, rules));
      for (const feature of limits) limitsHandedOn.add(bounded(rule, rules), feature);
      if (upgrade !== undefined) upgrades.add(bounded(rule, rules), upgrade);
    },
    authenticated: (provider, credential, result) =>
      authentications.add(bounded(provider, providers), credential, result),
    cache: {request: (cache, layer, result) => cacheRequests.add(cache, layer, result)},
    remote: {
      called: (dependency, result, seconds) => {
        dependencyRequests.add(dependency, result);
        dependencyTimes.add(dependency, seconds);
      },
      circuit: (dependency, state) => circuits.set(dependency, circuitValues[state]),
    },
    limited: (port, limit) => limits.add(port, limit),
    decisionsDropped: (lines) => {
      for (let line = 0; line < lines; line++) droppedLines.add();
    },
    state: {
      read: (kept, result) => stateReads.add(kept, result),
      wrote: (kept, result) => stateWrites.add(kept, result),
    },
    reloaded: (result) => reloads.add(result),
    shadowed: (result) => shadowed.add(result),
    differed: (rule, outcome, next) => differences.add(bounded(rule, rules), outcome, next),
    configured: (configuration) => whole(configuring(configuration)),
    configuring,
    gauge,
    read: (name) => (isGauge(name) ? gaugeSamples(name) : counted(name, tallies[name]))(),
    exposition: async (accept = '') => {
      const text = await registry.metrics();
      return accept.includes('application/openmetrics-text')
        ? {
            type: Registry.OPENMETRICS_CONTENT_TYPE,
            text: openMetrics(text, exemplarsOf('postern_check_duration_seconds', checks)),
          }
        : {type: registry.contentType, text};
    },
  };
};

/** Each rule's allow, with each provider that may vouch for it, and the denial that it is sure to give. */
function* declareDecisions(decisions: Tally, {rules, providers}: Configured): Steps<void> {
  decisions.declare(NONE, 'deny', 'no_rule', NONE);
  // A rate sees the first bug only if it was a zero before.
  decisions.declare(NONE, 'error', 'internal', NONE);
  for (const {name, access} of rules) {
    yield;
    decisions.declare(name, 'allow', NONE, NONE);
    decisions.declare(name, 'deny', access.access === 'deny' ? 'denied_by_rule' : 'no_credential', NONE);
    if (access.access === 'public' || access.access === 'deny') continue;
    for (const provider of access.require.providers ?? providers) decisions.declare(name, 'allow', NONE, provider);
  }
}

const isGauge = (name: MetricName): name is GaugeName => metricTable[name].type === 'gauge';

/**
 * A registry asks its metrics for nothing but `name` and `get()`; the type of prom-client names its own classes only.
 */
const register = (registry: Registry, name: MetricName, samples: () => readonly WireSample[]) => {
  const {type, meaning}: MetricDefinition = metricTable[name];
  const metric = {name, get: async () => ({name, help: meaning, type, aggregator: 'sum', values: samples()})};
  registry.registerMetric(metric as unknown as Metric);
};
