// A short run of the fuzzer, the same each time; and every input that it ever found, which must not come back.
import assert from 'node:assert/strict';
import {keptOf} from './corpus.ts';
import {faultOf, fuzz, seedsOf} from './engine.ts';
import {makeRandom} from './random.ts';
import {leastTurn} from './steps.ts';
import {longestStep, type Opened} from './target.ts';
import {targets} from './targets.ts';

/** Inputs of a short run: a second or less for each target. */
const shortRun = 400;
/** Bytes of an input of a short run. */
const shortInput = 1_500;

for (const target of targets) {
  describe(`fuzzing ${target.name}`, () => {
    let opened: Opened;
    before(async () => {
      opened = await target.open();
    });
    after(() => opened?.close?.());

    for (const {name, input} of keptOf(target.name)) {
      it(`takes what was once found: ${name}`, async () => {
        assert.equal(await faultOf(opened, input), undefined);
        const limit = 'step' in target ? target.step : longestStep;
        if (limit === undefined) return;
        const least = await leastTurn(opened, input);
        assert.ok(least <= limit, `a turn of ${least} ms`);
      });
    }

    it(`takes ${shortRun} changed inputs`, async () => {
      const found: string[] = [];
      await fuzz(
        {
          // The time that a step takes is for longer runs on a machine that has nothing else to do.
          target: {...target, step: undefined, longest: Math.min(shortInput, target.longest)},
          opened,
          known: seedsOf(target, opened),
          random: makeRandom(1),
          found: ({input, says}) => found.push(`${says}: ${JSON.stringify(input.toString('latin1').slice(0, 300))}`),
        },
        (runs) => runs >= shortRun,
      );
      assert.deepEqual(found, []);
    });
  });
}
