// Another key seals now: what stands there under one that is still known is sealed anew, so that this one can be taken out.
import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {makeAttempts} from './attempts.ts';
import {filesIn, type Print, putFileIf, readLines} from './files.ts';
import {makeReader, type Reader, wholeFile} from './form.ts';
import type {StateParts} from './kept.ts';

type Parts = Pick<StateParts, 'dir' | 'maxBytes' | 'seal' | 'owner' | 'newId' | 'inTurn'>;

/** How often a file is tried that somebody else writes meanwhile. */
const tries = 3;

export interface Resealing {
  readonly name: string;
  /** Resolves when it has been tried; what fails is tried again. Never rejects. */
  run(): Promise<void>;
  fault(): string | undefined;
  /** Resolves when nothing is being written. */
  end(): Promise<void>;
}

const firstPause = 5_000;

export const makeResealing = (parts: StateParts, isJournal: (file: string) => boolean): Resealing => {
  const {dir, log, observer, after} = parts;
  const name = 'what another key has sealed';
  const attempts = makeAttempts({
    name,
    path: dir,
    consequence: 'that key is still needed',
    firstPause,
    log,
    wrote: (result) => observer.wrote('seal', result),
  });
  let cancel = () => {};
  let running: Promise<void> | undefined;
  let again = false;
  let isEnded = false;

  const reseal = async (): Promise<void> => {
    cancel();
    try {
      // Before anything is written: it tells when somebody before us was alive.
      await parts.lastWritten();
      const count = await resealFiles(parts, isJournal);
      if (count === 0 && attempts.fault() === undefined) return;
      attempts.succeeded();
      log('info', `${count} files that another key had sealed are sealed with the first of sealKey now`);
    } catch (error) {
      const pause = attempts.failed(error);
      if (!isEnded) cancel = after(pause, () => void run());
    }
  };
  const run = async (): Promise<void> => {
    again = true;
    running ??= (async () => {
      while (again && !isEnded) {
        again = false;
        await reseal();
      }
      running = undefined;
    })();
    await running;
  };

  return {
    name,
    run,
    fault: attempts.fault,
    async end() {
      isEnded = true;
      cancel();
      await running;
    },
  };
};

/**
 * All files there but journals, which their processes write anew. What is in them stays as it is, its age too; what no key
 * of now opens is left as it is. Answers how many were sealed anew. Rejects with what the system says.
 */
const resealFiles = async (parts: Parts, isJournal: (file: string) => boolean): Promise<number> => {
  let count = 0;
  for (const {name} of await filesIn(parts.dir, /^[^.].*\.postern$/)) {
    if (isJournal(name)) continue;
    // A turn each: what is to be written meanwhile is written before or after it.
    if (await parts.inTurn(() => resealFile(name, parts))) count += 1;
  }
  return count;
};

const resealFile = async (file: string, parts: Parts): Promise<boolean> => {
  const {dir, seal, newId, maxBytes} = parts;
  const path = join(dir, file);
  for (let attempt = 0; attempt < tries; attempt++) {
    if (!(await isOfAnotherKey(path, parts))) return false;
    const reader = makeReader({seal, name: undefined}, undefined);
    const found = await readLines(path, reader, parts);
    if (found === undefined || 'fault' in found || reader.fault() !== undefined || reader.head === undefined)
      return false;
    const id = newId();
    const lines = wholeFile({seal, name: reader.name}, {...reader.head, id}, reader.texts);
    const put = await putFileIf(path, join(dir, `.${file}.${id}.tmp`), lines, maxBytes, () => isAs(path, found));
    await put?.handle.close().catch(() => undefined);
    if (put !== undefined) return true;
  }
  return false;
};

/** By its head alone: most often there is nothing to do. */
const isOfAnotherKey = async (path: string, {seal, maxBytes, owner}: Parts): Promise<boolean> => {
  const reader = makeReader({seal, name: undefined}, undefined);
  const head: Pick<Reader, 'take' | 'cut'> = {
    take: (line) => reader.take(line) && reader.head === undefined,
    cut: reader.cut,
  };
  await readLines(path, head, {maxBytes, owner});
  return reader.isOfAnotherKey;
};

const isAs = async (path: string, {ino, size, written}: Print): Promise<boolean> => {
  const now = await stat(path).catch(() => undefined);
  return now?.ino === ino && now.size === size && now.mtimeMs === written;
};
