// postern test --record: decisions that were made become cases, which hold by the configuration as it is.
import {basename} from 'node:path';
import {printable} from '../../../observe/redact.ts';
import {clocks} from '../../../wiring/clocks.ts';
import type {Configuration} from '../../../wiring/decider.ts';
import {CommandError} from '../../settings.ts';
import {casesFrom} from '../caseFile.ts';
import {entitlementsOf, givenEntitlements} from '../entitlements.ts';
import {runCases} from '../run.ts';
import {boughtBy} from './bought.ts';
import {type Left, type Recorded, recordedOf} from './caseOf.ts';
import {type ReadDecision, readDecisions} from './read.ts';
import {fileOf, type RecordedFile, textOf} from './write.ts';

export interface Recording {
  /** Undefined: no decision could become a case. */
  readonly file: RecordedFile | undefined;
  readonly left: readonly Left[];
  readonly decisions: number;
}

/** Writes the cases to standard output, and what was left out and why to standard error. */
export const record = async (from: string, configuration: Configuration): Promise<void> => {
  const read = await readDecisions(from, configuration.settings.admin);
  if (read.length === 0) throw new CommandError(`${from}: holds no decision; does log.decisions write any?`);
  const {file, left} = await casesOf(read, configuration, from === '-' ? 'standard input' : basename(from));
  process.stderr.write(summaryOf(file, left, read.length));
  if (file === undefined) throw new CommandError('no decision could become a case');
  process.stdout.write(textOf(file));
};

/** Cases that come to what was decided; the others are left out, with why. */
export const casesOf = async (
  read: readonly ReadDecision[],
  configuration: Configuration,
  title: string,
): Promise<Recording> => {
  const left: Left[] = [];
  let recorded: Recorded[] = [];
  for (const one of read) {
    const made = recordedOf(one);
    if ('left' in made) left.push(made);
    else recorded.push(made);
  }
  const bought = await boughtOf(recorded, configuration);
  const differing = await differingOf(recorded, configuration, bought);
  left.push(...differing.values());
  recorded = recorded.filter((one) => !differing.has(one));
  if (recorded.length === 0) return {file: undefined, left, decisions: read.length};
  return {file: fileOf(recorded, `recorded from ${title}`, bought), left, decisions: read.length};
};

/** Of a file, the file itself is read whenever the cases run. */
const boughtOf = async (recorded: readonly Recorded[], {settings}: Configuration): Promise<object | undefined> => {
  if (settings.entitlements === undefined || settings.entitlements.source.type === 'file') return undefined;
  return boughtBy(
    recorded.map(({of}) => of.line),
    settings.rules,
  );
};

const differingOf = async (
  recorded: readonly Recorded[],
  configuration: Configuration,
  bought: object | undefined,
): Promise<ReadonlyMap<Recorded, Left>> => {
  if (recorded.length === 0) return new Map();
  // As they would be read, each for itself: equal ones are not yet one.
  const each = recorded.map((one, at) => ({...one, one: {...one.one, it: `${at}`}}));
  const file = fileOf(each, 'recorded', bought);
  const cases = casesFrom(JSON.parse(JSON.stringify(file)));
  const snapshot =
    bought === undefined ? await givenEntitlements(configuration.settings) : await entitlementsOf(bought, 'recorded');
  const results = await runCases(configuration, cases, {now: clocks.now(), snapshot});
  return new Map(
    results.flatMap(({differences}, at) => {
      const one = recorded[at];
      if (differences.length === 0 || one === undefined) return [];
      const left = `this configuration decides it otherwise: ${differences.join('; ')}`;
      return [[one, {of: one.of, left}] as const];
    }),
  );
};

/** How many, and of each reason to leave some out an example. */
const summaryOf = (file: RecordedFile | undefined, left: readonly Left[], decisions: number): string => {
  const kinds = new Map<string, {count: number; example: Left}>();
  for (const one of left) {
    const kind = one.left.split(':', 1)[0] ?? '';
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, {count: 1, example: one});
    else known.count += 1;
  }
  const lines = [...kinds.values()].map(
    ({count, example}) => `  left out ${count}: ${printable(example.left, 300)} (${example.of.where})`,
  );
  return [`${file?.cases.length ?? 0} cases from ${decisions} decisions`, ...lines, ''].join('\n');
};
