// The keys of a file as they are now: read again when the file changes, and kept when it breaks.
import {readFile, stat} from 'node:fs/promises';
import type {Aside} from '../core/aside.ts';
import type {Health} from '../core/health.ts';
import type {After} from '../core/within.ts';
import {readingFault} from '../core/words/fileFault.ts';
import type {ApiKeys} from './keyFile.ts';
import {type KeysJob, keyPieces, keysOf} from './keyFileReading.ts';

export interface KeyFileParts {
  readonly now: () => number;
  readonly after: After;
  /** Reads the text where it holds up no decisions; absent: on the spot. */
  readonly aside?: Aside<KeysJob>;
  readonly log: {info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void};
}

export interface KeyFile {
  /** Undefined: it could never be read. */
  keys(): ApiKeys | undefined;
  /** What is wrong with the file now; undefined: nothing. */
  fault(): string | undefined;
  health(): Health;
  /** Reads for the first time and then looks every second. Never rejects. */
  start(): Promise<void>;
  close(): void;
}

/** How often is looked whether the file is another one, milliseconds. */
const lookEvery = 1_000;

/**
 * Looks at what the path leads to, not for signs of the file system, so that a swapped symbolic link (Kubernetes Secret) is
 * a change like any other and no sign can be missed. A file that is gone or broken changes nothing but the health.
 */
export const makeKeyFile = (path: string, provider: string, parts: KeyFileParts): KeyFile => {
  const {now, after, log, aside = keyPieces} = parts;
  let keys: ApiKeys | undefined;
  let broken: {readonly since: number; readonly why: string} | undefined;
  let seen: string | undefined;
  let cancel = () => {};
  let closed = false;

  const fail = (why: string): void => {
    if (broken?.why !== why) {
      const meanwhile = keys === undefined ? 'no key is known yet' : 'the last good one counts';
      log.warn({provider, file: path, faults: why}, `the file of API keys cannot be used: ${meanwhile}`);
    }
    broken = {since: broken?.since ?? now(), why};
  };

  const look = async (): Promise<void> => {
    try {
      // Taken before the content: what is written meanwhile is then another change.
      const print = await fingerprint(path);
      if (print === seen) return;
      const text = await readFile(path, 'utf8');
      // Written to meanwhile: what was read may be half of it. The next look reads it again.
      if ((await fingerprint(path)) !== print && keys !== undefined) return;
      const read = await keysOf(aside({read: 'keys', text, provider})).catch((error: Error) => ({
        faults: [error.message],
      }));
      seen = print;
      if ('faults' in read) return fail(read.faults.join('; '));
      keys = read.keys;
      broken = undefined;
      log.info({provider, file: path, count: keys.size}, 'the file of API keys was read');
    } catch (error) {
      seen = undefined;
      fail(`it ${readingFault(error)}`);
    }
  };

  const lookAndGoOn = async (): Promise<void> => {
    await look();
    if (!closed) cancel = after(lookEvery, () => void lookAndGoOn());
  };

  return {
    keys: () => keys,
    fault: () => broken?.why,
    health() {
      const part = `API keys ${provider}`;
      if (broken === undefined && keys !== undefined) return {part, state: 'ready'};
      if (broken === undefined) return {part, state: 'unready', detail: `${path} is being read.`};
      const since = new Date(broken.since).toISOString();
      const detail = `${path} is broken since ${since}: ${broken.why}`;
      return keys === undefined
        ? {part, state: 'unready', detail}
        : {part, state: 'degraded', detail: `${detail}. The last good one counts.`};
    },
    start: lookAndGoOn,
    close() {
      closed = true;
      cancel();
    },
  };
};

const fingerprint = async (path: string): Promise<string> => {
  const {dev, ino, size, mtimeNs, ctimeNs} = await stat(path, {bigint: true});
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
};
