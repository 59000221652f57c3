// Certificates as cert-manager would put them into a Secret, made by the openssl command.
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {temporaryFolder} from '../support/ports.ts';

const ecdsa = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** The keys of a Secret of type kubernetes.io/tls for a DNS name, with the authority that vouches for it. */
export const tlsSecret = (name: string): Record<'tls.crt' | 'tls.key' | 'ca.crt', string> => {
  const folder = temporaryFolder();
  const openssl = (...words: string[]) => execFileSync('openssl', words, {cwd: folder, stdio: 'pipe'});
  openssl('req', '-x509', ...ecdsa, '-days', '2', '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.crt');
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  openssl('req', ...ecdsa, ...names, '-keyout', 'tls.key', '-out', 'tls.csr');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy'];
  openssl('x509', '-req', '-in', 'tls.csr', ...signed, '-out', 'tls.crt');
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  return {'tls.crt': read('tls.crt'), 'tls.key': read('tls.key'), 'ca.crt': read('ca.crt')};
};
