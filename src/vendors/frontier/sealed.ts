// Tokens in a shared cache are sealed, so that reading the cache gives nobody a token.
import {createCipheriv, createDecipheriv, hash, hkdfSync} from 'node:crypto';
import type {Exchangeable} from './exchange.ts';
import type {FrontierSettings} from './settings.ts';

/**
 * The key for what a credential was exchanged for: 32 bytes. From the credential, which whoever reads the cache has not.
 * A session is told apart by its id, which is no secret (upstreams and logs may have it), so its key needs `hashKey` too.
 */
export const sealKeyOf = ({session}: Pick<FrontierSettings, 'session'>, presented: Exchangeable): Buffer => {
  if (presented.kind !== 'session') return hash('sha256', `frontier seal ${presented.value}`, 'buffer');
  if (session === undefined) throw new TypeError('a session without keys for its cookie');
  return Buffer.from(hkdfSync('sha256', session.hashKey, '', `frontier seal ${presented.id}`, 32));
};

/** AES-256-GCM. The nonce is a hash of the token, so that no two tokens share one and the same needs no other. */
export const seal = (token: string, key: Buffer): string => {
  const nonce = hash('sha256', `nonce ${token}`, 'buffer').subarray(0, 12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
};

/** Undefined: not sealed with this key, or changed since. */
export const unseal = (sealed: string, key: Buffer): string | undefined => {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < 12 + 16) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), {authTagLength: 16});
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
};
