// Files of the state directory: written beside and put in place at once; read only if nobody else could have made them.
import {constants} from 'node:fs';
import {type FileHandle, mkdir, open, readdir, rename, stat, unlink} from 'node:fs/promises';
import {join} from 'node:path';
import {codeOf, readingFault} from '../core/words/fileFault.ts';
import type {Reader, Unreadable} from './form.ts';

/** Bytes that are written, or read, at once: some milliseconds of seals, where lines are short. */
const chunk = 32_768;
/** A line is a text of some 64,000 characters, and the longest grant beyond it. */
const longestLine = 8 * 1_048_576;

/** Who owns the files: the user of this process; undefined: this system has none. */
export type Owner = number | undefined;

/** Makes the directory, unless it is there. */
export const makeFolder = async (dir: string): Promise<void> => {
  await mkdir(dir, {recursive: true, mode: 0o700});
};

interface Put {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Writes a file beside its place (`temporary`), makes sure that it is on the disk, and puts it in place, where there is
 * always a whole one. Rejects with what the system says, or if it becomes longer than `maxBytes`; then nothing is left of
 * it. The handle, at the end of the file, is the caller's to close.
 */
export const putFile = async (
  path: string,
  temporary: string,
  lines: Iterable<string>,
  maxBytes: number,
): Promise<Put> => (await putFileIf(path, temporary, lines, maxBytes, async () => true)) as Put;

/** The same, if that is wanted still when it has been written beside; undefined: it is not, and nothing is left of it. */
export const putFileIf = async (
  path: string,
  temporary: string,
  lines: Iterable<string>,
  maxBytes: number,
  isWanted: () => Promise<boolean>,
): Promise<Put | undefined> => {
  const handle = await open(temporary, 'wx', 0o600);
  let bytes = 0;
  try {
    let batch = '';
    const flush = async () => {
      const {bytesWritten} = await writeAll(handle, batch);
      bytes += bytesWritten;
      batch = '';
      if (bytes > maxBytes) throw new TooLarge(maxBytes);
    };
    for (const line of lines) {
      batch += line;
      if (batch.length >= chunk) await flush();
    }
    await flush();
    await handle.sync();
    if (!(await isWanted())) {
      await handle.close();
      await unlink(temporary);
      return undefined;
    }
    await rename(temporary, path);
    await syncFolder(join(path, '..'));
    return {handle, bytes};
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
};

export const writeAll = async (handle: FileHandle, text: string): Promise<{readonly bytesWritten: number}> => {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) {
    const {bytesWritten} = await handle.write(bytes, from, bytes.length - from);
    from += bytesWritten;
  }
  return {bytesWritten: bytes.length};
};

class TooLarge extends Error {
  override readonly name = 'TooLarge';
  constructor(maxBytes: number) {
    super(`it would be longer than state.maxBytes, ${maxBytes} bytes: raise that`);
  }
}

/** So that the new name is on the disk, too. Where a folder cannot be opened, the name may come later. */
const syncFolder = async (dir: string): Promise<void> => {
  const handle = await open(dir, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
};

/** What a file was when it was read, so that it is seen whether somebody has written to it since. */
export interface Print {
  readonly ino: number;
  readonly size: number;
  /** Milliseconds since the epoch, by the clock of the file system. */
  readonly written: number;
}

/** Hands the lines of a file to a reader. Undefined: there is no such file. Never rejects. */
export const readLines = async (
  path: string,
  reader: Pick<Reader, 'take' | 'cut'>,
  {maxBytes, owner}: {readonly maxBytes: number; readonly owner: Owner},
): Promise<Print | Unreadable | undefined> => {
  let handle: FileHandle | undefined;
  try {
    // Neither a link to elsewhere, nor a pipe that would be waited for.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const {uid, mode, size, ino, mtimeMs} = await handle.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return {fault: 'it is no plain file'};
    if (owner !== undefined && uid !== owner)
      return {fault: `it belongs to user ${uid}, and this process runs as ${owner}: remove it, or run as its owner`};
    if ((mode & 0o002) !== 0) return {fault: 'everybody may write to it (chmod o-w)'};
    if (size > maxBytes) return {fault: `it is longer than state.maxBytes, ${maxBytes} bytes: raise that`};
    await takeLines(handle, reader);
    return {ino, size, written: mtimeMs};
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') return {fault: 'it is a symbolic link'};
    return {fault: error instanceof TypeError ? 'it is no text' : readingFault(error).replace(/^/, 'it ')};
  } finally {
    await handle?.close().catch(() => undefined);
  }
};

const takeLines = async (handle: FileHandle, reader: Pick<Reader, 'take' | 'cut'>): Promise<void> => {
  // A byte that is no text is not to pass for another that is none either.
  const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  const buffer = Buffer.alloc(chunk);
  let begun: Buffer[] = [];
  let length = 0;
  for (;;) {
    const {bytesRead} = await handle.read(buffer, 0, chunk, null);
    if (bytesRead === 0) break;
    let start = 0;
    for (let end = buffer.indexOf(10); end !== -1 && end < bytesRead; end = buffer.indexOf(10, start)) {
      const line = decoder.decode(Buffer.concat([...begun, buffer.subarray(start, end)]));
      if (!reader.take(line)) return;
      begun = [];
      length = 0;
      start = end + 1;
    }
    begun.push(Buffer.from(buffer.subarray(start, bytesRead)));
    length += bytesRead - start;
    if (length > longestLine) break;
  }
  if (length > 0) reader.cut();
};

/** The files there with such a name, and when each was last written to. Never rejects. */
export const filesIn = async (
  dir: string,
  pattern: RegExp,
): Promise<readonly {readonly name: string; readonly written: number; readonly size: number}[]> => {
  const names = await readdir(dir).catch(() => []);
  const found: {name: string; written: number; size: number}[] = [];
  // One after another: see inTurn of kept.ts.
  for (const name of names.filter((one) => pattern.test(one))) {
    const file = await stat(join(dir, name)).catch(() => undefined);
    if (file !== undefined) found.push({name, written: file.mtimeMs, size: file.size});
  }
  return found;
};

const sentences: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room, or give the volume more',
  EDQUOT: 'the quota of the disk is used up: make room, or raise it',
  EFBIG: 'a file may not be so long here (ulimit -f)',
  EROFS: 'the file system is read-only: mount a volume there that can be written to',
  EACCES: 'writing there is not permitted: look at the owner and mode of the folder (in Kubernetes: fsGroup)',
  EPERM: 'writing there is not permitted: look at the owner and mode of the folder (in Kubernetes: fsGroup)',
  ENOENT: 'the folder is gone: mount it again',
  ENOTDIR: 'a part of its path is no folder',
  EIO: 'the disk or its network failed',
  EMFILE: 'too many files are open in this process: raise its limit (ulimit -n)',
  ESTALE: 'the network disk has lost it: mount it anew',
};

/** Why nothing can be written, in words that say what to do. */
export const writingFault = (error: unknown): string => {
  if (error instanceof TooLarge) return error.message;
  const code = codeOf(error);
  const sentence = sentences[code];
  if (sentence === undefined) return code === '' ? (error as Error).message : code;
  return `${sentence} (${code})`;
};
