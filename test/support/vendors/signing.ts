// Keys that sign tokens as vendors do: RS256, an hour from now.
import {exportJWK, generateKeyPair, type JWK, SignJWT} from 'jose';

export interface SigningKey {
  readonly jwk: JWK;
  /** Claims besides `iat` and `exp`; one that is undefined is left out, in the header too. */
  sign(claims: object, header?: object): Promise<string>;
}

export const makeSigningKey = async (kid: string): Promise<SigningKey> => {
  const {publicKey, privateKey} = await generateKeyPair('RS256', {extractable: true});
  const jwk = {...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig'};
  return {
    jwk,
    sign: (claims, header = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const all = JSON.parse(JSON.stringify({iat: now - 5, exp: now + 3_600, ...claims}));
      const protectedHeader = JSON.parse(JSON.stringify({alg: 'RS256', kid, ...header}));
      return new SignJWT(all).setProtectedHeader(protectedHeader).sign(privateKey);
    },
  };
};
