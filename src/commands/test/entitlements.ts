// Entitlements that a command decides by: written in a case, or in a file.
import {readFile} from 'node:fs/promises';
import type {Settings} from '../../config/schema.ts';
import type {Snapshot} from '../../core/entitlement/entitlement.ts';
import {readingFault} from '../../core/words/fileFault.ts';
import {readDocument} from '../../entitlements/document.ts';
import {readText} from '../../entitlements/text.ts';
import {describeFinding} from '../../entitlements/words.ts';
import {CommandError} from '../settings.ts';

/** Of a document that has been read. `where` begins each message. */
export const entitlementsOf = async (document: unknown, where: string): Promise<Snapshot> => {
  const read = await readDocument(document);
  if ('snapshot' in read) return read.snapshot;
  throw new CommandError(read.findings.map((finding) => `${where}: ${describeFinding(finding)}`).join('\n'));
};

/** Of the file that is named, else of the one that the configuration names; undefined where they come from elsewhere. */
export const givenEntitlements = async ({entitlements}: Settings, named?: string): Promise<Snapshot | undefined> => {
  const source = entitlements?.source;
  const path = named ?? (source?.type === 'file' ? source.path : undefined);
  return path === undefined ? undefined : entitlementsIn(path);
};

/** Of a file. Throws CommandError if it cannot be read. */
export const entitlementsIn = async (path: string): Promise<Snapshot> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CommandError(`${path}: the entitlements ${readingFault(error)}`);
  });
  const read = await readText(path, bytes);
  if ('snapshot' in read) return read.snapshot;
  const at = ({line, column}: {line?: number; column?: number}) =>
    line === undefined ? '' : `:${line}:${column ?? 1}`;
  throw new CommandError(read.faults.map((fault) => `${path}${at(fault)}: ${fault.message}`).join('\n'));
};
