// TLS for those who ask over gRPC, with certificate files that are read again when they change.
import type {SecureContextOptions} from 'node:tls';
import {ServerCredentials} from '@grpc/grpc-js';
import type {Health} from '../core/health.ts';
import {type CertificateFiles, type Renewed, type WatchParts, watchCertificates} from './certificateFiles.ts';

export interface Certificates {
  readonly credentials: ServerCredentials;
  health(): Health;
  close(): void;
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

/** `renewed` is told when the listeners have the new ones. Rejects if the first reading fails, saying which file. */
export const loadCertificates = async (
  files: CertificateFiles,
  log: WatchParts['log'],
  renewed: Renewed,
  interval?: number,
): Promise<Certificates> => {
  let credentials: RenewedCredentials | undefined;
  const watched = await watchCertificates({
    files,
    setting: 'server.tls',
    log,
    interval,
    renewed: (contents, change) => {
      credentials?.renew(contents);
      renewed(contents, change);
    },
  });
  const asks = files.clientCa !== undefined;
  credentials = new RenewedCredentials({requestCert: asks, rejectUnauthorized: asks}, watched.first);
  return {credentials, health: watched.health, close: watched.close};
};
