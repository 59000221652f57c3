// What every command starts with: the settings, or every error and exit status 1.
import {formatErrors, loadSettings} from '../config/load.ts';
import type {Configuration} from '../wiring/decider.ts';

/** A command cannot be done; the message says what is wrong and what to do. main.ts prints it and exits with 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** What the process ends with. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const settingsOf = async (file: string): Promise<Configuration> => {
  const loaded = await loadSettings(file);
  if (loaded.settings === undefined) throw new CommandError(formatErrors(loaded.errors));
  return loaded;
};
