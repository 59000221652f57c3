// The certificate, key and client authorities of a listener, in files that are read again when they change.
import {X509Certificate} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createSecureContext} from 'node:tls';
import type {Health} from '../core/health.ts';
import {makeLastGood} from '../core/lastGood.ts';
import {tlsFault} from '../core/tlsFiles.ts';
import {readingFault} from '../core/words/fileFault.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** With it, callers must show a certificate of these authorities. */
  readonly clientCa?: string | undefined;
}

/** What is in the files. */
export interface CertificateContents {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface WatchedCertificates {
  /** Those of the start. */
  readonly first: CertificateContents;
  health(): Health;
  close(): void;
}

export interface WatchParts {
  readonly files: CertificateFiles;
  /** What messages and health call them: `server.tls`. */
  readonly setting: string;
  readonly log: Log;
  /** Is told of each whole change. */
  readonly renewed: Renewed;
  /** Milliseconds between two looks. */
  readonly interval?: number | undefined;
}

/** `authorityGone`: callers may be connected whose certificate no authority vouches for any more. */
export type Renewed = (contents: CertificateContents, change: {readonly authorityGone: boolean}) => void;

interface Log {
  error(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/**
 * Reads the files, and again every `interval` milliseconds: a Kubernetes Secret changes by a symbolic link, which a watch
 * on the files does not see. What is not whole (the key of another certificate, in the middle of a change) is logged and
 * the last good ones stay. Rejects if the first reading fails, saying which file.
 */
export const watchCertificates = async ({
  files,
  setting,
  log,
  renewed,
  interval = 5_000,
}: WatchParts): Promise<WatchedCertificates> => {
  const first = await read(files, setting);
  let current = first;
  const state = makeLastGood(setting, Date.now);
  const again = async (): Promise<void> => {
    try {
      const fresh = await read(files, setting);
      const isBack = state.good();
      if (sameContents(fresh, current)) {
        if (isBack) log.info({cert: files.cert}, 'the certificate is whole again, and as it was');
        return;
      }
      const authorityGone = lacksOneOf(current.ca, fresh.ca);
      current = fresh;
      renewed(fresh, {authorityGone});
      log.info({cert: files.cert}, 'the certificate has changed and is in use');
    } catch (error) {
      const {message} = error as Error;
      if (!state.failed(message)) return;
      log.error({cert: files.cert, fault: message}, 'the changed certificate cannot be used: the last good one stays');
    }
  };
  let timer = setTimeout(function poll() {
    void again().then(() => {
      if (!closed) timer = setTimeout(poll, interval).unref();
    });
  }, interval).unref();
  let closed = false;
  return {
    first,
    health: () => state.health(),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
};

const library = {context: createSecureContext, certificate: (pem: string) => new X509Certificate(pem)};

const read = async ({cert, key, clientCa}: CertificateFiles, setting: string): Promise<CertificateContents> => {
  const content = (name: string, path: string): Promise<Buffer> =>
    readFile(path).catch((error: Error) => {
      throw new Error(`${setting}.${name}: ${path} ${readingFault(error)}`);
    });
  const [certificate, privateKey, ca] = await Promise.all([
    content('cert', cert),
    content('key', key),
    clientCa === undefined ? undefined : content('clientCa', clientCa),
  ]);
  const contents: CertificateContents = {cert: certificate, key: privateKey, ...(ca && {ca})};
  const fault = tlsFault(contents, {cert, key, ...(clientCa !== undefined && {ca: clientCa})}, library);
  if (fault !== undefined) throw new Error(`${setting}${fault.of === 'ca' ? '.clientCa' : ''}: ${fault.message}`);
  return contents;
};

const sameContents = (a: CertificateContents, b: CertificateContents): boolean =>
  a.cert.equals(b.cert) && a.key.equals(b.key) && (a.ca ?? a.cert).equals(b.ca ?? b.cert);

const certificate = /-----BEGIN [^-]*-----[\s\S]*?-----END [^-]*-----/g;
const authoritiesIn = (pem: Buffer | undefined): readonly string[] =>
  (pem?.toString('latin1').match(certificate) ?? []).map((one) => one.replace(/\s/g, ''));

/** Whether one that stood there stands there no more: an authority that is added takes nothing from anybody. */
const lacksOneOf = (before: Buffer | undefined, after: Buffer | undefined): boolean => {
  const left = new Set(authoritiesIn(after));
  return authoritiesIn(before).some((one) => !left.has(one));
};
