// The provider `apiKeys`: keys of your own, of which a file holds the hashes.
import type {Place} from '../core/credential/credential.ts';
import {makePlace} from '../core/credential/places.ts';
import {Unavailable} from '../core/unavailable.ts';
import {distance} from '../core/words/misfit.ts';
import {hashOfKey, idOfKey, keyOfBasic, keyPrefix, pairOfBasic} from './apiKeysForm.ts';
import type {ApiKeysSettings} from './apiKeysSettings.ts';
import {looksLikeJwt} from './jwtForm.ts';
import type {ApiKey, ApiKeys} from './keyFile.ts';
import {type KeyFileParts, makeKeyFile} from './keyFileWatch.ts';
import type {Authentication, Provider} from './provider.ts';

/**
 * A header of its own (`x-api-key`) and HTTP Basic are taken whole; where tokens of others may stand too (Bearer, cookies,
 * query parameters, a whole Authorization header), only what begins like a key, or is a key of before, whose hash is in the
 * file. One hash and one look-up in a map; an unknown key, a removed, a disabled and a wrong one are the same refusal, so
 * nobody learns which ids exist.
 */
export const makeApiKeysProvider = (settings: ApiKeysSettings, parts: KeyFileParts): Provider => {
  const {name} = settings;
  const file = makeKeyFile(settings.file, name, parts);

  return {
    name,
    places: settings.credentials.map(makePlace),
    accepts(credential) {
      const {value} = credential;
      const mine = isTakenWhole(credential.place) || value.startsWith(keyPrefix) || isOfBefore(value, file.keys());
      return mine ? credential : undefined;
    },
    misfit: () => ({reason: 'malformed_credential', detail: 'it is no API key of ours'}),
    async authenticate(credential, {now}) {
      const keys = file.keys();
      if (keys === undefined)
        throw new Unavailable(`keys:${name}`, new Error(file.fault() ?? 'the file is being read'));
      const {value} = credential;
      if (value.length > longestKey)
        return malformed(`it has ${value.length} characters, ${longestKey} at most are a key`);
      if (isBasic(credential.place) && pairOfBasic(value) === undefined)
        return malformed('it is no pair of name and password');
      const key = isBasic(credential.place) ? keyByBasic(value, keys) : keyOf(value, keys);
      if (key === undefined) return {rejected: 'inactive', detail: 'no key of the file has this hash (and id)'};
      if (key.disabled) return {rejected: 'inactive', detail: 'the key is disabled in the file'};
      return now < key.expires
        ? {verified: key.principal}
        : {rejected: 'token_expired', detail: `expires ${distance(key.expires / 1_000, now)}, in the file`};
    },
    health: () => [file.health()],
    start: file.start,
    async close() {
      file.close();
    },
  };
};

const malformed = (detail: string): Authentication => ({rejected: 'malformed_credential', detail});

/** A key has at most 110 characters; Basic makes more of them. */
const longestKey = 512;

const isBasic = ({scheme}: Place): boolean => scheme?.toLowerCase() === 'basic';

/** At such a place whatever stands there is a key of ours, or refused. */
export const isTakenWhole = (place: Place): boolean =>
  isBasic(place) || (place.kind === 'header' && place.scheme === undefined && place.name !== 'authorization');

/** An entry under another id than that of its key is a mistake, and revocations go by the id. Keys of before name none. */
const keyOf = (presented: string, keys: ApiKeys): ApiKey | undefined => {
  const key = keys.get(hashOfKey(presented));
  const id = idOfKey(presented);
  return id === undefined || key?.principal.tokenId === id ? key : undefined;
};

/**
 * By Basic: the id as user name and the secret as password. A key of before is the password of its id, or the user name
 * without a password, as some gateways have it.
 */
const keyByBasic = (credentials: string, keys: ApiKeys): ApiKey | undefined => {
  const ours = keyOf(keyOfBasic(credentials) ?? '', keys);
  if (ours !== undefined) return ours;
  const [user = '', password = ''] = pairOfBasic(credentials) ?? [];
  if (password === '') return user === '' || idOfKey(user) !== undefined ? undefined : keyOf(user, keys);
  const key = idOfKey(password) === undefined ? keyOf(password, keys) : undefined;
  return key?.principal.tokenId === user ? key : undefined;
};

/** Where others' tokens stand: neither a JWT nor what has no hash in the file is a key of before. */
const isOfBefore = (value: string, keys: ApiKeys | undefined): boolean =>
  keys !== undefined && value.length <= longestKey && !looksLikeJwt(value) && keys.has(hashOfKey(value));
