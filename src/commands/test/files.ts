// Files of cases, as they are named on the command line.
import {readdir, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {readingFault} from '../../core/words/fileFault.ts';
import {CommandError} from '../settings.ts';

/** Files as they are named; of a folder, every .yaml, .yml and .json in it, by name. */
export const filesIn = async (places: readonly string[]): Promise<readonly string[]> => {
  const files: string[] = [];
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (found === undefined) throw new CommandError(`${place}: there is no such file or folder; name a file of cases`);
    if (!found.isDirectory()) {
      files.push(place);
      continue;
    }
    const inside = (await readdir(place)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
    if (inside.length === 0) throw new CommandError(`${place}: holds no .yaml file of cases`);
    files.push(...inside.map((name) => join(place, name)));
  }
  return files;
};

export const contentOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file}: ${readingFault(error)}`);
  }
};
