// The files that a configuration is made of, and a mark of what each held when it was read.
import {readFile} from 'node:fs/promises';

/** Path -> mark of its content. */
export type Sources = ReadonlyMap<string, string>;

/** Equal marks mean equal content. A file that cannot be read has a mark too. */
export const markOf = async (path: string): Promise<string> => {
  try {
    // In another thread: a large file is looked at every few seconds, while requests are answered.
    return Buffer.from(await crypto.subtle.digest('SHA-256', await readFile(path))).toString('hex');
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
};

/** True if any of the files holds something else than when it was marked. */
export const haveChanged = async (sources: Sources): Promise<boolean> => {
  for (const [path, mark] of sources) if ((await markOf(path)) !== mark) return true;
  return false;
};
