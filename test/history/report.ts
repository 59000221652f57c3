// A run for people: what was done, what happened, what was not obeyed and why it should have been.
import {readable, readableDecision} from './history.ts';
import type {Violation} from './model.ts';
import type {Step} from './schedule.ts';
import type {Run} from './world.ts';

export const isGood = ({violations, unhealed}: Run): boolean => violations.length === 0 && unhealed.length === 0;

/** One line a step. */
export const stepsOf = (steps: readonly Step[]): string =>
  steps
    .map(
      (step) =>
        `  ${Object.entries(step)
          .flatMap(([key, value]) => (key === 'do' ? [value] : [`${key} ${value}`]))
          .join(', ')}`,
    )
    .join('\n');

const shown = 3;
const wordsOf: Record<Violation['what'], string> = {
  'let in': 'somebody who is revoked was let in',
  'kept out': 'somebody who is not revoked was refused as revoked',
  'let in unread': 'somebody was let in by an instance that has not read who is revoked',
};

/** The whole of a bad run. `again`: how to run it again. */
export const reportOf = (run: Run, again: string): string => {
  const {violations, unhealed, steps, events} = run;
  // Many decisions show one fault: the first of each kind, revocation and life.
  const firsts = new Map<string, Violation>();
  for (const one of violations) {
    const key = `${one.what} ${one.revoke?.name} ${one.decision.life}`;
    if (!firsts.has(key)) firsts.set(key, one);
  }
  const told = [...firsts.values()]
    .slice(0, shown)
    .map(({what, decision, revoke, because}) =>
      [
        `${wordsOf[what]}${revoke === undefined ? '' : ` (${revoke.name})`}:`,
        readableDecision(decision),
        ...because.map((line) => `      ${line}`),
      ].join('\n'),
    );
  return [
    `${violations.length} decisions against what is promised, of ${firsts.size} kinds; again: ${again}`,
    ...told,
    ...unhealed,
    'What was done:',
    stepsOf(steps),
    'What happened:',
    readable(events),
  ].join('\n');
};
