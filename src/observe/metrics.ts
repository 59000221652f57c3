// What Prometheus is told: a verb for each thing that is counted, and gauges that are read.
import type {Reply} from '../core/decision.ts';
import type {Reason} from '../core/refusals.ts';
import type {CallResult, CircuitState} from '../core/remote.ts';
import {type Steps, whole} from '../core/steps.ts';
import {type Configured, makeConfiguredSeries} from './configuredSeries.ts';
import {type Exposition, makeExposition, type Samples} from './exposition.ts';
import {makeGauges, type Sample} from './gauges.ts';
import {type CounterName, durationBounds, type GaugeName, type MetricName, metricTable} from './metricTable.ts';
import type {Outcome} from './outcome.ts';
import {counted, exemplarsOf, timed} from './samples.ts';
import {type Exemplar, makeTally, makeTimings, type Tally} from './tally.ts';

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
  exposition(accept?: string): Promise<Exposition>;
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

const names = Object.keys(metricTable) as MetricName[];
const isGauge = (name: MetricName): name is GaugeName => metricTable[name].type === 'gauge';
const counterNames = names.filter((name): name is CounterName => metricTable[name].type === 'counter');

/** Far above what a configuration brings about, far below what hurts Prometheus. */
const seriesLimit = 20_000;
const circuitValues: Readonly<Record<CircuitState, number>> = {closed: 0, half_open: 1, open: 2};

/** Metrics with a registry of their own. */
export const makeMetrics = ({version, node, fault, exemplar}: MetricsParts): Metrics => {
  const tallies = Object.fromEntries(counterNames.map((name) => [name, makeTally(seriesLimit)])) as Readonly<
    Record<CounterName, Tally>
  >;
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
  const gauges = makeGauges(fault);
  const circuits = new Map<string, number>();
  const configured = makeConfiguredSeries({
    decisions,
    limits: limitsHandedOn,
    byRule: [differences, graces, upgrades],
    byProvider: [authentications],
  });

  const series = new Map<MetricName, Samples>([
    ...counterNames.map((name) => [name, counted(name, tallies[name])] as const),
    ['postern_check_duration_seconds', timed('postern_check_duration_seconds', checks)],
    ['postern_dependency_duration_seconds', timed('postern_dependency_duration_seconds', dependencyTimes)],
    ...names.filter(isGauge).map((name) => [name, () => gauges.samples(name)] as const),
  ]);
  const exposition = makeExposition(series, () => exemplarsOf('postern_check_duration_seconds', checks));

  droppedLines.declare();
  for (const outcome of ['allow', 'deny', 'error', 'shadow_deny', 'answer'] as const) checks.declare(outcome);
  for (const result of ['success', 'failure']) reloads.declare(result);
  gauges.add('postern_build_info', () => [{labels: {version, node}, value: 1}]);
  gauges.add('postern_circuit_state', () =>
    [...circuits].map(([dependency, value]) => ({labels: {dependency}, value})),
  );
  gauges.add('postern_config_info', () =>
    [configured.current()].flatMap((one) => (one === undefined ? [] : [{labels: {hash: one.hash}, value: 1}])),
  );
  gauges.add('postern_config_last_reload_success_timestamp_seconds', () =>
    [configured.current()].flatMap((one) => (one === undefined ? [] : [{value: one.at / 1_000}])),
  );

  return {
    decided: (outcome, reason, rule, provider, seconds) => {
      decisions.add(configured.rule(rule), outcome, reason, configured.provider(provider));
      checks.add(outcome, seconds, exemplar?.());
    },
    bought: (rule, {grace, limits = [], upgrade}) => {
      if (grace === true) graces.add(configured.rule(rule));
      for (const feature of limits) limitsHandedOn.add(configured.rule(rule), feature);
      if (upgrade !== undefined) upgrades.add(configured.rule(rule), upgrade);
    },
    authenticated: (provider, credential, result) =>
      authentications.add(configured.provider(provider), credential, result),
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
    differed: (rule, outcome, next) => differences.add(configured.rule(rule), outcome, next),
    configured: (configuration) => whole(configured.take(configuration)),
    configuring: configured.take,
    gauge: gauges.add,
    read: (name) => (isGauge(name) ? gauges.samples(name) : counted(name, tallies[name])()),
    exposition: (accept = '') => exposition(accept),
  };
};
