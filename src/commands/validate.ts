// postern validate: checks the configuration, and says every error at once.
import {formatErrors, loadSettings} from '../config/load.ts';

export const validate = async ({config}: {config: string}): Promise<void> => {
  const loaded = await loadSettings(config);
  if (loaded.settings === undefined) {
    process.stderr.write(`${formatErrors(loaded.errors)}\n`);
    process.exitCode = 1;
    return;
  }
  if (loaded.warnings.length > 0) process.stderr.write(`${formatErrors(loaded.warnings)}\n`);
  const {rules, providers} = loaded.settings;
  process.stdout.write(`${config}: good: ${count(rules.length, 'rule')}, ${count(providers.length, 'provider')}\n`);
};

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
