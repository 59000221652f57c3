// Jobs that would hold up decisions, in a thread of their own: it lives as long as the job, and its memory is bounded.

import {statSync} from 'node:fs';
import {extname} from 'node:path';
import {Worker} from 'node:worker_threads';
import type {Aside} from '../core/aside.ts';
import {type Job, piecesOf} from './asideJobs.ts';

/** Bytes that are read within a few milliseconds, and so on the spot: YAML costs some 30 times what JSON does. */
const littleYaml = 4_096;
const littleJson = 65_536;
/** Megabytes of heap: 8 MiB of YAML and a million grants of JSON fit. More than that ends the thread, not the process. */
const mostHeap = 2_048;
/** What V8 keeps for what lives shortly. */
const youngHeap = 16;
/** Characters that are handed to the thread at once. */
const slice = 1_048_576;

/** What the thread says: a piece, the end of all pieces, or what went wrong. */
export type Said = {readonly piece: string} | {readonly end: true} | {readonly failed: string};

/** The thread's own file, as TypeScript or as it was built. */
const threadFile = new URL(`./asideThread${extname(import.meta.url)}`, import.meta.url);

export const aside: Aside<Job> = (job) => (isLittle(job) ? piecesOf(job) : fromThread(job));

const isLittle = (job: Job): boolean => {
  if ('text' in job) return job.text.length <= (job.read === 'keys' ? littleYaml : littleJson);
  try {
    const {size} = statSync(job.path);
    return size <= (/\.jsonl?$/.test(job.path) ? littleJson : littleYaml);
  } catch {
    return true;
  }
};

/** Each piece is asked for: all at once they would fill one turn of the event loop. */
async function* fromThread(job: Job): AsyncGenerator<string> {
  const worker = new Worker(threadFile, {
    resourceLimits: {maxOldGenerationSizeMb: mostHeap, maxYoungGenerationSizeMb: youngHeap},
    stdin: false,
  });
  try {
    const {text = '', ...rest} = 'text' in job ? job : {...job, text: undefined};
    for (let at = 0; at < text.length; at += slice) {
      worker.postMessage({text: text.slice(at, at + slice)});
      await new Promise((resolve) => setImmediate(resolve));
    }
    let next = ask(worker, {job: 'text' in job ? {...rest, text: ''} : rest});
    for (;;) {
      const said = await next;
      if ('failed' in said) throw new Error(said.failed);
      if ('end' in said) return;
      // One ahead, so that the thread and this one work at the same time.
      next = ask(worker, {next: true});
      // A thread that fails while the piece is being used fails the next turn, not the process.
      next.catch(() => {});
      yield said.piece;
    }
  } finally {
    await worker.terminate();
  }
}

const ask = (worker: Worker, message: object): Promise<Said> =>
  new Promise((resolve, reject) => {
    const done = (use: () => void) => {
      worker.off('message', heard);
      worker.off('error', failed);
      worker.off('exit', ended);
      use();
    };
    const heard = (said: Said) => done(() => resolve(said));
    const failed = (error: Error) => done(() => reject(new Error(tooMuch(error), {cause: error})));
    const ended = () => done(() => reject(new Error('the thread that was reading it has ended')));
    worker.on('message', heard);
    worker.on('error', failed);
    worker.on('exit', ended);
    worker.postMessage(message);
  });

const tooMuch = (error: Error & {code?: string}): string =>
  error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'is too large to be read in the memory there is: write it as .jsonl'
    : `cannot be read: the thread that reads it has failed${error.code === undefined ? '' : ` (${error.code})`}`;
