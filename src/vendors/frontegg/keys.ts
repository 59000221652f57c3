// The keys that a Frontegg environment signs with: its key set, or the one key that its configuration names.
import {createPublicKey} from 'node:crypto';
import {z} from 'zod';
import {jsonOf} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {type FetchKeys, usableKeys} from '../../providers/jwks.ts';
import {type KeySet, readKeySet} from '../../providers/keys.ts';
import type {FronteggApi} from './api.ts';

export interface FronteggKeys {
  readonly fetch: FetchKeys;
  /** True while a fetch is under way. */
  fetching(): boolean;
  /** True while the keys are the one without a key id: a rotation then shows as a signature that does not hold. */
  unnamed(): boolean;
  /** Why the key set could not be asked, while the one key stands in for it: there may then be others. */
  doubt(): Unavailable | undefined;
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
  let doubt: Unavailable | undefined;
  let fetching = false;

  /** Undefined: Frontegg's word that there is none. Rejects with Unavailable if it could not be asked. */
  const fromKeySet = async (): Promise<KeySet | undefined> => {
    const answer = await api.open(dependency, '/.well-known/jwks.json');
    return isRefusal(answer.status) ? undefined : readKeySet(jsonOf(dependency, answer, keySet));
  };
  const fromConfiguration = async (): Promise<KeySet> => {
    const answer = await api.call(dependency, '/identity/resources/configurations/v1');
    const {publicKey} = jsonOf(dependency, answer, configuration);
    const keys = await usableKeys(dependency, {keys: [jwkOf(dependency, publicKey)]});
    // It has no key id, and Frontegg's tokens have one: it is tried for all of them.
    return {...keys, names: () => false, find: (_, algorithm) => keys.find(undefined, algorithm)};
  };

  const load = async (): Promise<KeySet> => {
    const found = published ? await fromKeySet().catch(outageOf) : undefined;
    if (found !== undefined && !(found instanceof Unavailable)) {
      seen = true;
      unnamed = false;
      doubt = undefined;
      return found;
    }
    if (seen) throw found ?? new Unavailable(dependency, new Error('its key set has no usable key any more'));
    const keys = await fromConfiguration();
    unnamed = true;
    doubt = found;
    return keys;
  };

  return {
    fetching: () => fetching,
    unnamed: () => unnamed,
    doubt: () => doubt,
    async fetch() {
      fetching = true;
      try {
        return await load();
      } finally {
        fetching = false;
      }
    },
  };
};

/** An answer that says: not here, or not for you. A time-out and too many requests (RFC 9110, RFC 6585) say: not now. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

const outageOf = (error: unknown): Unavailable => {
  if (error instanceof Unavailable) return error;
  throw error;
};

const jwkOf = (dependency: string, pem: string): unknown => {
  try {
    return createPublicKey({key: pem, format: 'pem'}).export({format: 'jwk'});
  } catch {
    throw new Unavailable(dependency, new Error('its configuration has a public key that cannot be read'));
  }
};
