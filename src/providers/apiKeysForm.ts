// The form of an API key: pk_<id>_<secret>.
import {hash} from 'node:crypto';

const form = /^pk_([A-Za-z0-9][A-Za-z0-9-]{0,62})_([\w-]{43})$/;

/** What every key begins with. */
export const keyPrefix = 'pk_';

/** An id is to be read by people, in logs too; without `_`, so that it is clear where it ends. */
export const keyId = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;

/** Bytes of randomness in a key. */
export const secretBytes = 32;

/** `secret`: `secretBytes` random bytes. */
export const apiKeyOf = (id: string, secret: Uint8Array): string =>
  `${keyPrefix}${id}_${Buffer.from(secret).toString('base64url')}`;

/** The id in a key; undefined if it has not the form, and so can be no key. */
export const idOfKey = (key: string): string | undefined => form.exec(key)?.[1];

/**
 * What is kept of a key. SHA-256 and no slow hash (bcrypt, Argon2): those make guessing expensive where people choose
 * secrets, and here 256 bits of randomness leave nothing to guess, while a slow hash would cost every request 100 ms.
 * The whole key is hashed, so that no secret can be used under another id.
 */
export const hashOfKey = (key: string): string => `sha256:${hash('sha256', key, 'base64url')}`;

/**
 * A hash as people have it (SHA-256 in hex or base64url, with or without `sha256:`), in the one form that is compared.
 * Undefined: it is none.
 */
export const hashOf = (written: string): string | undefined => {
  const bare = written.replace(/^sha256:/i, '');
  if (/^[0-9a-f]{64}$/i.test(bare)) return `sha256:${Buffer.from(bare, 'hex').toString('base64url')}`;
  if (!/^[\w-]{43}=?$/.test(bare)) return undefined;
  return `sha256:${Buffer.from(bare, 'base64url').toString('base64url')}`;
};

/** User name and password of HTTP Basic (RFC 7617). Undefined: unreadable. */
export const pairOfBasic = (credentials: string): readonly [user: string, password: string] | undefined => {
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : [pair.slice(0, colon), pair.slice(colon + 1)];
};

/** The key that HTTP Basic carries: its id as user name, its secret as password. Undefined: unreadable. */
export const keyOfBasic = (credentials: string): string | undefined => {
  const pair = pairOfBasic(credentials);
  return pair && `${keyPrefix}${pair[0]}_${pair[1]}`;
};
