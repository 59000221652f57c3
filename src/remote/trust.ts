// Whom calls of one provider or source trust, and what they show of themselves: files, read again when they change.
import {X509Certificate} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {createSecureContext} from 'node:tls';
import type {Health} from '../core/health.ts';
import {makeLastGood} from '../core/lastGood.ts';
import {type TlsFiles, tlsFault} from '../core/tlsFiles.ts';
import {readingFault} from '../core/words/fileFault.ts';

/** Paths, as the settings name them. */
export interface TrustFiles {
  readonly ca?: string | undefined;
  readonly clientCertificate?: {readonly cert: string; readonly key: string} | undefined;
}

export interface TrustParts {
  readonly files: TrustFiles;
  /** What an operator calls them in /readyz. */
  readonly part: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of new contents. */
  readonly changed: (contents: TlsFiles<Buffer>) => void;
  /** Milliseconds between two looks. Default: 5000. */
  readonly interval?: number;
}

export interface Trust {
  /** The last good contents; undefined: there were none yet. */
  contents(): TlsFiles<Buffer> | undefined;
  fault(): string | undefined;
  health(): Health;
  close(): void;
}

const kinds = ['ca', 'cert', 'key'] as const;
const library = {context: createSecureContext, certificate: (pem: string) => new X509Certificate(pem)};

/** Reads at once, so that the first call knows whom to trust, and then aside. Never throws: what is wrong is the fault. */
export const makeTrust = ({files, part, now, changed, interval = 5_000}: TrustParts): Trust => {
  const {ca, clientCertificate} = files;
  const paths: TlsFiles<string> = {...(ca !== undefined && {ca}), ...clientCertificate};
  const nameOf = (kind: (typeof kinds)[number]) => (kind === 'ca' ? 'ca' : `clientCertificate.${kind}`);
  const named = kinds.filter((kind) => paths[kind] !== undefined);
  const state = makeLastGood(part, now);
  let current: TlsFiles<Buffer> | undefined;
  let closed = false;

  const failed = (kind: (typeof kinds)[number], fault: string) => state.failed(`${nameOf(kind)}: ${fault}`);
  const take = (fresh: TlsFiles<Buffer>): void => {
    const fault = tlsFault(fresh, paths, library);
    if (fault !== undefined) {
      failed(fault.of, fault.message);
      return;
    }
    state.good();
    if (current !== undefined && kinds.every((kind) => isSame(current?.[kind], fresh[kind]))) return;
    current = fresh;
    changed(fresh);
  };
  const unread = (kind: (typeof kinds)[number], error: unknown): boolean =>
    failed(kind, `${paths[kind]} ${readingFault(error)}`);

  const readNow = (): void => {
    const fresh: Record<string, Buffer> = {};
    for (const kind of named) {
      try {
        fresh[kind] = readFileSync(paths[kind] as string);
      } catch (error) {
        unread(kind, error);
        return;
      }
    }
    take(fresh);
  };
  const look = async (): Promise<void> => {
    const fresh: Record<string, Buffer> = {};
    for (const kind of named) {
      try {
        fresh[kind] = await readFile(paths[kind] as string);
      } catch (error) {
        unread(kind, error);
        return;
      }
    }
    if (!closed) take(fresh);
  };

  readNow();
  let timer = setTimeout(function poll() {
    void look().then(() => {
      if (!closed) timer = setTimeout(poll, interval).unref();
    });
  }, interval).unref();
  return {
    contents: () => current,
    fault: state.fault,
    health: () => state.health(current === undefined),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
};

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.equals(b));
