// Changes a file as a whole: a reader sees the old one or the new one, and a second writer is turned away.
import type {Stats} from 'node:fs';
import {type FileHandle, open, readFile, realpath, rename, rm, stat} from 'node:fs/promises';
import {dirname} from 'node:path';
import {writingFault} from '../core/words/fileFault.ts';

type Changed = {readonly text: string; readonly fault?: never} | {readonly fault: string; readonly text?: never};

/**
 * `change` is given the text, or undefined where there is no such file, which is then made for its owner alone. Answers what
 * went wrong; the file is then as it was.
 */
export const rewriteFile = async (
  file: string,
  change: (text: string | undefined) => Changed | Promise<Changed>,
): Promise<string | undefined> => {
  // What a symbolic link leads to is replaced, not the link.
  const path = await realpath(file).catch(() => file);
  const next = `${path}.new`;
  try {
    const writing = await open(next, 'wx', 0o600);
    let done = false;
    try {
      // Only now is nobody else writing it.
      const found = await stat(path).catch(ignoreMissing);
      if (found !== undefined) await writing.chmod(found.mode & 0o777);
      const unkept = found === undefined ? undefined : await keepOwner(writing, found);
      if (unkept !== undefined) return unkept;
      const {text, fault} = await change(found === undefined ? undefined : await readFile(path, 'utf8'));
      if (fault !== undefined) return fault;
      await writing.writeFile(text);
      await writing.sync();
      await rename(next, path);
      done = true;
      await syncFolder(dirname(path));
    } finally {
      await writing.close();
      // Once renamed, a file of that name is another writer's.
      if (!done) await rm(next, {force: true});
    }
    return undefined;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code === 'EEXIST' ? `another command is writing it; if none is, remove ${next}` : writingFault(error);
  }
};

/** Else a loss of power could bring the old file back, though the key has been shown. */
const syncFolder = async (folder: string): Promise<void> => {
  const opened = await open(folder, 'r');
  try {
    await opened.sync();
  } catch (error) {
    // Some file systems know no such thing.
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await opened.close();
  }
};

/** Postern often runs as another user than whoever makes keys, and must still be able to read the file. */
const keepOwner = async (writing: FileHandle, {uid, gid}: Stats): Promise<string | undefined> => {
  const made = await writing.stat();
  if (made.uid === uid && made.gid === gid) return undefined;
  try {
    await writing.chown(uid, gid);
    return undefined;
  } catch (error) {
    const {message} = error as NodeJS.ErrnoException;
    return `cannot be given back to its owner (${uid}:${gid}), so it stays as it is: ${message}; run this as that user, or as root`;
  }
};

const ignoreMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
};
