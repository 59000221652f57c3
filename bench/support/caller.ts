// The process that calls, as its parent sees it.
import {fork} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {onCallerCore} from './cores.ts';
import type {Measured, Order} from './load.ts';

export interface Caller {
  ask(order: Order): Promise<Measured>;
  stop(): void;
}

export const startCaller = (): Caller => {
  const [command = process.execPath, ...args] = [...onCallerCore, process.execPath];
  const child = fork(fileURLToPath(new URL('load.ts', import.meta.url)), {execPath: command, execArgv: args});
  return {
    ask: (order) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the caller of the benchmark ended'));
        child.once('exit', ended);
        child.once('message', (measured) => {
          child.off('exit', ended);
          resolve(measured as Measured);
        });
        child.send(order);
      }),
    stop: () => child.kill(),
  };
};
