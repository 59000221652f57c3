// A configuration that is read anew while calls come: 2,000 rules, on the one core that decides, too.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Case} from '../support/case.ts';
import {figure, times} from '../support/figures.ts';
import {callOnce, type Round} from '../support/inTurn.ts';
import {manyRules} from '../support/rules.ts';

const count = 2_000;
/** Far from what it can answer, so that waits are not those of a queue. */
const perSecond = 500;

export const reload: Case = {
  what: '500 calls a second at random moments while 2,000 rules are read anew, beside the same calls in peace; all on one core',
  async measure(stage) {
    const server = await stage.postern({...stage.usual, rules: [...stage.usual.rules, ...manyRules(count)]});
    const messages = await stage.checks(1_000);
    const milliseconds = 4 * stage.pace.milliseconds;
    const contestant = {server, messages, load: {perSecond, milliseconds}};
    const [file, {postern}] = [join(server.postern.folder, 'postern.yaml'), server];
    const reloads = () => postern.logs().split('was loaded anew').length;
    await callOnce(stage, {...contestant, load: {milliseconds: stage.pace.warmUp}});
    const [quiet, during, took]: [Round[], Round[], number[]] = [[], [], []];
    for (let round = 0; round < stage.pace.rounds; round++) {
      quiet.push(await callOnce(stage, contestant));
      const before = reloads();
      const began = performance.now();
      writeFileSync(file, readFileSync(file, 'utf8').replace(/\n*(# .*)?$/, `\n# ${round}`));
      postern.process.signal('SIGHUP');
      const asked = callOnce(stage, contestant);
      while (reloads() === before) await sleep(20);
      took.push(performance.now() - began);
      during.push(await asked);
    }
    const of = (pick: (round: Round) => number) => [during.map(pick), quiet.map(pick)] as const;
    return [
      times('p50', ...of(({p50}) => p50)),
      times('p99', ...of(({p99}) => p99)),
      figure(
        'p50, while it is read',
        'µs',
        during.map(({p50}) => p50),
      ),
      figure(
        'p99, while it is read',
        'µs',
        during.map(({p99}) => p99),
      ),
      figure('until it is in force', 'ms', took),
    ];
  },
};
