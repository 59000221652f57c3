// The provider `apiKeys`: keys of your own, of which a file holds the hashes.
import type {Credential} from '../core/credential.ts';
import {makePlace} from '../core/places.ts';
import {Unavailable} from '../core/unavailable.ts';
import {hashOfKey, idOfKey, keyOfBasic, keyPrefix} from './apiKeysForm.ts';
import {type KeyFileParts, makeKeyFile} from './keyFileWatch.ts';
import type {Provider} from './provider.ts';
import type {ApiKeysSettings} from './settings.ts';

/**
 * A header of its own (`x-api-key`) and HTTP Basic are taken whole; where tokens of others may stand too (Bearer, cookies,
 * query parameters, a whole Authorization header), only what begins like a key. One hash and one look-up in a map; an
 * unknown key, a removed, a disabled and a wrong one are the same refusal, so nobody learns which ids exist.
 */
export const makeApiKeysProvider = (settings: ApiKeysSettings, parts: KeyFileParts): Provider => {
  const {name} = settings;
  const file = makeKeyFile(settings.file, name, parts);

  return {
    name,
    places: settings.credentials.map(makePlace),
    accepts: (credential) => (isWhole(credential) || credential.value.startsWith(keyPrefix) ? credential : undefined),
    misfit: () => ({reason: 'malformed_credential', detail: 'it is no API key of ours'}),
    async authenticate(credential, {now}) {
      const keys = file.keys();
      if (keys === undefined)
        throw new Unavailable(`keys:${name}`, new Error(file.fault() ?? 'the file is being read'));
      if (credential.value.length > longestKey) return {rejected: 'malformed_credential'};
      const presented = isBasic(credential) ? keyOfBasic(credential.value) : credential.value;
      if (presented === undefined) return {rejected: 'malformed_credential'};
      const id = idOfKey(presented);
      const key = id === undefined ? undefined : keys.get(hashOfKey(presented));
      // An entry under another id than that of its key is a mistake, and revocations go by the id.
      if (key === undefined || key.disabled || key.principal.tokenId !== id) return {rejected: 'inactive'};
      return now < key.expires ? {verified: key.principal} : {rejected: 'token_expired'};
    },
    health: () => [file.health()],
    start: file.start,
    async close() {
      file.close();
    },
  };
};

/** A key has at most 110 characters; Basic makes more of them. */
const longestKey = 512;

const isBasic = ({place}: Credential): boolean => place.scheme?.toLowerCase() === 'basic';

const isWhole = (credential: Credential): boolean => {
  const {kind, name, scheme} = credential.place;
  return isBasic(credential) || (kind === 'header' && scheme === undefined && name !== 'authorization');
};
