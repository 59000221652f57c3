// Numbers that the way of a request adds to. prom-client hashes a label object on every call (about 260 ns); a chain of
// Map look-ups to a number of our own takes a tenth of that. bench/observe.ts measures both.

/** Counts by up to four labels. An absent label is `none`. */
export interface Tally {
  /** Adds one to the series with these labels. */
  add(a?: string, b?: string, c?: string, d?: string): void;
  /** Makes the series exist, at 0 if it is new: an alert can tell "never" from "not measured". */
  declare(a?: string, b?: string, c?: string, d?: string): void;
  /** Drops every series whose label at `position` (from 0) is not in `values`. */
  keep(position: number, values: ReadonlySet<string>): void;
  series(): readonly Series[];
}

/** One series: the labels by position, and the count so far. */
export interface Series {
  readonly labels: readonly string[];
  value: number;
}

/** What stands for a label that is absent. */
export const NONE = 'none';
/** What stands for a label that the configuration does not know. */
export const OTHER = 'other';

type Level<T> = Map<string, T>;

const below = <T>(level: Level<Level<T>>, label: string): Level<T> => {
  const found = level.get(label);
  if (found !== undefined) return found;
  const made: Level<T> = new Map();
  level.set(label, made);
  return made;
};

/**
 * A tally of at most `limit` series; what would be one more counts under `other` in every label. Labels come from the
 * configuration, so the limit is a second lock: a mistake elsewhere must not fill the memory of Prometheus.
 */
export const makeTally = (limit: number): Tally => {
  const root: Level<Level<Level<Level<Series>>>> = new Map();
  let all: Series[] = [];

  const seriesOf = (a: string, b: string, c: string, d: string): Series => {
    const leaves = below(below(below(root, a), b), c);
    const found = leaves.get(d);
    if (found !== undefined) return found;
    const made = {labels: [a, b, c, d], value: 0};
    leaves.set(d, made);
    all.push(made);
    return made;
  };

  const known = (a: string, b: string, c: string, d: string) => root.get(a)?.get(b)?.get(c)?.get(d);
  const grown = (a: string, b: string, c: string, d: string) =>
    all.length < limit ? seriesOf(a, b, c, d) : seriesOf(OTHER, OTHER, OTHER, OTHER);

  const forget = ([a = NONE, b = NONE, c = NONE, d = NONE]: readonly string[]): void => {
    const ofA = root.get(a);
    const ofB = ofA?.get(b);
    const ofC = ofB?.get(c);
    ofC?.delete(d);
    if (ofC?.size === 0) ofB?.delete(c);
    if (ofB?.size === 0) ofA?.delete(b);
    if (ofA?.size === 0) root.delete(a);
  };

  return {
    add: (a = NONE, b = NONE, c = NONE, d = NONE) => {
      (known(a, b, c, d) ?? grown(a, b, c, d)).value += 1;
    },
    declare: (a = NONE, b = NONE, c = NONE, d = NONE) => {
      if (known(a, b, c, d) === undefined) grown(a, b, c, d);
    },
    keep: (position, values) => {
      const gone = all.filter(({labels}) => !values.has(labels[position] ?? NONE));
      if (gone.length === 0) return;
      all = all.filter(({labels}) => values.has(labels[position] ?? NONE));
      for (const {labels} of gone) forget(labels);
    },
    series: () => all,
  };
};

/** The trace that a duration was measured in. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
}

/** Durations in buckets, by one label. */
export interface Timings {
  /** Adds a duration in seconds; `exemplar`: where it can be looked up. */
  add(label: string, seconds: number, exemplar?: Exemplar): void;
  declare(label: string): void;
  series(): readonly TimingSeries[];
}

/** `counts[i]`: durations up to `bounds[i]` and above the bound before; the last one: above all bounds. */
export interface TimingSeries {
  readonly label: string;
  readonly counts: Float64Array;
  sum: number;
  /** By bucket, the last duration there that has one. Absent: none has. */
  exemplars?: (Exemplar & {readonly seconds: number})[];
}

/** Timings with upper bounds in seconds, ascending; at most `limit` labels, as in makeTally. */
export const makeTimings = (bounds: readonly number[], limit: number): Timings => {
  const all = new Map<string, TimingSeries>();
  const seriesOf = (label: string): TimingSeries => {
    const found = all.get(label);
    if (found !== undefined) return found;
    if (all.size >= limit && label !== OTHER) return seriesOf(OTHER);
    const made: TimingSeries = {label, counts: new Float64Array(bounds.length + 1), sum: 0};
    all.set(label, made);
    return made;
  };

  return {
    add: (label, seconds, exemplar) => {
      if (!(seconds >= 0 && seconds < Infinity)) return; // a clock that went backwards must not spoil the sum
      const series = seriesOf(label);
      let bucket = 0;
      while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] as number) + 1;
      series.sum += seconds;
      if (exemplar === undefined) return;
      series.exemplars ??= [];
      series.exemplars[bucket] = {...exemplar, seconds};
    },
    declare: seriesOf,
    series: () => [...all.values()],
  };
};
