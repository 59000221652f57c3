// Certificates, keys and authorities in files that settings name: whether they can be used, in words that say what to do.
import {codeOf} from './words/fileFault.ts';

/** What each file is for. `ca`: authorities. The values are paths, contents or names of settings. */
export interface TlsFiles<Value> {
  readonly cert?: Value;
  readonly key?: Value;
  readonly ca?: Value;
}

/** What the TLS library does with contents; each throws where it cannot. */
export interface TlsLibrary<Bytes> {
  context(contents: TlsFiles<Bytes>): unknown;
  certificate(pem: string): unknown;
}

/** By the code of what the library throws. */
const sentences: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'the key is that of another certificate',
  ERR_OSSL_X509_KEY_TYPE_MISMATCH: 'the key is that of another certificate',
  ERR_OSSL_PEM_NO_START_LINE: 'one of them holds none; both must be PEM (-----BEGIN ...)',
  ERR_OSSL_PEM_BAD_END_LINE: 'one of them is cut short',
  ERR_OSSL_PEM_BAD_BASE64_DECODE: 'one of them is damaged',
  ERR_OSSL_PEM_BAD_PASSWORD_READ: 'the key is encrypted; write it without a passphrase',
  ERR_OSSL_BAD_DECRYPT: 'the key is encrypted; write it without a passphrase',
  ERR_OSSL_EVP_BAD_DECRYPT: 'the key is encrypted; write it without a passphrase',
  ERR_MISSING_PASSPHRASE: 'the key is encrypted; write it without a passphrase',
  ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED: 'the key is encrypted; write it without a passphrase',
  ERR_OSSL_UNSUPPORTED: 'the key is cut short, damaged, or of a kind that is not known here',
  ERR_OSSL_ASN1_WRONG_TAG: 'the certificate is damaged',
  ERR_SSL_EE_KEY_TOO_SMALL: 'the key is too short to be safe; make one of 2048 bits (RSA) or 256 (EC)',
  ERR_SSL_CA_KEY_TOO_SMALL: 'the key of an authority among them is too short to be safe',
  ERR_SSL_CA_MD_TOO_WEAK: 'the certificate is signed by a hash that is not safe any more; have it issued anew',
};

const withCode = (error: unknown, fallback: string): string => {
  const code = codeOf(error);
  return `${sentences[code] ?? fallback}${code === '' ? '' : ` (${code})`}`;
};

const certificateIn = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?(?:-----END [^-]*-----|$)/g;

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What is wrong with them, and which file says so; undefined if they can be used. `paths` is what a message calls them. */
export const tlsFault = <Bytes extends Uint8Array>(
  {cert, key, ca}: TlsFiles<Bytes>,
  paths: TlsFiles<string>,
  library: TlsLibrary<NoInfer<Bytes>>,
): {readonly of: keyof TlsFiles<string>; readonly message: string} | undefined => {
  const attempt = (what: () => unknown): {readonly error: unknown} | undefined => {
    try {
      what();
      return undefined;
    } catch (error) {
      return {error};
    }
  };
  if (cert !== undefined && key !== undefined) {
    const pair = `${paths.cert} and ${paths.key} are no certificate and its key`;
    const [lacks] = [[cert, paths.cert] as const, [key, paths.key] as const].filter(([bytes]) => bytes.length === 0);
    if (lacks !== undefined) return {of: 'cert', message: `${pair}: ${lacks[1]} is empty`};
    const failed = attempt(() => library.context({cert, key}));
    if (failed) return {of: 'cert', message: `${pair}: ${withCode(failed.error, 'they cannot be used')}`};
  }
  if (ca === undefined) return undefined;
  const certificates = textOf(ca).match(certificateIn) ?? [];
  if (certificates.length === 0) {
    return {of: 'ca', message: `${paths.ca} is no certificate: it must be PEM, -----BEGIN CERTIFICATE-----`};
  }
  // One by one: the library passes over what it cannot read, and trusts the rest without a word.
  for (const [index, pem] of certificates.entries()) {
    const failed = attempt(() => library.certificate(pem));
    if (failed === undefined) continue;
    const which = certificates.length === 1 ? 'it' : `its certificate number ${index + 1}`;
    const named = codeOf(failed.error) === '' ? '' : ` (${codeOf(failed.error)})`;
    return {of: 'ca', message: `${paths.ca} is no certificate: ${which} is damaged or cut short${named}`};
  }
  const failed = attempt(() => library.context({ca}));
  return failed && {of: 'ca', message: `${paths.ca} is no certificate: ${withCode(failed.error, 'it cannot be used')}`};
};
