// What is wrong with the text of a condition, and where.

/** `at`: the offset in the text. */
export interface ConditionFault {
  readonly at: number;
  readonly message: string;
}

/** Ends the reading of a condition; caught in condition.ts, where it becomes a value. */
export class Faulty extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const shown = 24;

/** The fault as it is told: what is wrong, and the place in the text by line and character. */
export const tellFault = (text: string, {at, message}: ConditionFault): string => {
  const before = text.slice(0, at).split('\n');
  const line = before.length > 1 ? `line ${before.length}, ` : '';
  const column = (before.at(-1)?.length ?? 0) + 1;
  const [here = ''] = text.slice(at, at + shown).split('\n');
  return `${message} (${line}character ${column}${here === '' ? ', at the end' : `, at ${JSON.stringify(here)}`})`;
};
