// What a process uses, as the kernel counts it (Linux; elsewhere NaN).
import {readdirSync, readFileSync} from 'node:fs';

/** MiB: resident, and its own share of that (a page that n processes have in common counts as an n-th). */
export interface Memory {
  readonly resident: number;
  readonly share: number;
}

export const memory = (pid: number): Memory => {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1_024;
    return {resident: of('Rss'), share: of('Pss')};
  } catch {
    return {resident: Number.NaN, share: Number.NaN};
  }
};

/** Processor time of the threads that live now, microseconds, to the nanosecond: what a few calls cost shows. */
export const exactCpuTime = (pid: number): number => {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
      const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      return Number(ran) / 1_000;
    });
    return threads.reduce((sum, ran) => sum + ran, 0);
  } catch {
    return Number.NaN;
  }
};
