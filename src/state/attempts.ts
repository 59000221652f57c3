// How the writing of one thing goes: what is wrong is told once, counted each time, and tried again after longer pauses.
import {writingFault} from './files.ts';

export interface Attempts {
  succeeded(): void;
  /** Answers after how many milliseconds it is to be tried again. */
  failed(error: unknown): number;
  /** Why it could not be written; undefined: it could, or was not tried. */
  fault(): string | undefined;
}

export interface AttemptsParts {
  readonly name: string;
  readonly path: string;
  /** What becomes of it meanwhile, for the log. */
  readonly consequence: string;
  /** Milliseconds. */
  readonly firstPause: number;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly wrote: (result: 'success' | 'failure') => void;
}

const longestPause = 60_000;

export const makeAttempts = ({name, path, consequence, firstPause, log, wrote}: AttemptsParts): Attempts => {
  let fault: string | undefined;
  let failures = 0;
  return {
    succeeded() {
      if (fault !== undefined) log('info', `${name} can be written again to ${path}`);
      fault = undefined;
      failures = 0;
      wrote('success');
    },
    failed(error) {
      const why = writingFault(error);
      if (why !== fault) log('warn', `${name} cannot be written to ${path}: ${why}; ${consequence}`);
      fault = why;
      wrote('failure');
      const pause = Math.min(longestPause, firstPause * 2 ** Math.min(failures, 10));
      failures += 1;
      return pause;
    },
    fault: () => fault,
  };
};
