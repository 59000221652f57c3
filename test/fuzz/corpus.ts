// Inputs that are kept: corpus/<target>/<name>, one file each, as it came.
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

const folderOf = (target: string): string => join(import.meta.dirname, 'corpus', target);

export interface Kept {
  readonly name: string;
  readonly input: Buffer;
}

/** What is kept for a target, by name. */
export const keptOf = (target: string): readonly Kept[] => {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({name, input: readFileSync(join(folder, name))}));
};

/** Keeps an input by a name made of what it is, and returns the path. */
export const keep = (target: string, input: Buffer): string => {
  const folder = folderOf(target);
  mkdirSync(folder, {recursive: true});
  const path = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
};
