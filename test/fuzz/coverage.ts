// Which parts of src/ have run, as V8 counts them: what an input reaches that none before it has reached.
import {Session} from 'node:inspector';

export interface Coverage {
  /** What has run since the last call and is not known to have run, or to have run so often. */
  take(): readonly string[];
  /** From now on it is known. */
  know(marks: readonly string[]): void;
  /** Does something without counting: at full speed. What it runs is not noticed. */
  without<T>(act: () => Promise<T>): Promise<T>;
  /** How much is known. */
  readonly size: number;
  close(): void;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Script {
  readonly url: string;
  readonly functions: readonly {readonly ranges: readonly Range[]}[];
}

/** Once, a few times, often, very often: how often a loop turns says something, and each turn does not. */
const bucketOf = (count: number): number => (count < 2 ? 1 : count < 8 ? 2 : count < 64 ? 3 : count < 1_024 ? 4 : 5);

/** Counts from now on. Costs speed: what is slow has to be measured without it. `under`: part of the scripts' URLs. */
export const startCoverage = (under: string): Coverage => {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  const start = () => session.post('Profiler.startPreciseCoverage', {callCount: true, detailed: true});
  start();
  const seen = new Set<string>();

  return {
    take() {
      const marks: string[] = [];
      session.post('Profiler.takePreciseCoverage', (error, taken) => {
        if (error) throw new Error(error.message);
        for (const {url, functions} of taken.result as readonly Script[]) {
          if (!url.includes(under)) continue;
          for (const {ranges} of functions) {
            for (const {startOffset, endOffset, count} of ranges) {
              if (count === 0) continue;
              const mark = `${url}:${startOffset}:${endOffset}:${bucketOf(count)}`;
              if (!seen.has(mark)) marks.push(mark);
            }
          }
        }
      });
      return marks;
    },
    know(marks) {
      for (const mark of marks) seen.add(mark);
    },
    async without(act) {
      session.post('Profiler.stopPreciseCoverage');
      try {
        return await act();
      } finally {
        start();
      }
    },
    get size() {
      return seen.size;
    },
    close() {
      session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
};
