// Writes files all or none: made aside first, and nothing that is there is touched unless that is asked for.
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {writingFault} from '../../core/words/fileFault.ts';
import type {OwnFile} from '../../vendors/choice.ts';
import {CommandError} from '../settings.ts';

export type Files = Readonly<Record<string, OwnFile>>;

/** Those of the files that are there. */
export const existing = (folder: string, names: readonly string[]): readonly string[] =>
  names.filter((name) => existsSync(join(folder, name)));

const prefix = '.postern-init-';

/** What an earlier run left behind because it was killed. */
export const leftBehind = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(prefix)) : [];

export interface Aside {
  /** Where the files stand, as they will stand in their place. */
  readonly folder: string;
  /**
   * Moves the files to where they belong. If one cannot be moved, those that were are taken back, and what they replaced is
   * put back. Throws CommandError with why. Nothing waits in here, so that no signal comes between two steps.
   */
  moveIntoPlace(force: boolean): void;
  /** Removes what is aside; where nothing was moved, also the folders that were made for it. */
  clear(): void;
}

/**
 * Makes the files in a new folder beside where they will be, so that moving them is one step each. Throws CommandError if
 * they cannot be written; then nothing is left of them.
 */
export const makeAside = (folder: string, files: Files): Aside => {
  let made: string | undefined;
  let aside: string | undefined;
  let moved = false;
  const clear = () => {
    if (aside !== undefined) rmSync(aside, {recursive: true, force: true});
    if (made !== undefined && !moved) removeEmpty(resolve(folder), resolve(made));
  };
  try {
    made = makeFolder(resolve(folder));
    aside = mkdtempSync(join(folder, prefix));
    for (const [name, {content, secret}] of Object.entries(files)) {
      mkdirSync(dirname(join(aside, name)), {recursive: true});
      writeFileSync(join(aside, name), content, {mode: secret === true ? 0o600 : 0o644});
    }
  } catch (error) {
    clear();
    throw new CommandError(`${folder}: ${writingFault(error)}; nothing was written`);
  }
  const from = aside;
  return {
    folder: from,
    moveIntoPlace(force) {
      move(from, folder, Object.keys(files), force);
      moved = true;
    },
    clear,
  };
};

/**
 * Makes a folder and those that it stands in; the outermost that was made. Node's own `recursive` asks for ever where a file
 * system takes no new folders and says that there is none (/proc).
 */
const makeFolder = (folder: string): string | undefined => {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
  // What is there and no folder is told as that.
  if (missing.length === 0 && !statSync(folder).isDirectory()) missing.push(folder);
  for (const one of missing) mkdirSync(one);
  return missing[0];
};

/** From the innermost outwards; what holds something is somebody's by now. */
const removeEmpty = (innermost: string, outermost: string): void => {
  for (let folder = innermost; folder.length >= outermost.length; folder = dirname(folder)) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
};

const move = (aside: string, folder: string, names: readonly string[], force: boolean): void => {
  const undo: (() => void)[] = [];
  let to = folder;
  try {
    for (const name of names) {
      const from = join(aside, name);
      to = join(folder, name);
      const made = makeFolder(dirname(resolve(to)));
      if (made !== undefined) undo.unshift(() => rmSync(made, {recursive: true}));
      if (force && existsSync(to)) {
        const [kept, was] = [`${from}.before`, to];
        renameSync(was, kept);
        undo.unshift(() => renameSync(kept, was));
      }
      const placed = to;
      place(from, placed);
      undo.unshift(() => rmSync(placed));
    }
  } catch (error) {
    for (const step of undo) step();
    throw new CommandError(`${to}: ${writingFault(error)}; nothing was changed`);
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
