// From exec to ready.
import type {Case} from '../support/case.ts';
import {figure} from '../support/figures.ts';

export const starting: Case = {
  what: 'from exec until /readyz answers 200, keys of the issuer fetched; it is asked every 20 ms',
  async measure(stage) {
    const took: number[] = [];
    for (let round = -1; round < stage.pace.rounds; round++) {
      const began = performance.now();
      const {postern} = await stage.postern();
      if (round >= 0) took.push(performance.now() - began);
      await postern.stop();
    }
    return [figure('from exec to ready', 'ms', took, 400)];
  },
};
