// TLS for callers, with certificate files that are read again when they change.
import {X509Certificate} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createSecureContext, type SecureContextOptions} from 'node:tls';
import {ServerCredentials} from '@grpc/grpc-js';
import {readingFault} from '../core/fileFault.ts';
import type {Health} from '../core/health.ts';
import {makeLastGood} from '../core/lastGood.ts';
import {tlsFault} from '../core/tlsFiles.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** With it, callers must show a certificate of these authorities. */
  readonly clientCa?: string | undefined;
}

export interface Certificates {
  readonly credentials: ServerCredentials;
  health(): Health;
  close(): void;
}

interface Log {
  error(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** grpc-js hands a new context to every listener whose credentials are told of one; connections that stand keep theirs. */
class RenewedCredentials extends ServerCredentials {
  renew(context: SecureContextOptions): void {
    this.updateSecureContextOptions(context);
  }
  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * Reads the files, and again every `interval` milliseconds: a Kubernetes Secret changes by a symbolic link, which a watch
 * on the files does not see. What is not whole (the key of another certificate, in the middle of a change) is logged and
 * the last good pair stays. Rejects if the first reading fails, saying which file.
 */
export const loadCertificates = async (files: CertificateFiles, log: Log, interval = 5_000): Promise<Certificates> => {
  let current = await read(files);
  const credentials = new RenewedCredentials(
    {requestCert: files.clientCa !== undefined, rejectUnauthorized: files.clientCa !== undefined},
    current,
  );
  const state = makeLastGood('server.tls', Date.now);
  const again = async (): Promise<void> => {
    try {
      const fresh = await read(files);
      const isBack = state.good();
      if (sameContext(fresh, current)) {
        if (isBack) log.info({cert: files.cert}, 'the certificate is whole again, and as it was');
        return;
      }
      current = fresh;
      credentials.renew(fresh);
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
    credentials,
    health: () => state.health(),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
};

type Context = {readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer};

const library = {context: createSecureContext, certificate: (pem: string) => new X509Certificate(pem)};

const read = async ({cert, key, clientCa}: CertificateFiles): Promise<Context> => {
  const [certificate, privateKey, ca] = await Promise.all([
    content('cert', cert),
    content('key', key),
    clientCa === undefined ? undefined : content('clientCa', clientCa),
  ]);
  const context: Context = ca ? {cert: certificate, key: privateKey, ca} : {cert: certificate, key: privateKey};
  const fault = tlsFault(context, {cert, key, ...(clientCa !== undefined && {ca: clientCa})}, library);
  if (fault !== undefined) throw new Error(`server.tls${fault.of === 'ca' ? '.clientCa' : ''}: ${fault.message}`);
  return context;
};

const content = (setting: string, path: string): Promise<Buffer> =>
  readFile(path).catch((error: Error) => {
    throw new Error(`server.tls.${setting}: ${path} ${readingFault(error)}`);
  });

const sameContext = (a: Context, b: Context): boolean =>
  a.cert.equals(b.cert) && a.key.equals(b.key) && (a.ca ?? a.cert).equals(b.ca ?? b.cert);
