// Writes files all or none: made aside first, and nothing that is there is touched unless that is asked for.
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {CommandError} from '../settings.ts';
import type {OwnFile} from './choice.ts';

export type Files = Readonly<Record<string, OwnFile>>;

/** Those of the files that are there. */
export const existing = (folder: string, names: readonly string[]): readonly string[] =>
  names.filter((name) => existsSync(join(folder, name)));

/** Makes the files in a new folder beside where they will be, so that moving them is one step each. Answers that folder. */
export const writeAside = (folder: string, files: Files): string => {
  const aside = mkdtempSync(join(folder, '.postern-init-'));
  try {
    for (const [name, {content, secret}] of Object.entries(files)) {
      mkdirSync(dirname(join(aside, name)), {recursive: true});
      writeFileSync(join(aside, name), content, {mode: secret === true ? 0o600 : 0o644});
    }
  } catch (error) {
    rmSync(aside, {recursive: true, force: true});
    throw error;
  }
  return aside;
};

/**
 * Moves the files of `aside` to where they belong. If one cannot be moved, those that were are taken back, and what they
 * replaced is put back. Throws CommandError with why. Nothing waits in here, so that no signal comes between two steps.
 */
export const moveIntoPlace = (aside: string, folder: string, names: readonly string[], force: boolean): void => {
  const undo: (() => void)[] = [];
  try {
    for (const name of names) {
      const [from, to] = [join(aside, name), join(folder, name)];
      const made = mkdirSync(dirname(to), {recursive: true});
      if (made !== undefined) undo.unshift(() => rmSync(made, {recursive: true}));
      if (force && existsSync(to)) {
        const kept = `${from}.before`;
        renameSync(to, kept);
        undo.unshift(() => renameSync(kept, to));
      }
      place(from, to);
      undo.unshift(() => rmSync(to));
    }
  } catch (error) {
    for (const step of undo) step();
    const {code, path, dest} = error as NodeJS.ErrnoException & {dest?: string};
    throw new CommandError(`${dest ?? path ?? folder}: cannot be written (${code ?? error}); nothing was changed`);
  }
};

/** Never over a file that is there: it may have come since it was looked for. */
const place = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch (error) {
    // Some file systems have no links.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
};
