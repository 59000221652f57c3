// A token that nobody has seen yet, beside one in use; and what the verification of a signature costs by itself.
import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Case} from '../support/case.ts';
import {onServerCore} from '../support/cores.ts';
import {figure, times} from '../support/figures.ts';
import {acquaint, cpuOf, inTurn} from '../support/inTurn.ts';

/** New tokens of a round, and before the first: nobody is let in for the first time so often that V8 hurries to compile it. */
const fresh = 1_500;
const atFirst = 6_000;

const verificationsOf = (rounds: number): number[] => {
  const file = fileURLToPath(new URL('../support/verifyAlone.ts', import.meta.url));
  const [command = '', ...args] = [...onServerCore, process.execPath, file, `${rounds}`];
  return JSON.parse(execFileSync(command, args, {encoding: 'utf8'})) as number[];
};

export const verification: Case = {
  what: 'an RS256 token that was never seen before, beside one in use, and one verification by itself',
  async measure(stage) {
    const {rounds} = stage.pace;
    const server = await stage.postern();
    const used = {server, messages: await stage.checks(1)};
    const first = {server, messages: await stage.checks(atFirst)};
    await acquaint(stage, first, atFirst);
    // Each is sent once, those of the warm-up included.
    const never = {
      server,
      messages: await stage.checks(fresh * (rounds + 1)),
      load: {calls: fresh, milliseconds: 60_000},
    };
    const seen = await inTurn(stage, {used, never});
    const [cached, uncached, alone] = [cpuOf(seen.used), cpuOf(seen.never), verificationsOf(rounds)];
    const expected = cached.map((cpu, round) => cpu + (alone[round] ?? Number.NaN));
    return [
      times('CPU of a call, new, beside one in use and one verification', uncached, expected, 1.25),
      times('CPU of a call, new, beside one in use', uncached, cached),
      figure('CPU of a call, in use', 'µs', cached),
      figure('CPU of a call, new', 'µs', uncached),
      figure('one verification', 'µs', alone),
    ];
  },
};
