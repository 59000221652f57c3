// Runs the command line of this process.
import {CommanderError} from 'commander';
import {codeOf, writingFault} from '../core/words/fileFault.ts';
import {version} from '../version.ts';
import {program} from './program.ts';
import {CommandError} from './settings.ts';

/** A bug, or a system that fails where nobody looks for it. None of the statuses that a command means something by. */
const unforeseen = 70;

/** Of a command whose 1 is an answer (denied, decisions flip), what could not be done is 2. */
const answers = new Set(['explain', 'diff']);
const notDone = answers.has(process.argv[2] ?? '') ? 2 : 1;

const exitOf = (error: unknown): number => {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : notDone;
  return unforeseen;
};

/** What the system says is told as it says it; anything else is a bug, told with its place. */
const textOf = (error: unknown): string => {
  const {syscall, message, stack} = Object(error) as {syscall?: unknown; message?: unknown; stack?: unknown};
  if (typeof syscall === 'string') return `postern: ${message}\n`;
  return `this is a bug of postern ${version}; please report it, with what follows:\n${stack ?? error}\n`;
};

// Whoever reads may leave (`postern test | head -1`): what is left need not be said, and the exit status stays what it would
// have been. What cannot be written for another reason is an error.
process.stdout.on('error', (error) => {
  if (['EPIPE', 'ERR_STREAM_DESTROYED'].includes(codeOf(error))) return;
  process.stderr.write(`standard output ${writingFault(error)}\n`);
  process.exit(notDone);
});
process.stderr.on('error', () => {});

for (const command of program.commands) {
  if (answers.has(command.name())) command.exitOverride();
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommandError) process.stderr.write(`${error.message}\n`);
  // Commander has said already what is wrong with the command line.
  else if (!(error instanceof CommanderError)) process.stderr.write(textOf(error));
  // At once: what had been opened before it failed would keep the process alive. Standard error is written by now.
  process.exit(exitOf(error));
}
