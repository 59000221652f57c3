// A state directory with clocks that a test sets.
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {MachineClocks} from '../../src/state/age.ts';
import type {StateParts} from '../../src/state/kept.ts';
import {makeState} from '../../src/state/state.ts';
import {makeSeal} from '../../src/store/seal.ts';

export const sealKey = 'a key for tests, of 32 characters';

export const makeFolder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'postern-state-'));
  return {
    dir,
    files: () => readdirSync(dir).sort(),
    end: () => rmSync(dir, {recursive: true, force: true}),
  };
};

export type Time = {-readonly [K in 'wall' | 'steady' | 'uptime']: number} & {boot: string | undefined};

export const makeTime = (): Time => ({wall: 1_800_000_000_000, steady: 0, uptime: 1_000_000, boot: 'boot-1'});

/** So many milliseconds pass by every clock. */
export const pass = (time: Time, milliseconds: number): void => {
  time.wall += milliseconds;
  time.steady += milliseconds;
  time.uptime += milliseconds;
};

const clocksOf = (time: Time): MachineClocks => ({
  now: () => time.wall,
  steady: () => time.steady,
  uptime: () => time.uptime,
  boot: time.boot,
});

/** A process that has just started there; `said` is what it logs, `seen` what it counts. */
export const openState = (dir: string, time: Time, changes: Partial<StateParts> & {readonly key?: string} = {}) => {
  const said: string[] = [];
  const seen: string[] = [];
  const {key = sealKey, ...others} = changes;
  const state = makeState({
    dir,
    maxBytes: 1_048_576,
    seal: makeSeal(key, 'state'),
    owner: process.geteuid?.(),
    clocks: clocksOf(time),
    newId: () => crypto.randomUUID(),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds).unref();
      return () => clearTimeout(timer);
    },
    log: (level, message) => said.push(`${level} ${message}`),
    observer: {
      read: (kept, result) => seen.push(`read ${kept} ${result}`),
      wrote: (kept, result) => seen.push(`wrote ${kept} ${result}`),
    },
    ...others,
  });
  return {state, said, seen};
};
