// Opens seals of the form Fe26.2 (iron, as iron-session and frontegg-nextjs write it): authenticated, then decrypted.
import {createDecipheriv, createHmac, pbkdf2, timingSafeEqual} from 'node:crypto';
import {promisify} from 'node:util';

/** What was sealed (JSON), and until when the seal holds; Infinity: for ever. */
export interface Unsealed {
  readonly value: unknown;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const derive = promisify(pbkdf2);
const longestSeal = 32_768;

/**
 * Fe26.2 * password id * encryption salt * IV * ciphertext * expiry * HMAC salt * HMAC, and iron-session's `~2`. The key
 * for each is PBKDF2-HMAC-SHA1 of the password with one iteration; AES-256-CBC, HMAC-SHA256 over the first six parts as
 * they stand. Undefined for whatever was not sealed with this password, or has run out.
 */
export const unseal = async (seal: string, password: string, now: number): Promise<Unsealed | undefined> => {
  if (seal.length > longestSeal) return undefined;
  const parts = (seal.endsWith('~2') ? seal.slice(0, -2) : seal).split('*');
  if (parts.length !== 8) return undefined;
  const [prefix, passwordId, salt = '', ivPart = '', encrypted = '', expiry = '', macSalt = '', mac = ''] = parts;
  // iron-session calls its one password 1.
  if (prefix !== 'Fe26.2' || (passwordId !== '1' && passwordId !== '')) return undefined;

  const macKey = await derive(password, macSalt, 1, 32, 'sha1');
  const expected = createHmac('sha256', macKey).update(parts.slice(0, 6).join('*')).digest();
  const given = bytes(mac);
  if (given?.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;

  if (!/^\d{0,16}$/.test(expiry)) return undefined;
  const until = expiry === '' ? Number.POSITIVE_INFINITY : Number(expiry);
  if (until <= now) return undefined;
  const iv = bytes(ivPart);
  const text = bytes(encrypted);
  if (iv?.length !== 16 || text === undefined) return undefined;
  try {
    const cipher = createDecipheriv('aes-256-cbc', await derive(password, salt, 1, 32, 'sha1'), iv);
    return {value: JSON.parse(Buffer.concat([cipher.update(text), cipher.final()]).toString('utf8')), until};
  } catch {
    return undefined;
  }
};

/** Canonical base64url only: a seal must not be changeable without becoming invalid. */
const bytes = (part: string): Buffer | undefined => {
  const read = Buffer.from(part, 'base64url');
  return read.toString('base64url') === part ? read : undefined;
};
