// postern completion: prints what a shell needs to complete the command line.
import type {Command} from 'commander';
import {CommandError} from '../settings.ts';
import {scriptFor, shells} from './shells.ts';
import {nodesOf} from './tree.ts';

/** `program`: the whole command line, from which the script is made. */
export const completion = (named: string, program: Command): void => {
  const shell = shells.find((one) => one === named);
  if (shell === undefined)
    throw new CommandError(`${named} is no shell that is known here: write ${shells.join(', ')}`);
  process.stdout.write(scriptFor(shell, nodesOf(program)));
};
