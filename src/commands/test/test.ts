// postern test: are the rules what they should be? Cases are decided offline and compared with what they expect.
import {basename, dirname, resolve} from 'node:path';
import {checkText, formatErrors} from '../../config/load.ts';
import {clocks} from '../../wiring/clocks.ts';
import type {Configuration} from '../../wiring/decider.ts';
import {CommandError, settingsOf} from '../settings.ts';
import {type CaseFile, readCaseFile} from './caseFile.ts';
import {type CoverageCounter, joined, makeCoverageCounter} from './coverage.ts';
import {entitlementsOf, givenEntitlements} from './entitlements.ts';
import {contentOf, filesIn} from './files.ts';
import {record} from './record/record.ts';
import {countOf, coverageText, type FileResults, type Format, formats, report} from './report.ts';
import {runCases} from './run.ts';
import {watch} from './watch.ts';

export interface TestOptions {
  readonly config: string;
  readonly coverage?: boolean;
  readonly minCoverage?: string;
  readonly filter?: string;
  readonly format?: string;
  readonly record?: string;
  readonly watch?: boolean;
}

/**
 * Exit status 1 if a case fails, or if less is covered than `--min-coverage` asks for.
 *
 * @param isNamed somebody has named the configuration here and now: it counts, also where cases carry settings of their own
 */
export const test = async (places: readonly string[], options: TestOptions, isNamed: boolean): Promise<void> => {
  if (options.record !== undefined) {
    if (places.length > 0) throw new CommandError('--record makes cases; run them afterwards, without it');
    return record(options.record, await settingsOf(options.config));
  }
  if (places.length === 0) throw new CommandError('which cases? Name files of cases, or folders of such');
  if (options.watch === true) return watched(places, options, isNamed);
  await once(places, options, isNamed, new Set());
};

/** Until Ctrl-C; the exit status is that of the last run. */
const watched = async (places: readonly string[], options: TestOptions, isNamed: boolean): Promise<void> => {
  let ended = false;
  process.once('SIGINT', () => {
    ended = true;
  });
  await watch({
    run: async () => {
      const names = new Set<string>();
      process.exitCode = 0;
      try {
        await once(places, options, isNamed, names);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 1;
      }
      return [...names];
    },
    fallback: [...places, options.config],
    say: (text) => process.stderr.write(text),
    sleep: (milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds)),
    ended: () => ended,
  });
};

/** `names`: takes the files that it reads, also where it fails. */
const once = async (
  places: readonly string[],
  options: TestOptions,
  isNamed: boolean,
  names: Set<string>,
): Promise<void> => {
  const format = formatOf(options.format);
  const least = percentOf(options.minCoverage);
  let named: Promise<Configuration> | undefined;
  const settingsFor = ({settings}: CaseFile, file: string): Promise<Configuration> => {
    if (!isNamed && settings !== undefined) return ownSettings(settings, file);
    named ??= settingsOf(options.config);
    return named;
  };
  const counters = new Map<Configuration, CoverageCounter>();
  const files: FileResults[] = [];
  for (const file of await filesIn(places)) {
    names.add(file);
    const read = readCaseFile(await contentOf(file), file);
    if ('faults' in read) throw new CommandError(read.faults.join('\n'));
    const {cases, lines} = filtered(read, options.filter);
    if (cases.cases.length === 0) continue;
    const configuration = await settingsFor(cases, file);
    for (const name of filesOf(configuration)) names.add(name);
    const counter = counters.get(configuration) ?? makeCoverageCounter(configuration.settings.rules);
    counters.set(configuration, counter);
    const snapshot = await snapshotOf(cases, configuration, file);
    const results = await runCases(configuration, cases, {now: clocks.now(), snapshot, wrap: counter.wrap});
    counter.ran(results);
    files.push({file, title: cases.title ?? basename(file), lines, results});
  }
  if (files.length === 0) throw new CommandError(`no case has "${options.filter}" in its name`);
  process.stdout.write(report(files, format));

  const coverage = joined([...counters.values()].map((counter) => counter.coverage()));
  // What reads TAP or XML from standard output must find nothing else there.
  const beside = format === 'text' ? process.stdout : process.stderr;
  if (options.coverage || least !== undefined) beside.write(coverageText(coverage));
  if (least !== undefined && coverage.percent < least) {
    process.stderr.write(`coverage is ${coverage.percent} %, and --min-coverage wants ${least} %\n`);
    process.exitCode = 1;
  }
  if (countOf(files).failed > 0) process.exitCode = 1;
};

/** Files that a configuration names and that decisions depend on. */
const filesOf = ({sources, settings: {entitlements}}: Configuration): readonly string[] => [
  ...sources.keys(),
  ...(entitlements?.source.type === 'file' ? [entitlements.source.path] : []),
];

/** Cases may carry the settings that they are about; relative paths then start at their own folder. */
const ownSettings = async (settings: object, file: string): Promise<Configuration> => {
  const folder = dirname(resolve(file));
  const loaded = await checkText(JSON.stringify(settings), `${file} (settings)`, {
    variable: () => undefined,
    readFile: async (path) => ({fault: `needs the file ${path}, which cases do not read; write the value out`}),
    resolve: (path) => resolve(folder, path),
  });
  if (loaded.settings === undefined) throw new CommandError(formatErrors(loaded.errors));
  return {...loaded, sources: new Map()};
};

const formatOf = (given = 'text'): Format => {
  const format = formats.find((one) => one === given);
  if (format === undefined) throw new CommandError(`--format: is ${given}; write one of ${formats.join(', ')}`);
  return format;
};

const percentOf = (given: string | undefined): number | undefined => {
  if (given === undefined) return undefined;
  if (!/^\d{1,3}$/.test(given) || Number(given) > 100) {
    throw new CommandError(`--min-coverage: "${given}" is not a whole number from 0 to 100`);
  }
  return Number(given);
};

const filtered = (read: {cases: CaseFile; lines: readonly number[]}, filter: string | undefined) => {
  if (filter === undefined) return read;
  const kept = read.cases.cases.map(({it}) => it.toLowerCase().includes(filter.toLowerCase()));
  return {
    cases: {...read.cases, cases: read.cases.cases.filter((_, at) => kept[at])},
    lines: read.lines.filter((_, at) => kept[at]),
  };
};

/** The entitlements of the cases, else those of the file that the configuration names. */
const snapshotOf = async ({entitlements}: CaseFile, {settings}: Configuration, file: string) =>
  entitlements === undefined ? givenEntitlements(settings) : entitlementsOf(entitlements, `${file}: entitlements`);
