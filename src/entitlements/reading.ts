// Reading entitlements aside: what is asked, what comes back in pieces, and the snapshot made of them.

import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import type {Snapshot} from '../core/entitlement/entitlement.ts';
import {readingFault} from '../core/words/fileFault.ts';
import {packSnapshot, unpackSnapshot} from './packed.ts';
import {type Fault, readText} from './text.ts';

/** A file, or a text that is read as a file of this name would be. `known`: what need not be read again. */
export type EntitlementsJob =
  | {readonly read: 'entitlements file'; readonly path: string; readonly known: string | undefined}
  | {readonly read: 'entitlements'; readonly name: string; readonly text: string; readonly known: string | undefined};

/** `version`: a hash of the text. */
export type Reading =
  | {readonly version: string; readonly snapshot: Snapshot; readonly whole: boolean}
  | {readonly version: string; readonly unchanged: true}
  | {readonly faults: readonly Fault[]};

/** The first piece says what comes: faults, `unchanged`, or a snapshot, whose pieces follow. */
export async function* readPieces(job: EntitlementsJob): AsyncGenerator<string> {
  const isFile = job.read === 'entitlements file';
  const bytes = isFile ? await contentOf(job.path) : Buffer.from(job.text);
  if ('faults' in bytes) return yield JSON.stringify(bytes);
  const version = createHash('sha256').update(bytes).digest('base64url');
  if (version === job.known) return yield JSON.stringify({version, unchanged: true});
  const read = await readText(isFile ? job.path : job.name, bytes);
  if ('faults' in read) return yield JSON.stringify(read);
  yield JSON.stringify({version, whole: read.whole});
  yield* packSnapshot(read.snapshot);
}

const contentOf = async (path: string): Promise<Buffer | {readonly faults: readonly Fault[]}> =>
  readFile(path).catch((error: unknown) => ({faults: [{message: readingFault(error)}]}));

/** What pieces of `readPieces` say. */
export const readingOf = async (pieces: AsyncIterable<string>): Promise<Reading> => {
  const rest = pieces[Symbol.asyncIterator]();
  try {
    const {value: first} = await rest.next();
    const said = JSON.parse(first as string) as Reading;
    if ('faults' in said || 'unchanged' in said) return said;
    const snapshot = await unpackSnapshot({[Symbol.asyncIterator]: () => rest});
    if (snapshot === undefined) throw new Error('a snapshot that was read is not what was packed: a bug in Postern');
    return {...said, snapshot};
  } finally {
    // Whoever reads for us, a thread perhaps, would wait to be asked for more.
    await rest.return?.();
  }
};
