// Certificates for tests, made by the openssl command in a folder of the test.
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';

const command = 'openssl';
const openssl = (folder: string, ...words: string[]) => execFileSync(command, words, {cwd: folder, stdio: 'pipe'});

/** An authority: `<name>.crt` and `<name>.key`. */
export const makeAuthority = (folder: string, name: string): string => {
  openssl(
    folder,
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
  );
  return join(folder, `${name}.crt`);
};

/** A certificate of `authority` for localhost and 127.0.0.1: `<name>.crt` and `<name>.key`. */
export const makeCertificate = (
  folder: string,
  authority: string,
  name: string,
  names = 'DNS:localhost,IP:127.0.0.1',
): {cert: string; key: string} => {
  openssl(
    folder,
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=${names}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  openssl(
    folder,
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    `${authority}.crt`,
    '-CAkey',
    `${authority}.key`,
    '-CAcreateserial',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    `${name}.crt`,
  );
  return {cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`)};
};
