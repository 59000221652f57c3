// npm run torture: schedules from seeds, for minutes or a number of them, each judged; ends with 1 on any violation.
//   npm run torture -- --minutes 10 [--seed 7] [--worlds 2]      a seed after the other, for so long
//   npm run torture -- --seed 7 --schedules 1                    one again
//   npm run torture -- --seeded [--only NAME]                    old faults put into a copy: each must be found
// `--tree FOLDER`: of another tree than this one.
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {endAll} from '../support/processes.ts';
import {isGood, reportOf, stepsOf} from './report.ts';
import {type Step, scheduleOf} from './schedule.ts';
import {runSeeded} from './seeded.ts';
import {type Run, startWorld, type World} from './world.ts';

// Without a handler a signal would skip the `exit` event, in which what still runs is ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const {values} = parseArgs({
  allowPositionals: true,
  options: {
    minutes: {type: 'string'},
    schedules: {type: 'string'},
    seed: {type: 'string'},
    worlds: {type: 'string', default: '1'},
    seeded: {type: 'boolean', default: false},
    only: {type: 'string'},
    tree: {type: 'string'},
  },
});
const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const worlds = Number(values.worlds);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const schedules = Number(values.schedules ?? (minutes === undefined ? 1 : Number.POSITIVE_INFINITY));
const until = performance.now() + (minutes ?? 60) * 60_000;
if (![first, worlds, minutes ?? 1].every((number) => Number.isFinite(number) && number >= 0) || !(schedules > 0)) {
  throw new Error('torture takes --minutes N, --schedules N, --seed N, --worlds N, --seeded [--only NAME]');
}

const program = values.tree === undefined ? undefined : join(values.tree, 'src/main.ts');

const total = {schedules: 0, revokes: 0, decisions: 0, faults: 0, refuse: 0, admit: 0, violations: 0};
const add = (run: Run) => {
  total.schedules += 1;
  total.revokes += run.revokes;
  total.decisions += run.decisions;
  total.faults += run.faults;
  total.refuse += run.demanded.refuse;
  total.admit += run.demanded.admit;
  total.violations += run.violations.length + run.unhealed.length;
};

/** Shorter ones that are bad too: each step is left out once, in a world of its own. Times differ, so it may not succeed. */
const shorter = async (steps: readonly Step[], limit: number): Promise<Run | undefined> => {
  let found: Run | undefined;
  let left = [...steps];
  for (let at = left.length - 1; at >= 0 && performance.now() < limit; at--) {
    const without = left.filter((_, index) => index !== at);
    const world = await startWorld(program);
    const run = await world.run(without);
    await world.stop();
    if (isGood(run)) continue;
    found = run;
    left = without;
  }
  return found;
};

let next = first;
const work = async (): Promise<void> => {
  let world: World | undefined;
  while (next < first + schedules && performance.now() < until) {
    const seed = next;
    next += 1;
    world ??= await startWorld(program);
    const run = await world.run(scheduleOf(seed));
    add(run);
    const {demanded, revokes, faults, decisions} = run;
    const counts = `${revokes} revokes, ${faults} faults, ${decisions} decisions, of ${demanded.refuse} a refusal demanded, of ${demanded.admit} none`;
    console.log(`seed ${seed}: ${isGood(run) ? 'good' : 'BAD'}; ${counts}`);
    if (isGood(run)) continue;
    console.log(reportOf(run, `npm run torture -- --seed ${seed} --schedules 1`));
    console.log(world.logs());
    // What has gone wrong once would show again in the next.
    await world.stop();
    world = undefined;
    const short = await shorter(run.steps, performance.now() + 120_000);
    if (short !== undefined) console.log(`A shorter one that is bad too:\n${stepsOf(short.steps)}`);
  }
  await world?.stop();
};

try {
  if (values.seeded)
    process.exitCode = (await runSeeded(first, {only: values.only, worlds, tree: values.tree})) ? 0 : 1;
  else {
    console.log(`torture from seed ${first} on`);
    await Promise.all(Array.from({length: worlds}, work));
    const {violations, ...counts} = total;
    const words = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    console.log(
      `${words.join(', ').replace('refuse', 'refusals demanded').replace('admit', 'admissions demanded')}: ${violations} violations`,
    );
    process.exitCode = violations === 0 ? 0 : 1;
  }
} finally {
  await endAll();
}
