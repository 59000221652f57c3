// postern keys new: makes an API key, shows it once, and keeps its hash.
import {randomBytes} from 'node:crypto';
import type {Stats} from 'node:fs';
import {type FileHandle, open, readFile, realpath, rename, rm, stat} from 'node:fs/promises';
import {apiKeyOf, hashOfKey, keyId, secretBytes} from '../providers/apiKeysForm.ts';
import {readKeyFile, type WrittenEntry, withEntry} from '../providers/keyFile.ts';

/** As the command line gives them. */
export interface NewKeyOptions {
  readonly id?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly role?: readonly string[];
  readonly permission?: readonly string[];
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly file?: string;
}

const header = '# API keys for Postern: hashes only. `postern keys new --file` adds to this file.\n';

/**
 * Prints the key, alone on the first line of standard output: it is nowhere else, and cannot be had again. With `file` its
 * entry is added there, whole or not at all; else the entry follows, to be added by hand. Exit status 1 if it cannot.
 */
export const newKey = async (options: NewKeyOptions): Promise<void> => {
  const id = options.id ?? randomBytes(4).toString('hex');
  if (!keyId.test(id)) return fail(`--id ${id}: is not an id: use letters, digits and -, 63 at most`);
  const key = apiKeyOf(id, randomBytes(secretBytes));
  const entry = entryOf(options, id, key);
  const alone = withEntry('', entry);
  const {keys, faults} = readKeyFile(alone, 'new');
  if (faults !== undefined) return fail(faults.map((fault) => fault.replace(/^[\d:]+ keys\[0\]\./, '')).join('\n'));
  if ((keys.get(entry.hash)?.expires ?? 0) <= Date.now()) {
    return fail(`--expires ${options.expires}: is in the past, so the key would never be good: give a later date`);
  }

  if (options.file === undefined) {
    process.stdout.write(`${key}\n\n${alone}`);
    process.stderr.write('The key above is shown once. Add the entry below it to the file of the provider.\n');
    return;
  }
  const fault = await add(options.file, entry);
  if (fault !== undefined) return fail(`${options.file}: ${fault}`);
  process.stdout.write(`${key}\n`);
  process.stderr.write(`The key is shown once. Its hash is in ${options.file}, as "${id}".\n`);
};

const fail = (why: string): void => {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
};

const entryOf = (options: NewKeyOptions, id: string, key: string): WrittenEntry => ({
  id,
  hash: hashOfKey(key),
  subject: options.subject ?? id,
  ...(options.tenant !== undefined && {tenant: options.tenant}),
  ...(options.role !== undefined && {roles: [...options.role]}),
  ...(options.permission !== undefined && {permissions: [...options.permission]}),
  ...(options.scope !== undefined && {scopes: [...options.scope]}),
  // To the second, as `iat` is: a revocation refuses what was issued in an earlier one.
  created: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  ...(options.expires !== undefined && {expires: options.expires}),
});

/** Adds an entry. A reader sees the old file or the new one; a second writer is turned away. Answers what went wrong. */
const add = async (file: string, entry: WrittenEntry): Promise<string | undefined> => {
  // What a symbolic link leads to is replaced, not the link.
  const path = await realpath(file).catch(() => file);
  const next = `${path}.new`;
  try {
    const found = await stat(path).catch(ignoreMissing);
    const writing = await open(next, 'wx', found === undefined ? 0o600 : found.mode & 0o777);
    let done = false;
    try {
      const unkept = found === undefined ? undefined : await keepOwner(writing, found);
      if (unkept !== undefined) return unkept;
      const text = found === undefined ? header : await readFile(path, 'utf8');
      const before = readKeyFile(text, 'before').faults;
      if (before !== undefined) return `is broken, mend it first: ${before.join('; ')}`;
      const added = withEntry(text, entry);
      const after = readKeyFile(added, 'after').faults;
      if (after !== undefined) return after.join('; ');
      await writing.writeFile(added);
      await writing.sync();
      await rename(next, path);
      done = true;
    } finally {
      await writing.close();
      // Once renamed, a file of that name is another writer's.
      if (!done) await rm(next, {force: true});
    }
    return undefined;
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    return code === 'EEXIST'
      ? `another command is writing it; if none is, remove ${next}`
      : `cannot be written: ${message}`;
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
