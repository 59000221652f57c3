// Configurations that are swapped while requests are answered: whether each answer is wholly of one of them.
import assert from 'node:assert/strict';
import {until} from '../store/rig.ts';
import type {CheckResponse} from '../support/checkClient.ts';

/** How often it is swapped. */
export const rounds = 50;
const fewestDecisions = 10_000;

/** The configuration of a round: its rules, its header and its status bear the number. */
export const settingsOf = (round: number) => ({
  rules: [
    {name: `r${round}-closed`, match: {path: '/closed'}, deny: true},
    {name: `r${round}-open`, match: {path: '/**'}, require: {}},
  ],
  responses: {identity: {[`x-auth-r${round}`]: 'subject'}, status: {denied_by_rule: 410 + (round % 8)}},
});

/** The round that an answer is wholly of, or what is wrong with it. */
const roundOf = ({dynamicMetadata, okResponse, deniedResponse}: CheckResponse): string => {
  const [, round = '?', what] = /"r(\d+)-(open|closed)"/.exec(JSON.stringify(dynamicMetadata)) ?? [];
  const [seen, wanted] =
    what === 'open'
      ? [okResponse?.headers?.map(({header}) => header.key).join(), `x-auth-r${round}`]
      : [JSON.parse(deniedResponse?.body ?? '{}').status, 410 + (Number(round) % 8)];
  return seen === wanted ? round : `rule of ${round}, answer ${seen}`;
};

/**
 * Asks in six lanes while `swap` takes the configuration of each round into force. Fails if an answer is lost or a mixture;
 * answers how many there were.
 */
export const swapped = async (
  ask: (path: string) => Promise<CheckResponse>,
  swap: (round: number) => Promise<void>,
): Promise<number> => {
  const seen = new Map<string, number>();
  let total = 0;
  let done = false;
  const lane = async (path: string) => {
    while (!done) {
      const answer = await ask(path).then(roundOf, (error) => `lost: ${error.message}`);
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
      total += 1;
    }
  };
  const lanes = ['/x', '/closed', '/x', '/closed', '/x', '/x'].map(lane);
  try {
    for (let round = 1; round <= rounds; round++) await swap(round);
    await until('10,000 decisions', () => total >= fewestDecisions, 60_000);
  } finally {
    done = true;
    await Promise.all(lanes);
  }
  assert.deepEqual(
    [...seen.keys()].filter((answer) => !/^\d+$/.test(answer)),
    [],
  );
  assert.ok(seen.size > rounds - 10, `answers of ${seen.size} configurations`);
  return total;
};
