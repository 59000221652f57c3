// npm run bench [NAME...]: the cases of bench/cases, all but the long ones, or those that are named. Read ratios: absolute numbers
// belong to the machine and the hour. What runs is the program of the image, with its flags; server and caller have a core
// each; contestants take turns; shown are the median of the rounds and the quartiles.
//   --list            what there is
//   --write           keeps what was measured in bench/results/, from which docs/performance.md is made
//   --check           compares ratios with those that are kept: status 1 where one has become worse by more than 15 %
//   --quick           shorter and fewer rounds: to see that it runs
//   --minutes N       of the cases that look at a long time, and are run only when they are named (1 unless given)
//   --program FOLDER  a program that deploy/image.sh has built, or where it is to be built
import {availableParallelism, cpus, loadavg} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {startIdentityProvider} from '../test/support/identityProvider.ts';
import {temporaryFolder} from '../test/support/ports.ts';
import {endAll} from '../test/support/processes.ts';
import {cases} from './cases/index.ts';
import {startCaller} from './support/caller.ts';
import {canPin} from './support/cores.ts';
import type {Figure} from './support/figures.ts';
import {build} from './support/program.ts';
import {type CaseResult, lossesOf, type Results, readResults, writeResults} from './support/result.ts';
import {makeStage, type Pace} from './support/stage.ts';
import {audience, people} from './support/workload.ts';

const usual: Pace = {rounds: 7, milliseconds: 700, warmUp: 2_000};
const quick: Pace = {rounds: 3, milliseconds: 300, warmUp: 500};

const {values: wanted, positionals: named} = parseArgs({
  allowPositionals: true,
  options: {
    list: {type: 'boolean', default: false},
    write: {type: 'boolean', default: false},
    check: {type: 'boolean', default: false},
    quick: {type: 'boolean', default: false},
    minutes: {type: 'string', default: '1'},
    program: {type: 'string'},
  },
});

const show = (name: string, {seconds, figures}: CaseResult): void => {
  console.log(`\n${name}: ${cases[name]?.what} (${seconds} s)`);
  const row = ({value, low, high, unit, goal}: Figure) => ({value, low, high, unit, goal: goal ?? ''});
  console.table(Object.fromEntries(figures.map((one) => [`${one.what}, ${one.unit}`, row(one)])));
};

const run = async (names: readonly string[]): Promise<Results> => {
  const program = wanted.program ?? join(temporaryFolder(), 'program');
  build(program);
  const identityProvider = await startIdentityProvider({people, audience});
  const caller = startCaller();
  const pace = wanted.quick ? quick : usual;
  const results: Record<string, CaseResult> = {};
  console.log(canPin ? 'servers and caller on a core each' : 'cores are not pinned: ratios say less');
  for (const name of names) {
    const {stage, versions, end} = makeStage({
      pace,
      caller,
      identityProvider,
      program,
      minutes: Number(wanted.minutes),
    });
    const began = performance.now();
    const load = Number(loadavg()[0]?.toFixed(1));
    try {
      const figures = await cases[name]?.measure(stage);
      const result = {
        at: new Date().toISOString().slice(0, 16),
        machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
        node: process.version,
        ...(Object.keys(versions).length > 0 && {versions}),
        load,
        seconds: Math.round((performance.now() - began) / 1_000),
        figures: figures ?? [],
      };
      results[name] = result;
      show(name, result);
      // At once, and those that are not measured stay as they were.
      if (wanted.write) writeResults({...readResults(), [name]: result});
    } catch (error) {
      // The others are measured all the same.
      console.error(`\n${name}:`, error);
      process.exitCode = 1;
    } finally {
      await end();
    }
  }
  caller.stop();
  await identityProvider.stop();
  return results;
};

const check = (results: Results, before: Results): void => {
  for (const [name, {figures}] of Object.entries(results)) {
    for (const {what, was, is, certain} of lossesOf(figures, before[name]?.figures ?? [])) {
      const told = `${name}, ${what}: ${is.value} (${is.low} to ${is.high}), and was ${was.value} (${was.low} to ${was.high})`;
      console.error(certain ? told : `${told}; the rounds differ too much to be sure: run it again`);
      if (certain) process.exitCode = 1;
    }
  }
};

const main = async (): Promise<void> => {
  const unknown = named.filter((name) => !Object.hasOwn(cases, name));
  if (unknown.length > 0) {
    console.error(`There is no case ${unknown.join(', ')}. There are: ${Object.keys(cases).join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  if (wanted.list) {
    for (const [name, {what, long}] of Object.entries(cases)) {
      console.log(`${name.padEnd(16)} ${what}${long ? ' (only when named; --minutes)' : ''}`);
    }
    return;
  }
  const before = readResults();
  const usually = Object.keys(cases).filter((name) => cases[name]?.long !== true);
  const results = await run(named.length > 0 ? named : usually);
  if (wanted.check) check(results, before);
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await main();
} finally {
  await endAll();
}
