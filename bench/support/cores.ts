// Who runs where: what is measured has a core, and who calls has another, so that neither takes time from the other.
import {spawnSync} from 'node:child_process';
import {availableParallelism} from 'node:os';

const serverCore = '0';
const callerCore = '1';

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', serverCore, 'true']).status === 0;

/** A program and its arguments that run another one on the core of servers; nothing where that cannot be. */
export const onServerCore: readonly string[] = canPin ? ['taskset', '-c', serverCore] : [];
export const onCallerCore: readonly string[] = canPin ? ['taskset', '-c', callerCore] : [];

/** Moves a process, with all its threads, to the core of servers. */
export const moveToServerCore = (pid: number): void => {
  if (canPin) spawnSync('taskset', ['-acp', serverCore, `${pid}`]);
};
