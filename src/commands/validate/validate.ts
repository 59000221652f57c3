// postern validate: checks the configuration and the files that it names, and says every error at once, and what a reviewer
// would say; online, also what it leads to.
import {asWritten, review} from '../../config/advice.ts';
import type {Finding} from '../../config/findings.ts';
import {ignoredProxy, loadText} from '../../config/load.ts';
import type {Settings} from '../../config/schema.ts';
import {readText} from '../../config/texts.ts';
import {examine} from '../../wiring/doctor/examine.ts';
import type {Examined} from '../../wiring/doctor/examined.ts';
import {CommandError} from '../settings.ts';
import {doubtfulConditions} from './conditions.ts';
import {namedFiles} from './namedFiles.ts';
import {asJson, asLines, asSarif, asText, type Problem} from './problems.ts';

export interface ValidateOptions {
  /** Path of the configuration; `-` is standard input. */
  readonly config: string;
  /** Warnings count as errors. */
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly sarif?: boolean;
  /** Tries what it leads to, too. */
  readonly online?: boolean;
  /** Seconds that each trial may take. */
  readonly timeout?: string;
}

const usualTimeout = '10';

/** Problems go to standard error, or as JSON or SARIF to standard output. Ends with 1 if there is an error. */
export const validate = async (options: ValidateOptions): Promise<void> => {
  const {config, strict, json, sarif, online} = options;
  const timeout = timeoutOf(options.timeout);
  const read = await readText(config);
  const text = 'text' in read ? read.text : '';
  const loaded = await loadText(config, read, async (settings, written) => [
    ...review(settings),
    ...doubtfulConditions(settings.rules),
    ...asWritten(written),
    ...(await namedFiles(settings)),
    ...proxyOf(settings),
  ]);
  const problems: readonly Problem[] =
    loaded.settings === undefined
      ? loaded.errors.map((one) => ({...one, severity: 'error'}))
      : loaded.warnings.map((one) => ({...one, severity: one.severity ?? 'warning'}));
  const examined = online && loaded.settings !== undefined ? await examine(loaded, timeout) : undefined;
  if (json) process.stdout.write(asJson(problems, examined));
  else if (sarif) process.stdout.write(asSarif([...problems, ...(examined ?? []).flatMap(problemOf(config))]));
  else {
    process.stderr.write(asText(problems, text));
    process.stdout.write(asLines(examined ?? []));
  }

  const found = [...problems, ...(examined ?? []).flatMap(problemOf(config))];
  const errors = found.filter(({severity}) => severity === 'error').length;
  const warnings = found.length - errors;
  if (errors > 0 || (strict && warnings > 0)) {
    throw new CommandError(`${config}: ${[...counted(errors, 'error'), ...counted(warnings, 'warning')].join(', ')}`);
  }
  if (json || sarif || loaded.settings === undefined) return;
  const {rules, providers} = loaded.settings;
  const told = warnings > 0 ? ` (${count(warnings, 'warning')})` : '';
  process.stdout.write(
    `${config}: good: ${count(rules.length, 'rule')}, ${count(providers.length, 'provider')}${told}\n`,
  );
};

/** Seconds as they were typed -> milliseconds. */
const timeoutOf = (typed = usualTimeout): number => {
  const seconds = /^\d{1,3}$/.test(typed) ? Number(typed) : 0;
  if (seconds > 0) return seconds * 1_000;
  throw new CommandError(`--timeout ${typed}: is not a number of seconds from 1 to 999`);
};

/** What was tried and is not as it should be, as a problem of the file as a whole. */
const problemOf =
  (file: string) =>
  ({part, state, detail}: Examined): readonly Problem[] => {
    if (state === 'good') return [];
    const severity = state === 'bad' ? 'error' : 'warning';
    return [{file, line: 1, column: 1, path: '', message: `${part}: ${detail}`, severity}];
  };

/** What everybody else goes by, and Postern does not. */
const proxyOf = ({remote}: Settings): readonly Finding[] => {
  const name = remote.proxy === undefined ? ignoredProxy() : undefined;
  if (name === undefined) return [];
  const message = `is not set, and ${name} of the environment is not looked at: set it if calls must go through that proxy`;
  return [{path: ['remote', 'proxy'], at: 'value', message}];
};

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
const counted = (number: number, noun: string) => (number === 0 ? [] : [count(number, noun)]);
