// A JWK set as an issuer publishes it: keys that can be used, or an outage.
import {Unavailable} from '../../../src/core/unavailable.ts';
import {usableKeys} from '../../../src/providers/jwks.ts';
import {asymmetric} from '../../../src/providers/settings.ts';
import {makeSigner} from '../../providers/tokens.ts';
import {must, type Target} from '../target.ts';

const signers = await Promise.all([makeSigner('RS256', 'r1'), makeSigner('ES256', 'e1'), makeSigner('EdDSA', 'd1')]);
const keys = signers.map(({jwk}) => jwk);

export const jwks: Target = {
  name: 'jwks',
  seeds: [
    JSON.stringify({keys}),
    ...keys.map((key) => JSON.stringify({keys: [key]})),
    JSON.stringify({keys: [{...keys[0], use: 'sig', alg: 'RS256', key_ops: ['verify'], x5c: ['AAAA'], x5t: null}]}),
    JSON.stringify({
      keys: [
        {kty: 'oct', k: 'AAAA'},
        {kty: 'RSA', n: 'AQAB', e: 'AQAB'},
        {kty: 'EC', crv: 'P-256', x: '', y: ''},
      ],
    }),
  ],
  words: ['kty', 'RSA', 'EC', 'OKP', 'oct', 'crv', 'P-256', 'P-384', 'P-521', 'Ed25519', 'X25519', 'n', 'e', 'x', 'y', 'd', 'use', 'sig', 'enc', 'key_ops', 'verify', 'alg', 'kid', 'AQAB', 'AQ'], // biome-ignore format: a table
  longest: 65_536,
  async open() {
    return {
      async run(input) {
        let value: unknown;
        try {
          value = JSON.parse(input.toString('utf8'));
        } catch {
          return undefined;
        }
        const set = await usableKeys('keys', value).catch((error: unknown) => {
          if (error instanceof Unavailable) return undefined;
          throw error;
        });
        return () => {
          for (const algorithm of set === undefined ? [] : asymmetric) {
            for (const {key} of set?.find(undefined, algorithm) ?? []) {
              must(key.type === 'public', `a ${key.type} key verifies ${algorithm}`);
              const {modulusLength = 2_048} = key.asymmetricKeyDetails ?? {};
              must(modulusLength >= 2_048, `a key of ${modulusLength} bits`);
            }
          }
        };
      },
    };
  },
};
