// The text that Prometheus reads. The only importer of prom-client, which writes it and knows the process metrics; what the
// way of a request adds to are numbers of our own (tally.ts), handed to prom-client when it is asked.
import {collectDefaultMetrics, type Metric, Registry} from 'prom-client';
import {type MetricDefinition, type MetricName, metricTable} from './metricTable.ts';
import {openMetrics, type WireSample} from './samples.ts';

export type Samples = () => readonly WireSample[];

export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/**
 * Writes these metrics, and those of the process, in the format that an Accept header prefers. `exemplars`: what stands
 * after a value, by its series as OpenMetrics writes it.
 */
export const makeExposition = (
  series: ReadonlyMap<MetricName, Samples>,
  exemplars: () => ReadonlyMap<string, string>,
): ((accept: string) => Promise<Exposition>) => {
  const registry = new Registry();
  for (const [name, samples] of series) register(registry, name, samples);
  collectDefaultMetrics({register: registry});
  return async (accept) => {
    const text = await registry.metrics();
    return accept.includes('application/openmetrics-text')
      ? {type: Registry.OPENMETRICS_CONTENT_TYPE, text: openMetrics(text, exemplars())}
      : {type: registry.contentType, text};
  };
};

/**
 * A registry asks its metrics for nothing but `name` and `get()`; the type of prom-client names its own classes only.
 */
const register = (registry: Registry, name: MetricName, samples: Samples) => {
  const {type, meaning}: MetricDefinition = metricTable[name];
  const metric = {name, get: async () => ({name, help: meaning, type, aggregator: 'sum', values: samples()})};
  registry.registerMetric(metric as unknown as Metric);
};
