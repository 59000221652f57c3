// postern diff: which decisions does a change of the configuration flip? Both decide the same requests, offline.
import type {Snapshot} from '../../core/entitlement/entitlement.ts';
import {clocks} from '../../wiring/clocks.ts';
import type {Configuration} from '../../wiring/decider.ts';
import {CommandError, settingsOf} from '../settings.ts';
import {type CaseFile, casesFrom, readCaseFile} from '../test/caseFile.ts';
import {decideCases} from '../test/decide.ts';
import {entitlementsOf, givenEntitlements} from '../test/entitlements.ts';
import {contentOf, filesIn} from '../test/files.ts';
import {boughtBy} from '../test/record/bought.ts';
import {recordedOf} from '../test/record/caseOf.ts';
import {readDecisions} from '../test/record/read.ts';
import {fileOf} from '../test/record/write.ts';
import {type Compared, compare} from './flips.ts';
import {textOf} from './text.ts';

export interface DiffOptions {
  readonly cases: readonly string[];
  readonly entitlements?: string;
  readonly json?: boolean;
}

/** Exit status 0: none flips, 1: some do, 2: undecided. */
export const diff = async (before: string, after: string, options: DiffOptions): Promise<void> => {
  try {
    const compared = await comparedBy(await settingsOf(before), await settingsOf(after), options);
    process.stdout.write(options.json ? `${JSON.stringify(compared, undefined, 2)}\n` : textOf(compared));
    if (compared.flips.length > 0) process.exitCode = 1;
    else if (compared.unsaid.length > 0) process.exitCode = 2;
  } catch (error) {
    // 1 would say that decisions flip.
    throw error instanceof CommandError ? new CommandError(error.message, 2) : error;
  }
};

/** Requests of one file, and where each of them stands. */
interface Requests {
  readonly file: CaseFile;
  readonly where: (at: number) => string;
}

/** Every decision that flips, by all the cases. */
export const comparedBy = async (
  before: Configuration,
  after: Configuration,
  {cases, entitlements}: DiffOptions,
): Promise<Compared> => {
  const all: Compared[] = [];
  const isLog = (place: string) => place === '-' || place.endsWith('.jsonl');
  const read = [
    ...(await Promise.all((await filesIn(cases.filter((place) => !isLog(place)))).map(requestsOfFile))),
    ...(await Promise.all(cases.filter(isLog).map((place) => requestsOfLog(place, before)))),
  ];
  const now = clocks.now();
  const looking = new Set(after.settings.rules.flatMap(({name, access}) => ('require' in access ? [name] : [])));
  const looks = (rule: string): boolean => looking.has(rule);
  for (const {file, where} of read) {
    const decided = async (configuration: Configuration) =>
      decideCases(configuration, file, {now, snapshot: await snapshotOf(file, configuration, entitlements)});
    all.push(compare(await decided(before), await decided(after), {where, looks}));
  }
  return {
    decisions: all.reduce((sum, {decisions}) => sum + decisions, 0),
    flips: all.flatMap(({flips}) => flips),
    unsaid: all.flatMap(({unsaid}) => unsaid),
  };
};

const requestsOfFile = async (place: string): Promise<Requests> => {
  const read = readCaseFile(await contentOf(place), place);
  if ('faults' in read) throw new CommandError(read.faults.join('\n'));
  return {file: read.cases, where: (at) => `${place}:${read.lines[at] ?? 1}`};
};

/** What cannot be decided again is left out, and how much of it there was is told. */
const requestsOfLog = async (place: string, {settings}: Configuration): Promise<Requests> => {
  const read = await readDecisions(place, settings.admin);
  const recorded = read.flatMap((one) => {
    const made = recordedOf(one);
    return 'left' in made ? [] : [{...made, one: {...made.one, it: one.where}}];
  });
  if (recorded.length === 0) throw new CommandError(`${place}: holds no decision that can be made again`);
  const left = read.length - recorded.length;
  if (left > 0) process.stderr.write(`${place}: ${left} decisions cannot be made again and are left out\n`);
  const {entitlements, rules} = settings;
  const isElsewhere = entitlements !== undefined && entitlements.source.type !== 'file';
  const bought = isElsewhere
    ? boughtBy(
        read.map(({line}) => line),
        rules,
      )
    : undefined;
  const file = casesFrom(JSON.parse(JSON.stringify(fileOf(recorded, place, bought))));
  return {file, where: (at) => recorded[at]?.of.where ?? place};
};

/** What the command names, else what the cases hold, else the file of the configuration. */
const snapshotOf = async (
  {entitlements}: CaseFile,
  {settings}: Configuration,
  named: string | undefined,
): Promise<Snapshot | undefined> =>
  named === undefined && entitlements !== undefined
    ? entitlementsOf(entitlements, 'entitlements')
    : givenEntitlements(settings, named);
