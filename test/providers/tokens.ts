// An issuer for tests: keys of every type, tokens by jose, and tokens as nobody should make them.
import {createHmac, type KeyObject, sign as signBytes} from 'node:crypto';
import {type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT} from 'jose';
import type {Algorithm} from '../../src/providers/settings.ts';

/** The moment of all tests: milliseconds and seconds since the epoch. */
export const now = 1_800_000_000_000;
export const seconds = now / 1000;

export const issuer = 'https://id.acme.example';

export const goodClaims = {
  iss: issuer,
  aud: 'orders-api',
  sub: 'u1',
  iat: seconds - 10,
  exp: seconds + 300,
} as const;

export interface Signer {
  readonly alg: Algorithm;
  readonly kid: string;
  readonly jwk: JWK;
  readonly pem: string;
  readonly privateKey: CryptoKey;
  /** A token by jose; undefined takes a claim or a header member out. */
  token(claims?: object, header?: object): Promise<string>;
}

export const makeSigner = async (alg: Algorithm, kid: string, modulusLength = 2048): Promise<Signer> => {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true, modulusLength});
  const jwk = {...(await exportJWK(publicKey)), kid};
  return {
    alg,
    kid,
    jwk,
    pem: await exportSPKI(publicKey),
    privateKey,
    token: (claims = {}, header = {}) => {
      const all = JSON.parse(JSON.stringify({...goodClaims, ...claims}));
      return new SignJWT(all).setProtectedHeader({alg, kid, ...header}).sign(privateKey);
    },
  };
};

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Any header and claims (as text too), with a signature that the caller makes of what is signed. */
export const forged = (header: unknown, claims: unknown, signature: (signed: string) => Buffer): string => {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${signature(signed).toString('base64url')}`;
};

export const hmac =
  (secret: string, digest = 'sha256') =>
  (signed: string): Buffer =>
    createHmac(digest, secret).update(signed).digest();

export const byRsa =
  (key: KeyObject) =>
  (signed: string): Buffer =>
    signBytes('sha256', Buffer.from(signed), key);
