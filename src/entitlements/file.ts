// Entitlements from a file: YAML, JSON, or JSON lines for very many grants; read again when it changes.
import {createHash} from 'node:crypto';
import {readFile, stat} from 'node:fs/promises';
import {Unavailable} from '../core/unavailable.ts';
import type {SnapshotSource} from './source.ts';
import {type Fault, readText} from './text.ts';

/** How often is looked whether the file is another one, milliseconds. */
const lookEvery = 1_000;

/**
 * The source `file`. `path`: `.json`, `.jsonl` (a line for each feature, plan, flag and grant; read piece by piece), else
 * YAML up to 8 MiB. Looks at what the path leads to, so a swapped symbolic link (ConfigMap) is a change like any other;
 * a changed file is loaded within 2 s.
 */
export const makeFileSource = (path: string): SnapshotSource => {
  // What was loaded last, so that an untouched file is not read again.
  let last: {readonly print: string; readonly version: string} | undefined;

  return {
    name: 'file',
    where: path,
    async load(known) {
      const print = await fingerprint(path).catch((error: Error) => broken(`cannot be read: ${error.message}`));
      if (last !== undefined && last.print === print && last.version === known) return 'unchanged';
      const bytes = await readFile(path).catch((error: Error) => broken(`cannot be read: ${error.message}`));
      const version = createHash('sha256').update(bytes).digest('base64url');
      if (version === known) {
        last = {print, version};
        return 'unchanged';
      }
      const read = await readText(path, bytes);
      if ('faults' in read) return broken(inOneLine(read.faults));
      last = {print, version};
      return {version, snapshot: read.snapshot, whole: read.whole};
    },
    watch(changed) {
      let seen: string | undefined;
      const look = async () => {
        const now = await fingerprint(path).catch(() => 'gone');
        if (seen !== undefined && now !== seen) changed();
        seen = now;
      };
      void look();
      const timer = setInterval(look, lookEvery).unref();
      return () => clearInterval(timer);
    },
  };

  function broken(what: string): never {
    throw new Unavailable('entitlements', new Error(`${path} ${what}`));
  }
};

const fingerprint = async (path: string): Promise<string> => {
  const {dev, ino, size, mtimeNs} = await stat(path, {bigint: true});
  return `${dev} ${ino} ${size} ${mtimeNs}`;
};

const inOneLine = (faults: readonly Fault[]): string => {
  const told = faults.map(({line, column, message}) => {
    if (line === undefined) return message;
    return column === undefined ? `line ${line}: ${message}` : `${line}:${column} ${message}`;
  });
  const whole = faults.length === 1 && faults[0]?.line === undefined;
  return whole ? told.join() : `is wrong: ${told.join('; ')}`;
};
