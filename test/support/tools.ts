// Programs that tests need.
import {obtain, type ToolName} from '../../scripts/tools.ts';

/**
 * A program that cannot be had here. Rejecting with it, in a test or a hook, counts as skipped under `npm test`, and as
 * failed where CI=true or under plain mocha (scripts/reporter.ts).
 */
export class ToolMissing extends Error {
  override readonly name = 'ToolMissing';
}

/** The path of a program, fetched if need be; rejects with ToolMissing. Takes seconds the first time on a machine. */
export const tool = async (name: ToolName): Promise<string> => {
  const obtained = await obtain(name);
  if (obtained.missing !== undefined) throw new ToolMissing(obtained.missing);
  return obtained.path;
};
