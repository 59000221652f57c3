// What a case of the benchmark is: a line that says what it measures, and a function that does, on a stage.
import type {Figure} from './figures.ts';
import type {Stage} from './stage.ts';

export interface Case {
  /** What is measured beside what, as --list and docs/performance.md say it. */
  readonly what: string;
  /** Looks at a long time (--minutes), so it is run only when it is named. */
  readonly long?: boolean;
  measure(stage: Stage): Promise<readonly Figure[]>;
}
