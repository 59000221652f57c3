// Runs the command line of this process.
import {program} from './program.ts';
import {CommandError} from './settings.ts';

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // At once: what had been opened before it failed would keep the process alive. Standard error is written by now.
  process.exit(error.exitCode);
}
