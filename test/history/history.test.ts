// The proof by history, short form: some schedules over three instances and one Redis, two worlds at a time.
// Long: npm run torture -- --minutes 10. What is demanded is at the top of model.ts.
import assert from 'node:assert/strict';
import {isGood, reportOf} from './report.ts';
import {scheduleOf} from './schedule.ts';
import {type Run, startWorld, type World} from './world.ts';

/** HISTORY_SEED=7 runs those from 7 on. */
const first = Number(process.env.HISTORY_SEED ?? Math.floor(Math.random() * 1_000_000));
const perWorld = 2;

describe('revocations by history', function () {
  this.timeout(600_000);
  const worlds: World[] = [];
  after(() => Promise.all(worlds.map((world) => world.stop())));

  it(`hold whatever befalls: schedules ${first} to ${first + 2 * perWorld - 1}`, async () => {
    console.log(`      HISTORY_SEED=${first} repeats them`);
    worlds.push(...(await Promise.all([startWorld(), startWorld()])));
    const runs = await Promise.all(
      worlds.map(async (world, at) => {
        const done: Run[] = [];
        for (let index = 0; index < perWorld; index++) {
          const seed = first + at * perWorld + index;
          const run = await world.run(scheduleOf(seed));
          assert.ok(
            isGood(run),
            `${reportOf(run, `npm run torture -- --seed ${seed} --schedules 1`)}\n${world.logs()}`,
          );
          done.push(run);
        }
        return done;
      }),
    );
    const sum = (count: (run: Run) => number) => runs.flat().reduce((total, run) => total + count(run), 0);
    // A run in which nothing was demanded would prove nothing.
    assert.ok(sum(({demanded}) => demanded.refuse) > 500, 'hardly any refusal was demanded');
    assert.ok(sum(({demanded}) => demanded.admit) > 500, 'hardly anybody was to be let in');
  });
});
