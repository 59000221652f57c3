// The keys that a Frontegg environment signs with: its key set, or the one key that its configuration names.
import {createPublicKey} from 'node:crypto';
import {z} from 'zod';
import {jsonOf} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {type FetchKeys, usableKeys} from '../../providers/jwks.ts';
import type {KeySet} from '../../providers/keys.ts';
import type {FronteggApi} from './api.ts';

export interface FronteggKeys {
  readonly fetch: FetchKeys;
  /** True while the keys are the one without a key id: a rotation then shows as a signature that does not hold. */
  unnamed(): boolean;
}

const keySet = z.object({keys: z.array(z.unknown())});
const configuration = z.object({publicKey: z.string().min(1).max(16_384)});

/**
 * Asks `/.well-known/jwks.json`; while it has never had usable keys, asks the configuration, with the vendor's token. Once
 * the key set has been there, its failure is an outage: the one key instead of it would refuse good tokens of the others.
 *
 * @param published false: asks the configuration alone
 */
export const makeFronteggKeys = (api: FronteggApi, dependency: string, published: boolean): FronteggKeys => {
  let seen = false;
  let unnamed = false;

  const fromKeySet = async (): Promise<KeySet> => {
    const answer = await api.open(dependency, '/.well-known/jwks.json');
    return usableKeys(dependency, jsonOf(dependency, answer, keySet));
  };
  const fromConfiguration = async (): Promise<KeySet> => {
    const answer = await api.call(dependency, '/identity/resources/configurations/v1');
    const {publicKey} = jsonOf(dependency, answer, configuration);
    const keys = await usableKeys(dependency, {keys: [jwkOf(dependency, publicKey)]});
    // It has no key id, and Frontegg's tokens have one: it is tried for all of them.
    return {...keys, find: (_, algorithm) => keys.find(undefined, algorithm)};
  };

  return {
    unnamed: () => unnamed,
    async fetch() {
      if (published) {
        try {
          const keys = await fromKeySet();
          seen = true;
          unnamed = false;
          return keys;
        } catch (error) {
          if (seen || !(error instanceof Unavailable)) throw error;
        }
      }
      const keys = await fromConfiguration();
      unnamed = true;
      return keys;
    },
  };
};

const jwkOf = (dependency: string, pem: string): unknown => {
  try {
    return createPublicKey({key: pem, format: 'pem'}).export({format: 'jwk'});
  } catch {
    throw new Unavailable(dependency, new Error('its configuration has a public key that cannot be read'));
  }
};
