// npm run fuzz -- --minutes N [--target NAME] [--seed N]: fuzzes, keeps what does not hold in corpus/, and ends with 1 then.
import {parseArgs} from 'node:util';
import {keep} from './corpus.ts';
import {startCoverage} from './coverage.ts';
import {fuzz, seedsOf, watchUncaught} from './engine.ts';
import {makeRandom} from './random.ts';
import {targets} from './targets.ts';

const {values} = parseArgs({
  options: {minutes: {type: 'string', default: '1'}, target: {type: 'string'}, seed: {type: 'string'}},
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
const chosen = targets.filter(({name}) => values.target === undefined || name === values.target);
if (!(minutes > 0) || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(
    `usage: npm run fuzz -- --minutes N [--target NAME] [--seed N]\ntargets: ${targets.map(({name}) => name).join(', ')}`,
  );
  process.exit(2);
}

/** Each target gets several turns, so that a short run sees all of them. */
const rounds = Math.max(1, Math.min(10, Math.floor((minutes * 60) / chosen.length / 5)));
const turn = (minutes * 60_000) / chosen.length / rounds;
console.log(`seed ${seed}: ${chosen.length} targets, ${rounds} turns of ${Math.round(turn / 1_000)} s each`);
const watching = watchUncaught();
let bad = 0;
const knownOf = new Map<string, Buffer[]>();

const runAll = async (): Promise<void> => {
  for (let round = 0; round < rounds; round++) {
    for (const target of chosen) {
      const {name} = target;
      const opened = await target.open();
      const known = knownOf.get(name) ?? seedsOf(target, opened);
      knownOf.set(name, known);
      const coverage = startCoverage('/src/');
      const until = performance.now() + turn;
      const runs = await fuzz(
        {
          target,
          opened,
          known,
          random: makeRandom(seed + round),
          coverage,
          found: ({input, says}) => {
            bad += 1;
            console.log(`\n${name}: ${says}\n  kept as ${keep(name, input)}\n`);
          },
        },
        () => performance.now() > until,
      );
      console.log(`${name}: ${runs} inputs, ${known.length} known, ${coverage.size} reached`);
      coverage.close();
      await opened.close?.();
    }
  }
};

try {
  await runAll();
} catch (error) {
  // Of the fuzzer itself.
  bad += 1;
  console.error(error);
}
watching();
console.log(bad === 0 ? 'nothing found' : `${bad} found (seed ${seed})`);
process.exit(bad === 0 ? 0 : 1);
