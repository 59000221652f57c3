// postern validate: checks the configuration and the files that it names, and says every error at once, and what a reviewer
// would say.
import {review} from '../../config/advice.ts';
import type {Finding} from '../../config/findings.ts';
import {ignoredProxy, loadText, textOf} from '../../config/load.ts';
import type {Settings} from '../../config/schema.ts';
import {CommandError} from '../settings.ts';
import {namedFiles} from './namedFiles.ts';
import {asJson, asSarif, asText, type Problem} from './problems.ts';

export interface ValidateOptions {
  /** Path of the configuration; `-` is standard input. */
  readonly config: string;
  /** Warnings count as errors. */
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly sarif?: boolean;
}

/** Problems go to standard error, or as JSON or SARIF to standard output. Ends with 1 if there is an error. */
export const validate = async ({config, strict, json, sarif}: ValidateOptions): Promise<void> => {
  const read = await textOf(config);
  const text = 'text' in read ? read.text : '';
  const loaded = await loadText(config, read, async (settings) => [
    ...review(settings),
    ...(await namedFiles(settings)),
    ...proxyOf(settings),
  ]);
  const problems: readonly Problem[] =
    loaded.settings === undefined
      ? loaded.errors.map((one) => ({...one, severity: 'error'}))
      : loaded.warnings.map((one) => ({...one, severity: one.severity ?? 'warning'}));
  if (json) process.stdout.write(asJson(problems));
  else if (sarif) process.stdout.write(asSarif(problems));
  else process.stderr.write(asText(problems, text));

  const errors = problems.filter(({severity}) => severity === 'error').length;
  const warnings = problems.length - errors;
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

/** What everybody else goes by, and Postern does not. */
const proxyOf = ({remote}: Settings): readonly Finding[] => {
  const name = remote.proxy === undefined ? ignoredProxy() : undefined;
  if (name === undefined) return [];
  const message = `is not set, and ${name} of the environment is not looked at: set it if calls must go through that proxy`;
  return [{path: ['remote', 'proxy'], at: 'value', message}];
};

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
const counted = (number: number, noun: string) => (number === 0 ? [] : [count(number, noun)]);
