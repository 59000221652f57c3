// postern validate: checks the configuration, and says every error at once.
import {formatErrors} from '../config/load.ts';
import {settingsOf} from './settings.ts';

export const validate = async ({config}: {config: string}): Promise<void> => {
  const {settings, warnings} = await settingsOf(config);
  if (warnings.length > 0) process.stderr.write(`${formatErrors(warnings)}\n`);
  const {rules, providers} = settings;
  process.stdout.write(`${config}: good: ${count(rules.length, 'rule')}, ${count(providers.length, 'provider')}\n`);
};

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
