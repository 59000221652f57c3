// Gauges: values that are read at each scrape, from whoever knows them then.
import {type GaugeName, metricTable} from './metricTable.ts';
import {complete} from './samples.ts';

/** One value of a gauge at the moment of asking. Labels that are absent become `none`. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Gauges {
  /** Has `read` asked at each scrape; several readers of one gauge add up to its series. Returns what ends it. */
  add(name: GaugeName, read: () => readonly Sample[]): () => void;
  /** A reader that throws loses its own series only, and `fault` is told. */
  samples(name: GaugeName): readonly Required<Sample>[];
}

export const makeGauges = (fault: ((gauge: GaugeName, error: unknown) => void) | undefined): Gauges => {
  const readers = new Map<GaugeName, Set<() => readonly Sample[]>>();
  return {
    add(name, read) {
      const own = readers.get(name) ?? new Set();
      readers.set(name, own.add(read));
      return () => own.delete(read);
    },
    samples: (name) =>
      [...(readers.get(name) ?? [])].flatMap((read) => {
        try {
          return read().map(({labels, value}) => ({labels: complete(metricTable[name].labels, labels), value}));
        } catch (error) {
          fault?.(name, error);
          return [];
        }
      }),
  };
};
