// Does a decision get dearer with the number of rules?
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';
import {manyRules} from '../support/rules.ts';
import {bearer, tokensOf} from '../support/workload.ts';

export const rules: Case = {
  what: '10,000 rules beside 10, asked in turn',
  async measure(stage) {
    const tokens = await tokensOf(stage.identityProvider, 10);
    const contestant = async (count: number) => ({
      server: await stage.postern({...stage.usual, rules: manyRules(count)}),
      messages: await stage.checks(
        Array.from({length: 1_000}, (_, at) => ({
          path: `/orgs/acme/a${Math.floor((at * count) / 1_000) % count}/4711`,
          headers: bearer(tokens[at % tokens.length] ?? ''),
        })),
      ),
    });
    const contestants = {'10 rules': await contestant(10), '10,000 rules': await contestant(10_000)};
    return beside(stage, contestants, {'10,000 rules': 1.1});
  },
};
