// What a process uses, as the kernel counts it (Linux; elsewhere NaN).
import {readdirSync, readFileSync} from 'node:fs';

/** /proc counts in hundredths of a second on every Linux that Node runs on. */
const tick = 10_000;

/** Processor time of a process and all its threads so far, microseconds. */
export const cpuTime = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * tick;
  } catch {
    return Number.NaN;
  }
};

/** Resident memory of a process, MiB. */
export const memory = (pid: number): number => {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return Number(kilobytes) / 1_024;
  } catch {
    return Number.NaN;
  }
};

/** As cpuTime, of the threads that live now and to the nanosecond: what a few calls cost shows in no hundredth of a second. */
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
