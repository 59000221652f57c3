// The state directory: everything that is kept there, how old it is, and what is wrong with it.
import {unlink} from 'node:fs/promises';
import {join} from 'node:path';
import type {Health} from '../core/health.ts';
import type {Journal, Keep} from '../core/kept.ts';
import {filesIn} from './files.ts';
import {type JournalFile, makeJournal} from './journal.ts';
import {labelOf, makeKept, type StateParts} from './kept.ts';
import {makePlace, type Place} from './places.ts';
import {makeResealing} from './reseal.ts';

export interface State {
  readonly keep: Keep;
  /** One a process. */
  journal(name: string, identity: string): Journal;
  /** What is kept, how many seconds ago it was known to hold (undefined: nothing is on the disk), and whether it decides. */
  shown(): readonly Shown[];
  health(): Health;
  /**
   * To be called when the key of the seal has changed, or others are known besides: what they have sealed is sealed anew, or
   * a start that has the new one alone knows nothing. Never rejects.
   */
  resealed(): Promise<void>;
  /** Writes what waits to be written. Never rejects; a disk that hangs is not waited for. */
  close(): Promise<void>;
}

export interface Shown {
  readonly kept: string;
  readonly age: number | undefined;
  readonly inUse: boolean;
}

/** Milliseconds between two writings of one thing, unless its owner says otherwise. */
const usualPause = 1_000;
/** What somebody began to write so long ago is written by nobody any more. */
const abandoned = 600_000;
/** The end of the process waits no longer for the disk. */
const patience = 2_000;

export const makeState = (parts: Omit<StateParts, 'lastWritten' | 'inTurn'>): State => {
  const {dir, clocks, after} = parts;
  /** By name. Of a family of issuers there may be many: what nobody uses any more goes. */
  const places = new Map<string, Place>();
  const files = () => [...places.values()].flatMap((place) => place.files());
  const journals: JournalFile[] = [];
  let written: Promise<number> | undefined;

  /** Once, before anything of ours is written: these are the moments at which somebody before us was alive. */
  const lastWritten = (): Promise<number> => {
    written ??= look();
    return written;
  };
  const look = async (): Promise<number> => {
    for (const {name, written: at} of await filesIn(dir, /^\..+\.tmp$/)) {
      if (Math.abs(clocks.now() - at) > abandoned) await unlink(join(dir, name)).catch(() => undefined);
    }
    const files = await filesIn(dir, /\.postern$/);
    return Math.max(Number.NEGATIVE_INFINITY, ...files.map(({written: at}) => at));
  };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn: StateParts['inTurn'] = (run) => {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };
  const whole: StateParts = {
    ...parts,
    lastWritten,
    inTurn,
    log: (level, message) => parts.log(level, `state: ${message}`),
  };
  const ageOf = (asOf: number | undefined): number | undefined =>
    asOf === undefined ? undefined : Math.max(0, clocks.steady() - asOf) / 1_000;

  const isJournal = (file: string) => journals.some(({name}) => file.startsWith(`${name}-`));
  const resealing = makeResealing(whole, isJournal);

  return {
    keep(name, identity, pause = usualPause) {
      const known = places.get(name);
      if (known !== undefined) return known.enter(identity);
      const place = makePlace(
        (of) => makeKept(name, of, pause, whole),
        () => {
          if (places.get(name) === place) places.delete(name);
        },
      );
      places.set(name, place);
      return place.enter(identity);
    },
    journal(name, identity) {
      const made = makeJournal(name, identity, whole);
      journals.push(made);
      return made;
    },
    shown() {
      const byLabel = new Map<string, Shown>();
      for (const one of files()) {
        const label = labelOf(one.name);
        const known = byLabel.get(label);
        const ages = [known?.age, ageOf(one.asOf())].filter((age) => age !== undefined);
        const age = ages.length === 0 ? undefined : Math.max(...ages);
        byLabel.set(label, {kept: label, age, inUse: known?.inUse === true || one.inUse()});
      }
      return [...byLabel.values(), ...journals.map((one) => ({kept: one.name, age: ageOf(one.asOf()), inUse: false}))];
    },
    health() {
      const part = 'state';
      const broken = [...files(), ...journals, resealing].flatMap((one) => {
        const fault = one.fault();
        return fault === undefined ? [] : [{name: one.name, fault}];
      });
      const [first] = broken;
      if (first === undefined) return {part, state: 'ready'};
      const names = [...new Set(broken.map(({name}) => name))].slice(0, 5).join(', ');
      return {
        part,
        state: 'degraded',
        detail: `${names} cannot be written to ${dir}: ${first.fault}. Decisions go on; a restart may know less.`,
      };
    },
    async resealed() {
      for (const one of journals) one.resealed();
      await resealing.run();
    },
    async close() {
      const closing = Promise.all([
        resealing.end(),
        ...files().map((one) => one.flush()),
        ...journals.map((one) => one.close()),
      ]);
      await new Promise<void>((resolve) => {
        const giveUp = after(patience, resolve);
        void closing.then(() => {
          giveUp();
          resolve();
        });
      });
    },
  };
};
