// Tallies and timings as samples of the exposition, and the exposition as OpenMetrics.
import {durationBounds, type MetricName, metricTable} from './metricTable.ts';
import {NONE, type Tally, type Timings} from './tally.ts';

/** A sample as prom-client writes it. */
export interface WireSample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** Labels that are absent are `none`. */
export const complete = (names: readonly string[], labels: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(names.map((name) => [name, labels[name] ?? NONE]));

export const counted = (name: MetricName, tally: Tally) => () =>
  tally.series().map(({labels, value}) => ({
    labels: Object.fromEntries(metricTable[name].labels.map((label, position) => [label, labels[position] ?? NONE])),
    value,
  }));

export const timed = (name: MetricName, timings: Timings) => () =>
  timings.series().flatMap(({label, counts, sum}) => {
    const labels = {[metricTable[name].labels[0] ?? '']: label};
    let count = 0;
    const buckets = [...counts].map((own, bucket): WireSample => {
      count += own;
      return {metricName: `${name}_bucket`, labels: {...labels, le: durationBounds[bucket] ?? '+Inf'}, value: count};
    });
    return [
      ...buckets,
      {metricName: `${name}_sum`, labels, value: sum},
      {metricName: `${name}_count`, labels, value: count},
    ];
  });

/** What stands after the value of each bucket that has an exemplar, by its series as OpenMetrics writes it. */
export const exemplarsOf = (name: MetricName, timings: Timings): ReadonlyMap<string, string> =>
  new Map(
    timings.series().flatMap(({label, exemplars = []}) =>
      exemplars.map(({traceId, spanId, seconds}, bucket) => {
        const le = durationBounds[bucket] ?? '+Inf';
        const shown = Number.isInteger(le) ? `${le}.0` : `${le}`;
        const series = `${name}_bucket{${metricTable[name].labels[0]}="${label}",le="${shown}"}`;
        return [series, ` # {trace_id="${traceId}",span_id="${spanId}"} ${seconds}`] as const;
      }),
    ),
  );

/**
 * The same exposition as OpenMetrics 1.0. Not by prom-client: asked for it once, it renames its counters for good, and
 * the next scrape in the plain format has them without `_total`.
 */
export const openMetrics = (text: string, exemplars: ReadonlyMap<string, string> = new Map()) =>
  `${text
    .replace(/^# (HELP|TYPE) (\S+)_total (.*)$/gm, (line, word, name, rest) =>
      isCounter(text, `${name}_total`) ? `# ${word} ${name} ${rest}` : line,
    )
    .replace(/([{,])le="(\d+)"/g, '$1le="$2.0"')
    .replace(/^(\w+_bucket\{[^{}\n]*\}) .*$/gm, (line, series) => line + (exemplars.get(series) ?? ''))
    .replace(/\n{2,}/g, '\n')
    .trimEnd()}\n# EOF\n`;

const isCounter = (text: string, name: string) => text.includes(`\n# TYPE ${name} counter\n`);
