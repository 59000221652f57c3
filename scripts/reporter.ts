// What `npm test` prints while mocha runs, and the counts that it ends with.
import type {Runnable, Runner, Suite} from 'mocha';

/** Sent to the parent process when the run is over. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Sent every few seconds for as long as the process lives on after that: what it waits for. */
export interface StillOpen {
  readonly stillOpen: string;
}

const isToolMissing = (error: Error): boolean => error.name === 'ToolMissing' && process.env.CI !== 'true';

/** Tests of a suite and below that have not run. */
const unrun = (suite: Suite): number =>
  suite.tests.filter((test) => test.state === undefined && !test.pending).length +
  suite.suites.reduce((sum, inner) => sum + unrun(inner), 0);

const explain = (title: string, error: Error & {actual?: unknown; expected?: unknown}): string => {
  const cause = error.cause === undefined ? '' : `\n  because of ${(error.cause as Error).stack ?? error.cause}`;
  return `${title}\n${(error.stack ?? `${error.name}: ${error.message}`) + cause}`.replaceAll('\n', '\n    ');
};

/** A reporter for mocha: `mocha --reporter scripts/reporter.ts`. */
export default function reporter(runner: Runner): void {
  let passed = 0;
  let skipped = 0;
  const failures: string[] = [];
  const missing = new Set<string>();
  const before = {passed: 0, failed: 0, skipped: 0, time: Date.now()};

  runner.on('pass', () => {
    passed += 1;
  });
  runner.on('pending', () => {
    skipped += 1;
  });
  runner.on('fail', (test: Runnable & {type?: string}, error: Error) => {
    if (isToolMissing(error)) {
      // A hook that needs a tool stands for every test that waits for it.
      skipped += test.type === 'hook' && test.parent !== undefined ? unrun(test.parent) : 1;
      missing.add(error.message);
      return;
    }
    failures.push(explain(test.fullTitle(), error));
    console.log(`  FAILED  ${explain(test.fullTitle(), error)}`);
  });
  runner.on('suite end', (suite: Suite) => {
    if (suite.parent?.root !== true) return;
    const failed = failures.length - before.failed;
    const left = skipped - before.skipped;
    const notes = [failed > 0 && `${failed} failed`, left > 0 && `${left} skipped`].filter(Boolean).join(', ');
    const counts = `${passed - before.passed} passed${notes && `, ${notes}`}`;
    console.log(`${failed > 0 ? '✗' : '✓'} ${suite.title}: ${counts} (${Date.now() - before.time} ms)`);
    Object.assign(before, {passed, failed: failures.length, skipped, time: Date.now()});
  });
  runner.once('end', () => {
    if (missing.size > 0) console.log(`\nSkipped, because\n  ${[...missing].join('\n  ')}`);
    if (failures.length > 0)
      console.log(`\nWhat failed:\n\n${failures.map((one, n) => `${n + 1}) ${one}`).join('\n\n')}`);
    process.send?.({passed, failed: failures.length, skipped} satisfies Counts);
    // Told again and again, so that a process which only clears up, or gets no turn, is not taken for one that is kept.
    setInterval(() => {
      const resources = process.getActiveResourcesInfo().join(', ');
      console.log('Still open:', resources);
      process.send?.({stillOpen: resources} satisfies StillOpen);
    }, 5_000).unref();
  });
}
