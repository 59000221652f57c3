// npm test: fetches the programs that tests need, runs every test, and says at the end how many passed and failed.
// What follows `npm test --` goes to mocha: `npm test -- --grep envoy`, `npm test -- test/core/request/path.test.ts`.
// `npm run test:ship` (--ship) runs the slow ones instead: charts, image, dashboard, alerts. `npm run test:cluster` (--cluster)
// those before a real Kubernetes API, which is built first: five to ten minutes, so that it is no part of every run.
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import type {Counts, StillOpen} from './reporter.ts';
import {obtain} from './tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Inherited by every process of the run, so that one that is left behind can be told from others. */
const runMark = `POSTERN_TEST_RUN=${randomBytes(8).toString('hex')}`;

/** Processes of this run that still live (Linux only: elsewhere none are found). */
const survivors = (): {pid: number; command: string}[] => {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(runMark)) return [];
          return [{pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')}];
        } catch {
          return [];
        }
      });
  } catch {
    return [];
  }
};

let interrupted = false;

const runMocha = (args: readonly string[]): Promise<Counts & {broken: string | undefined}> =>
  new Promise((resolve) => {
    const strict = process.env.CI === 'true' ? ['--forbid-only'] : [];
    const [name = '', value = ''] = runMark.split('=');
    const mocha = spawn(
      process.execPath,
      ['node_modules/mocha/bin/mocha.js', '--reporter', 'scripts/reporter.ts', ...strict, ...args],
      {cwd: root, env: {...process.env, [name]: value}, stdio: ['ignore', 'inherit', 'inherit', 'ipc']},
    );
    let counts: Counts | undefined;
    let broken: string | undefined;
    // A run that is over ends by itself. What keeps it (a socket, a timer) is a fault of a test or of the program.
    const end = (why: string): void => {
      broken = why;
      mocha.kill('SIGTERM');
      setTimeout(() => mocha.kill('SIGKILL'), 2_000).unref();
    };
    let told = 0;
    mocha.on('message', (message: Counts | StillOpen) => {
      if ('stillOpen' in message) {
        told += 1;
        if (told === 3) end(`The tests are over, but something keeps their process alive: ${message.stillOpen}.`);
        return;
      }
      counts = message;
      setTimeout(() => end('The tests are over, but their process does not end.'), 180_000).unref();
    });
    const pass = (signal: NodeJS.Signals) => {
      interrupted = true;
      mocha.kill(signal);
    };
    process.on('SIGINT', pass).on('SIGTERM', pass);
    mocha.once('close', (code, signal) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      if (counts === undefined) broken = `mocha ended before the tests did (${code ?? signal}), see above.`;
      resolve({...(counts ?? {passed: 0, failed: 0, skipped: 0}), broken});
    });
  });

/**
 * The test files in lots, each for a process of its own: what a file prepares when it is loaded (a token of five minutes)
 * is used soon after, and no lot inherits the memory of another. The small folders go together.
 */
const lots = (): string[][] => {
  const files = readdirSync(`${root}test`, {recursive: true, encoding: 'utf8'}).filter((file) =>
    file.endsWith('.test.ts'),
  );
  const lotOf = (file: string): string => {
    const [folder = '', name = ''] = file.split('/');
    const isLong = ['functional', 'history', 'vendors', 'providers', 'cases.test.ts'].includes(folder);
    return isLong ? `${folder}/${/^[a-z]*/.exec(name)?.[0]}` : '';
  };
  const grouped = Map.groupBy(files.sort(), lotOf);
  return [...grouped.values()].map((lot) => lot.map((file) => `test/${file}`));
};

const started = Date.now();
const given = process.argv.slice(2);
const slow = ({'--ship': 'ship', '--cluster': 'cluster'} as const)[given[0] ?? ''];
// Those of test/ship fetch their tools themselves, when they come to them.
for (const name of slow ? [] : (['envoy', 'envoy-1.36', 'redis-server', 'chromium'] as const)) {
  const obtained = await obtain(name);
  console.log(obtained.missing ?? `${name}: ${obtained.path}`);
}

const runs = slow
  ? [['--timeout', '600000', `test/ship/**/*.${slow}.ts`, ...given.slice(1)]]
  : given.length > 0
    ? [given]
    : lots();
const total = {passed: 0, failed: 0, skipped: 0};
const broken: string[] = [];
for (const args of runs) {
  if (interrupted) break;
  const run = await runMocha(args);
  for (const count of ['passed', 'failed', 'skipped'] as const) total[count] += run[count];
  if (run.broken !== undefined) broken.push(run.broken);
}
const {passed, failed, skipped} = total;
const left = survivors();
for (const {pid} of left) process.kill(pid, 'SIGKILL');
const faults = [
  ...broken,
  left.length > 0 && `Left running: ${left.map(({pid, command}) => `${command}(${pid})`).join('; ')}`,
  passed + failed + skipped === 0 && broken.length === 0 && 'No test ran.',
].filter((fault) => typeof fault === 'string');

for (const fault of faults) console.log(fault);
const failures = failed + faults.length;
console.log(`\n${((Date.now() - started) / 1_000).toFixed(0)} s`);
console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures > 0 || passed === 0 ? 1 : 0;
