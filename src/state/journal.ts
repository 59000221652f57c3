// Texts that only become more, each on the disk a moment after it is known: a file for each process, all of them read.
import {type FileHandle, stat, unlink} from 'node:fs/promises';
import {join} from 'node:path';
import type {Journal, JournalRead} from '../core/kept.ts';
import {ageOf, type WrittenMoment, writtenMoment} from './age.ts';
import {makeAttempts} from './attempts.ts';
import {filesIn, makeFolder, type Print, putFile, readLines, writeAll} from './files.ts';
import {type Head, lineOf, makeReader, opening} from './form.ts';
import type {StateParts} from './kept.ts';

/** The same, for whoever looks at all of them. */
export interface JournalFile extends Journal {
  readonly name: string;
  asOf(): number | undefined;
  fault(): string | undefined;
  /** Its seal has another key now: all is written anew under that one. */
  resealed(): void;
  /** Ends it, with what was added on the disk. Never rejects. */
  close(): Promise<void>;
}

/** So often is written down that all is known up to now, which also tells that somebody writes to it. */
const beat = 10_000;
/** Whoever has not written for so long is gone; what they had is in ours by then. */
const gone = 60_000;
/** Written anew when it has grown by so many bytes, and by as much as it began with. */
const leastGrowth = 1_048_576;
const firstRetry = 1_000;

export const makeJournal = (name: string, identity: string, parts: StateParts): JournalFile => {
  const {dir, maxBytes, seal, owner, clocks, newId, after, log, observer} = parts;
  const form = {seal, name};
  const own = `${name}-${newId()}.postern`;
  const path = join(dir, own);
  const attempts = makeAttempts({
    name,
    path,
    consequence: 'a restart may forget some',
    firstPause: firstRetry,
    log,
    wrote: (result) => observer.wrote(name, result),
  });
  /** Files that were read before it began, with what they were then. */
  const read = new Map<string, Print>();
  let all: (() => Iterable<string>) | undefined;
  let known: () => number | undefined = () => undefined;
  let queue: string[] = [];
  let current:
    | {readonly handle: FileHandle; readonly id: string; readonly ino: number; readonly base: number}
    | undefined;
  let at = 0;
  let bytes = 0;
  /** Some of the file may be sealed with a key that counts no more, soon. */
  let isOutdated = false;
  let onDisk: number | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let retry = () => {};
  let endBeat = () => {};
  let ended = false;

  /** Everything, in a file of its own that then takes what comes. */
  const renew = async (): Promise<void> => {
    isOutdated = false;
    await makeFolder(dir);
    const id = newId();
    const moment = known();
    const head: Head = {id, identity, ...writtenMoment(clocks, moment ?? Number.NEGATIVE_INFINITY)};
    // What is added from here on may be missing among `all`, and is written after it.
    queue = [];
    let count = 0;
    function* lines() {
      yield opening(form, {
        ...head,
        asOf: moment === undefined ? 0 : head.asOf,
        uptime: moment === undefined ? 0 : head.uptime,
      });
      for (const text of all?.() ?? []) yield lineOf(form, id, count++, text);
    }
    const put = await putFile(path, join(dir, `.${own}.${id}.tmp`), lines(), maxBytes);
    await current?.handle.close().catch(() => undefined);
    const {ino} = await put.handle.stat();
    current = {handle: put.handle, id, ino, base: put.bytes};
    at = count;
    bytes = put.bytes;
    onDisk = moment;
    await clear();
  };
  /** Takes away what others have left: all of it was read, stands in ours, and nobody has written to it since. */
  const clear = async (): Promise<void> => {
    for (const {name: file, written, size} of await filesIn(dir, others)) {
      const print = read.get(file);
      if (file === own || print === undefined || print.written !== written || print.size !== size) continue;
      if ((await stat(path)).mtimeMs - written < gone) continue;
      await unlink(join(dir, file)).catch(() => undefined);
      read.delete(file);
    }
  };
  const others = new RegExp(`^${name}-[0-9a-f-]{36}\\.postern$`);

  const append = async (): Promise<void> => {
    if (current === undefined || isOutdated) return renew();
    const there = await stat(path).catch(() => undefined);
    const grown = bytes - current.base;
    if (there?.ino !== current.ino || grown > Math.max(leastGrowth, current.base)) return renew();
    const moment = known();
    const texts = queue;
    queue = [];
    if (moment !== undefined) texts.push(JSON.stringify({known: writtenMoment(clocks, moment)}));
    const {id} = current;
    const lines = texts.map((text) => lineOf(form, id, at++, text)).join('');
    const {bytesWritten} = await writeAll(current.handle, lines);
    await current.handle.datasync();
    bytes += bytesWritten;
    onDisk = moment ?? onDisk;
  };
  const work = async (): Promise<void> => {
    do {
      again = false;
      try {
        await append();
        attempts.succeeded();
      } catch (error) {
        const pause = attempts.failed(error);
        // What was half written stands in nobody's way: the next time all is written anew.
        await current?.handle.close().catch(() => undefined);
        current = undefined;
        retry();
        if (!ended) retry = after(pause, run);
        return;
      }
    } while (again);
  };
  const run = (): void => {
    if (all === undefined) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    running = work().finally(() => {
      running = undefined;
    });
  };

  return {
    name,
    async read(): Promise<JournalRead> {
      const texts: string[] = [];
      const prints = new Map<string, Print>();
      let latest: number | undefined;
      const lastWritten = await parts.lastWritten();
      const files = await filesIn(dir, others);
      for (const {name: file} of files) {
        const reader = makeReader(form, identity, true);
        const found = await readLines(join(dir, file), reader, {maxBytes, owner});
        if (found === undefined) continue;
        const why = 'fault' in found ? found.fault : reader.fault();
        if (why !== undefined || reader.head === undefined) {
          observer.read(name, 'ignored');
          log(
            'warn',
            `${join(dir, file)} is ignored: ${why}; remove it, or what is missing in it has to be revoked again`,
          );
          continue;
        }
        observer.read(name, 'used');
        if (!('fault' in found) && reader.spoilt === 0) prints.set(file, found);
        if (reader.spoilt > 0)
          log('warn', `${join(dir, file)}: ${reader.spoilt} lines were changed, and are ignored; the others count`);
        const {head} = reader;
        for (const text of [JSON.stringify({known: head}), ...reader.texts]) {
          const moment = knownIn(text);
          if (moment === undefined) {
            texts.push(text);
            continue;
          }
          const age = moment.asOf === 0 ? undefined : ageOf({...moment, boot: head.boot}, clocks, lastWritten);
          if (age !== undefined) latest = Math.max(latest ?? Number.NEGATIVE_INFINITY, clocks.steady() - age);
        }
      }
      // What comes when it has begun already is not among what is written: its files stay for the next start.
      if (all === undefined) for (const [file, print] of prints) read.set(file, print);
      if (files.length === 0) observer.read(name, 'none');
      return {texts, asOf: latest};
    },
    begin(everything, asOf) {
      all = everything;
      known = asOf;
      run();
      const next = () => {
        endBeat = after(beat, () => {
          run();
          next();
        });
      };
      next();
    },
    add(text) {
      queue.push(text);
      run();
    },
    async written() {
      while (running !== undefined) await running;
    },
    asOf: () => onDisk,
    fault: attempts.fault,
    resealed() {
      isOutdated = true;
      run();
    },
    async close() {
      endBeat();
      run();
      ended = true;
      retry();
      while (running !== undefined) await running;
      await current?.handle.close().catch(() => undefined);
      all = undefined;
    },
  };
};

/** A line of its own says up to when all was known. */
const knownIn = (text: string): WrittenMoment | undefined => {
  if (!text.startsWith('{"known":')) return undefined;
  try {
    return (JSON.parse(text) as {known: WrittenMoment}).known;
  } catch {
    return undefined;
  }
};
