// The jobs that are done aside, and who does each.
import {type EntitlementsJob, readPieces} from '../entitlements/reading.ts';
import {type KeysJob, keyPieces} from '../providers/keyFileReading.ts';
import {type FronteggJob, fronteggPieces} from '../vendors/frontegg/snapshot.ts';

export type Job = EntitlementsJob | KeysJob | FronteggJob;

export const piecesOf = (job: Job): AsyncIterable<string> => {
  switch (job.read) {
    case 'keys':
      return keyPieces(job);
    case 'frontegg':
      return fronteggPieces(job);
    default:
      return readPieces(job);
  }
};
