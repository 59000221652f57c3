// Texts from outside: a configuration, and the files of its secrets. What is wrong with one is a value.
import {readFile, stat} from 'node:fs/promises';
import {buffer} from 'node:stream/consumers';

/** Bytes of a file that `${file:...}` names: more is no secret. */
const largestSecret = 65_536;

export type Text = {readonly text: string} | {readonly fault: string};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';

const reading: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'reading it is not permitted',
  EISDIR: 'it is a folder',
};

/** The text of a configuration, or what is wrong with the file. `-` is standard input. */
export const readText = async (file: string): Promise<Text> => {
  try {
    const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
    try {
      return {text: new TextDecoder('utf-8', {fatal: true}).decode(bytes)};
    } catch {
      return {fault: 'is not UTF-8 text; save it as UTF-8'};
    }
  } catch (error) {
    const named = 'name the configuration with -c or POSTERN_CONFIG';
    const remedy = codeOf(error) === 'ENOENT' ? `${named}, or have one written: postern init` : named;
    return {fault: `cannot be read: ${reading[codeOf(error)] ?? codeOf(error)}; ${remedy}`};
  }
};

/** The text of a file that `${file:...}` names, as `shown` there. */
export const readSecret = async (path: string, shown: string): Promise<Text> => {
  try {
    const found = await stat(path);
    if (!found.isFile()) return {fault: `needs the file ${shown}, which is not a plain file`};
    if (found.size > largestSecret) return {fault: `needs the file ${shown}, which is longer than 64 KiB`};
    return {text: (await readFile(path, 'utf8')).replace(/\r?\n$/, '')};
  } catch (error) {
    return {fault: `needs the file ${shown}, which cannot be read: ${reading[codeOf(error)] ?? codeOf(error)}`};
  }
};
