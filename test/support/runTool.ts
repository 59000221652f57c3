// Runs a program of node_modules/.bin to its end.
import {fileURLToPath} from 'node:url';
import {start} from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Its exit code, and what it printed. */
export const runTool = async (name: string, args: readonly string[]): Promise<{code: unknown; output: string}> => {
  const program = await start({name, command: `${root}node_modules/.bin/${name}`, args, cwd: root});
  return {code: await program.ended, output: program.output()};
};
