// Loads the configuration in another thread, so that thousands of rules are read, checked and hashed while requests are
// answered.
import {stat} from 'node:fs/promises';
import {MessageChannel, type MessagePort, receiveMessageOnPort, Worker} from 'node:worker_threads';
import type {Rule} from '../core/rule/rules.ts';
import {type Loaded, loadSettings} from './load.ts';
import {markOf} from './sources.ts';

/** What the thread is asked. It answers on `port`, and then says that it has. */
export interface Order {
  readonly file: string;
  readonly port: MessagePort;
}

/** The answer in pieces, each of which is quickly taken in: what was loaded without its rules, then those. */
export type Piece = {readonly loaded: Loaded} | {readonly rules: readonly Rule[]};

export interface AsideParts {
  /** Lets everything else that is due happen. */
  readonly pause: () => Promise<void>;
  /** Runs something after milliseconds; what it returns calls it off. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
}

export interface LoadAside {
  /** As `loadSettings`, with the environment of this process. Never rejects. One at a time. */
  load(file: string): Promise<Loaded>;
  close(): void;
}

/** Bytes up to which a file is read without the thread: it takes some milliseconds, and the thread some 50 MB. */
const short = 8_192;

/** Milliseconds for which the thread waits for another change, which seldom comes alone, before its memory is given back. */
const idle = 10_000;

/** More than what a configuration of 4 MiB takes. A thread that would take more ends, and the process goes on. */
const mostMegabytes = 1_024;
/** What V8 keeps for what lives shortly: more of it makes nothing faster here. */
const youngMegabytes = 8;

const script = new URL(`./asideThread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export const makeLoadAside = ({pause, after}: AsideParts): LoadAside => {
  let worker: Worker | undefined;
  let cancelEnd: (() => void) | undefined;

  const end = (): void => {
    void worker?.terminate();
    worker = undefined;
  };

  const answered = async (thread: Worker, order: Order): Promise<void> => {
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    const said = () => resolve();
    const exited = () => reject(new Error('the thread that reads it has ended'));
    thread.on('message', said).on('error', reject).on('exit', exited);
    thread.postMessage(order, [order.port]);
    await promise.finally(() => thread.off('message', said).off('error', reject).off('exit', exited));
  };

  return {
    load: async (file) => {
      // One that is not there is told of by whoever reads it.
      const {size} = await stat(file).catch(() => ({size: 0}));
      if (size <= short) return loadSettings(file);
      cancelEnd?.();
      const before = await markOf(file);
      const {port1, port2} = new MessageChannel();
      try {
        worker ??= new Worker(script, {
          resourceLimits: {maxOldGenerationSizeMb: mostMegabytes, maxYoungGenerationSizeMb: youngMegabytes},
        });
        // It must not keep a process from ending.
        worker.unref();
        await answered(worker, {file, port: port2});
        return await takenIn(port1, pause);
      } catch (error) {
        end();
        const message = `cannot be checked: ${(error as Error).message}`;
        return {errors: [{file, line: 1, column: 1, path: '', message}], sources: new Map([[file, before]])};
      } finally {
        port1.close();
        cancelEnd = after(idle, end);
      }
    },
    close: () => {
      cancelEnd?.();
      end();
    },
  };
};

const takenIn = async (port: MessagePort, pause: () => Promise<void>): Promise<Loaded> => {
  let loaded: Loaded | undefined;
  const rules: Rule[] = [];
  for (;;) {
    const received: {message: Piece} | undefined = receiveMessageOnPort(port);
    if (received === undefined) break;
    if ('loaded' in received.message) loaded = received.message.loaded;
    else rules.push(...received.message.rules);
    await pause();
  }
  if (loaded === undefined) throw new Error('the thread that reads it has said nothing');
  return loaded.settings === undefined ? loaded : {...loaded, settings: {...loaded.settings, rules}};
};
