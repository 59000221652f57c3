// Work that would hold up decisions, such as reading a large text: done aside, and handed over piece by piece.

/**
 * Does a job where it holds nobody up, and gives what comes of it as texts, each small enough to be read at once. Throws
 * if it cannot be done. Small jobs may be done on the spot.
 */
export type Aside<Job> = (job: Job) => AsyncIterable<string>;
