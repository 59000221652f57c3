// The thread that does one job (aside.ts): it is given texts, then the job, and asked for each piece.
import {parentPort} from 'node:worker_threads';
import type {Said} from './aside.ts';
import {type Job, piecesOf} from './asideJobs.ts';

type Asked = {readonly text: string} | {readonly job: Job} | {readonly next: true};

const texts: string[] = [];
let pieces: AsyncIterator<string> | undefined;

const answer = async (asked: Asked): Promise<Said | undefined> => {
  if ('text' in asked) {
    texts.push(asked.text);
    return undefined;
  }
  if ('job' in asked) {
    const {job} = asked;
    pieces = piecesOf('text' in job ? {...job, text: texts.join('')} : job)[Symbol.asyncIterator]();
  }
  const {value, done = true} = (await pieces?.next()) ?? {};
  return done ? {end: true} : {piece: value as string};
};

parentPort?.on('message', (asked: Asked) => {
  answer(asked).then(
    (said) => said !== undefined && parentPort?.postMessage(said),
    (error) => parentPort?.postMessage({failed: error instanceof Error ? error.message : 'unknown'} satisfies Said),
  );
});
