// Entitlements from a file: YAML, JSON, or JSON lines for very many grants; read again when it changes.
import {stat} from 'node:fs/promises';
import type {Aside} from '../core/aside.ts';
import {Unavailable} from '../core/unavailable.ts';
import {readingFault} from '../core/words/fileFault.ts';
import {type EntitlementsJob, readingOf, readPieces} from './reading.ts';
import type {SnapshotSource} from './source.ts';
import type {Fault} from './text.ts';

/** How often is looked whether the file is another one, milliseconds. */
const lookEvery = 500;
/** How often a file is read that changes while it is read. */
const tries = 5;

/**
 * The source `file`. `path`: `.json`, `.jsonl` (a line for each feature, plan, flag and grant; read piece by piece), else
 * YAML up to 8 MiB. Looks at what the path leads to, so a swapped symbolic link (ConfigMap) is a change like any other;
 * a changed file is loaded within 2 s.
 */
export const makeFileSource = (path: string, aside: Aside<EntitlementsJob> = readPieces): SnapshotSource => {
  // What was loaded last, so that an untouched file is not read again.
  let last: {readonly print: string; readonly version: string} | undefined;

  return {
    name: 'file',
    where: path,
    async load(known) {
      for (let attempt = 1; ; attempt++) {
        const print = await fingerprint(path).catch((error: unknown) => broken(readingFault(error)));
        if (last !== undefined && last.print === print && last.version === known) return 'unchanged';
        const read = await readingOf(aside({read: 'entitlements file', path, known})).catch(({message}: Error) =>
          broken(message),
        );
        // Written to meanwhile: what was read may be half of each.
        if (attempt < tries && print !== (await fingerprint(path).catch(() => undefined))) continue;
        if ('faults' in read) return broken(inOneLine(read.faults));
        last = {print, version: read.version};
        return 'unchanged' in read ? 'unchanged' : read;
      }
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
