// Large replies of vendors, which are read aside, a line each. Apart from the table of index.ts: the thread that reads them
// loads no provider.
import {type FronteggJob, fronteggPieces} from './frontegg/snapshot.ts';

export type VendorJob = FronteggJob;

const readers: {readonly [Job in VendorJob as Job['read']]: (job: Job) => AsyncIterable<string>} = {
  frontegg: fronteggPieces,
};

export const isVendorJob = (job: {readonly read: string}): job is VendorJob => Object.hasOwn(readers, job.read);

export const vendorPieces = (job: VendorJob): AsyncIterable<string> => readers[job.read](job);
