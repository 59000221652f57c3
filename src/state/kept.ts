// One thing that is kept in a file: read once, written whole, not more often than it may be.
import type {Stats} from 'node:fs';
import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Kept} from '../core/kept.ts';
import {ageOf, type MachineClocks, writtenMoment} from './age.ts';
import {makeAttempts} from './attempts.ts';
import {makeFolder, type Owner, putFile, readLines} from './files.ts';
import {makeReader, type Seal, wholeFile} from './form.ts';

/** Told of reading and writing, for metrics. Must not throw. */
export interface StateObserver {
  read(kept: string, result: 'used' | 'none' | 'ignored'): void;
  wrote(kept: string, result: 'success' | 'failure'): void;
}

/** What everything that is kept is made of. */
export interface StateParts {
  readonly dir: string;
  readonly maxBytes: number;
  readonly seal: Seal;
  readonly owner: Owner;
  readonly clocks: MachineClocks;
  readonly newId: () => string;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly observer: StateObserver;
  /**
   * One at a time: a disk that hangs takes one of the few threads that Node has for files and for names of hosts, and
   * not all of them.
   */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  /** When something was last written to the directory before this process, milliseconds since the epoch. */
  readonly lastWritten: () => Promise<number>;
}

/** The same, for whoever looks at all of them. */
export interface KeptFile extends Omit<Kept, 'standing'> {
  /** Whether the file there is the one that was last written here. */
  there(): Promise<'ours' | 'other' | 'none'>;
  /** What waits to be written is not any more: the place is another's. */
  yield(): void;
  /** The moment of the steady clock for which what is on the disk is known to hold; undefined: nothing is. */
  asOf(): number | undefined;
  /** Whether decisions are made by what was read. */
  inUse(): boolean;
  /** Why it could not be written; undefined: it could, or was not tried. */
  fault(): string | undefined;
  /** Writes now what waits to be written. Never rejects. */
  flush(): Promise<void>;
}

interface Offered {
  readonly asOf: number;
  readonly texts: () => Iterable<string>;
  readonly settle: (written: boolean) => void;
}

/** Nothing takes more than this part of the time: a writing that took a second is followed by twenty without one. */
const share = 20;
const firstRetry = 5_000;

/** Metrics know no single tenants: of `keys acme 3f2a` they know `keys acme`. */
export const labelOf = (name: string): string => name.split(' ', 2).join(' ');

export const fileNameOf = (name: string): string => `${name.replaceAll(' ', '-')}.postern`;

export const makeKept = (name: string, identity: string, pause: number, parts: StateParts): KeptFile => {
  const {dir, maxBytes, seal, owner, clocks, newId, after, log, observer, inTurn} = parts;
  const {steady} = clocks;
  const label = labelOf(name);
  const path = join(dir, fileNameOf(name));
  const form = {seal, name};
  const attempts = makeAttempts({
    name,
    path,
    consequence: 'deciding goes on without',
    firstPause: firstRetry,
    log,
    wrote: (result) => observer.wrote(label, result),
  });
  let waiting: Offered | undefined;
  let writing: Promise<void> | undefined;
  let next = Number.NEGATIVE_INFINITY;
  let cancel = () => {};
  let onDisk: number | undefined;
  let isUsed = false;
  let isEnded = false;
  let hasYielded = false;
  /** What the file was when it was last written here; and what it was seen to be, and since when. */
  let written: string | undefined;
  let seen: {readonly print: string | undefined; readonly at: number} | undefined;
  const look = () => inTurn(async () => printOf(await stat(path).catch(() => undefined)));

  const write = async (offered: Offered): Promise<void> => {
    const {asOf, texts, settle} = offered;
    waiting = undefined;
    let began = steady();
    try {
      await inTurn(async () => {
        began = steady();
        await makeFolder(dir);
        const id = newId();
        const head = {id, identity, ...writtenMoment(clocks, asOf)};
        const temporary = join(dir, `.${fileNameOf(name)}.${id}.tmp`);
        const {handle} = await putFile(path, temporary, wholeFile(form, head, texts()), maxBytes);
        written = printOf(await handle.stat().catch(() => undefined));
        await handle.close().catch(() => undefined);
      });
      onDisk = asOf;
      attempts.succeeded();
      settle(true);
      next = steady() + Math.max(pause, share * (steady() - began));
    } catch (error) {
      next = steady() + Math.max(pause, attempts.failed(error));
      // Unless something newer came meanwhile, it is tried again: the source may not give it a second time.
      if (waiting === undefined && !isEnded && !hasYielded) waiting = offered;
      else settle(false);
    } finally {
      writing = undefined;
    }
    schedule();
  };
  const schedule = (): void => {
    cancel();
    if (waiting === undefined || writing !== undefined) return;
    const wait = next - steady();
    if (wait > 0) cancel = after(wait, schedule);
    else writing = write(waiting);
  };

  const ignored = (why: string): undefined => {
    observer.read(label, 'ignored');
    log('warn', `${path} is ignored: ${why}; it is replaced by the next that is good`);
  };

  return {
    name,
    async read(oldest) {
      const written = await parts.lastWritten();
      const reader = makeReader(form, identity);
      const found = await inTurn(() => readLines(path, reader, {maxBytes, owner}));
      if (found === undefined) {
        observer.read(label, 'none');
        return undefined;
      }
      const why = 'fault' in found ? found.fault : reader.fault();
      const {head} = reader;
      if (why !== undefined || head === undefined) return ignored(why ?? 'it is empty');
      const age = ageOf(head, clocks, written);
      const since = `it is of ${new Date(head.asOf).toISOString()}`;
      if (age === undefined)
        return ignored(`${since}, which is still to come: a clock was put back, and its age cannot be told`);
      if (age > oldest) return ignored(`${since}, ${seconds(age)} old, and more than ${seconds(oldest)} is too old`);
      observer.read(label, 'used');
      onDisk ??= steady() - age;
      log(
        'info',
        `${name}: those of ${new Date(head.asOf).toISOString()}, ${seconds(age)} old, were read from ${path}`,
      );
      return {asOf: steady() - age, texts: reader.texts, where: path};
    },
    offer(asOf, texts) {
      return new Promise((settle) => {
        hasYielded = false;
        waiting?.settle(false);
        waiting = {asOf, texts, settle};
        schedule();
      });
    },
    used(is) {
      isUsed = is;
    },
    async there() {
      const print = await look();
      if (print === undefined) return 'none';
      return print === written ? 'ours' : 'other';
    },
    async unchangedFor() {
      const print = await look();
      if (seen === undefined || seen.print !== print) seen = {print, at: steady()};
      return steady() - seen.at;
    },
    yield() {
      hasYielded = true;
      cancel();
      waiting?.settle(false);
      waiting = undefined;
    },
    end() {
      isEnded = true;
    },
    asOf: () => onDisk,
    inUse: () => isUsed,
    fault: attempts.fault,
    async flush() {
      await writing;
      cancel();
      if (waiting !== undefined) {
        writing = write(waiting);
        await writing;
      }
      cancel();
    },
  };
};

export const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1_000)} s`;

const printOf = (file: Stats | undefined): string | undefined =>
  file === undefined ? undefined : `${file.ino} ${file.size} ${file.mtimeMs}`;
