// Who has signed a JSON Web Token (RFC 7515 section 5.2, RFC 7518 section 3).
import {constants, verify} from 'node:crypto';
import type {ParsedJwt} from './jwtForm.ts';
import type {Key} from './keys.ts';
import type {Algorithm} from './settings.ts';

/** The first of these keys that has signed the token by this algorithm. */
export const signerAmong = async (
  token: ParsedJwt,
  algorithm: Algorithm,
  keys: readonly Key[],
): Promise<Key | undefined> => {
  const signed = Buffer.from(token.signed, 'latin1');
  for (const signer of keys) {
    const {key, algorithms} = signer;
    // The algorithm is the token's choice, and so is the key id: the two must fit (RFC 8725 section 3.1).
    if (!algorithms.has(algorithm)) continue;
    const valid = signatureHolds(algorithm, key, signed, token.signature);
    if (typeof valid === 'boolean' ? valid : await valid) return signer;
  }
  return undefined;
};

/** Bytes of an ECDSA signature: r and s side by side (RFC 7518 section 3.4, IEEE P1363). */
const ecdsaLength = new Map<Algorithm, number>([
  ['ES256', 64],
  ['ES384', 96],
  ['ES512', 132],
]);

/**
 * One signature by node:crypto. WebCrypto, which jose verifies with, costs a quarter to a half more CPU and a wait for
 * another thread and back (bench/verify.ts). The slow curves go to a thread all the same: 1.5 ms must not stop everyone.
 */
const signatureHolds = (
  algorithm: Algorithm,
  key: Key['key'],
  signed: Buffer,
  signature: Buffer,
): boolean | Promise<boolean> => {
  if (algorithm === 'EdDSA') return verify(null, signed, key, signature);
  const bits = algorithm.slice(2);
  const digest = `sha${bits}`;
  // The padding of PKCS #1 v1.5 is that of every such key. In an object beside the key it costs Node half of a verification
  // more: before it looks for the key in the object, it has an error made that the object is none.
  if (algorithm.startsWith('RS')) return key.asymmetricKeyType === 'rsa' && verify(digest, signed, key, signature);
  if (algorithm.startsWith('PS')) {
    // RFC 7518 section 3.5: the salt is as long as the digest.
    const saltLength = Number(bits) / 8;
    return verify(digest, signed, {key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength}, signature);
  }
  if (signature.length !== ecdsaLength.get(algorithm)) return false;
  const input = {key, dsaEncoding: 'ieee-p1363'} as const;
  if (algorithm === 'ES256') return verify(digest, signed, input, signature);
  return new Promise((resolve, reject) => {
    verify(digest, signed, input, signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });
};
