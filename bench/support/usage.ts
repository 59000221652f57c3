// What a process uses, as the kernel counts it (Linux; elsewhere NaN).
import {readdirSync, readFileSync} from 'node:fs';

/** Resident memory of a process, MiB. */
export const memory = (pid: number): number => {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return Number(kilobytes) / 1_024;
  } catch {
    return Number.NaN;
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
