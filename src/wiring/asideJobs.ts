// The jobs that are done aside, and who does each.
import {type EntitlementsJob, readPieces} from '../entitlements/reading.ts';
import {type KeysJob, keyPieces} from '../providers/keyFileReading.ts';
import {isVendorJob, type VendorJob, vendorPieces} from '../vendors/jobs.ts';

export type Job = EntitlementsJob | KeysJob | VendorJob;

export const piecesOf = (job: Job): AsyncIterable<string> => {
  if (isVendorJob(job)) return vendorPieces(job);
  return job.read === 'keys' ? keyPieces(job) : readPieces(job);
};
