// Frontier's session cookie, as gorilla/securecookie 1.1.1 writes it: HMAC-SHA256 outside, AES-256-CTR and gob inside.
import {createDecipheriv, createHmac, createSecretKey, hash as hashOf, timingSafeEqual} from 'node:crypto';

/** What a cookie turns out to be. `at`: seconds since the epoch at which it was written. */
export type OpenedCookie =
  /** Not of this form: some other program's cookie of this name. */
  | {readonly opened: 'foreign'}
  /** Of this form, and not made with our keys, or changed since. */
  | {readonly opened: 'forged'}
  | {readonly opened: 'session'; readonly id: string; readonly at: number};

export interface CookieKeys {
  /** 32 bytes each: `hash_secret_key` and `block_secret_key` of Frontier's configuration. */
  readonly hashKey: string;
  readonly blockKey: string;
}

/** Name of the cookie: part of what is authenticated, so a cookie of another name does not pass for it. */
export const sessionCookie = 'sid';

/** Seconds after which the library itself refuses a cookie: 30 days, its default, which Frontier keeps. */
const longestLife = 2_592_000;
const longestCookie = 4_096;
const macLength = 32;
const ivLength = 16;

/** Whether the cookie is too old for Frontier at `now` (milliseconds since the epoch). */
export const isTooOld = (at: number, now: number): boolean => at < now / 1_000 - longestLife;

/**
 * Makes the reader of cookies. Proves that Frontier wrote the cookie, and for which session; whether that session is still
 * live only Frontier knows. Checks in the library's order: length, form, HMAC (in constant time), then what is inside.
 */
export const makeOpenCookie = ({hashKey, blockKey}: CookieKeys): ((cookie: string) => OpenedCookie) => {
  // Bytes would be looked through at each call, which takes Node longer than the HMAC.
  const hash = createSecretKey(Buffer.from(hashKey, 'utf8'));
  const block = Buffer.from(blockKey, 'utf8');

  return (cookie) => {
    if (cookie.length > longestCookie) return foreign;
    const bytes = base64Url(cookie);
    if (bytes === undefined) return foreign;
    // `seconds|value|mac`: the mac is raw bytes, so it may hold a bar of its own.
    const first = bytes.indexOf(bar);
    const second = first < 0 ? -1 : bytes.indexOf(bar, first + 1);
    if (second < 0) return foreign;
    const seconds = bytes.toString('latin1', 0, first);
    if (!/^\d{1,12}$/.test(seconds)) return foreign;

    const mac = bytes.subarray(second + 1);
    const expected = createHmac('sha256', hash).update(`${sessionCookie}|`).update(bytes.subarray(0, second)).digest();
    if (mac.length !== macLength || !timingSafeEqual(mac, expected)) return forged;

    const sealed = base64Url(bytes.toString('latin1', first + 1, second));
    if (sealed === undefined || sealed.length <= ivLength) return forged;
    const decipher = createDecipheriv('aes-256-ctr', block, sealed.subarray(0, ivLength));
    const id = gobSessionId(Buffer.concat([decipher.update(sealed.subarray(ivLength)), decipher.final()]));
    return id === undefined ? forged : {opened: 'session', id, at: Number(seconds)};
  };
};

const mostRemembered = 10_000;

/**
 * The same reader, which remembers what it has opened: HMAC and decryption cost 30 us, and a browser sends the same cookie
 * with every request. By hash, so that no cookie is kept; in two generations, so that their number is bounded.
 */
export const remembering = (open: (cookie: string) => OpenedCookie): ((cookie: string) => OpenedCookie) => {
  let young = new Map<string, OpenedCookie>();
  let old = new Map<string, OpenedCookie>();
  return (cookie) => {
    const key = hashOf('sha256', cookie, 'base64url');
    const known = young.get(key);
    if (known !== undefined) return known;
    const opened = old.get(key) ?? open(cookie);
    // Only what Frontier has made: others could push it out.
    if (opened.opened !== 'session') return opened;
    young.set(key, opened);
    if (young.size >= mostRemembered) {
      old = young;
      young = new Map();
    }
    return opened;
  };
};

const foreign: OpenedCookie = {opened: 'foreign'};
const forged: OpenedCookie = {opened: 'forged'};
const bar = '|'.charCodeAt(0);

/**
 * Node reads either alphabet, with and without padding, and skips what it does not know; written again, only the one
 * canonical form (URL alphabet, padded) is equal. The Go library takes no other alphabet either.
 */
const base64Url = (text: string): Buffer | undefined => {
  const read = Buffer.from(text, 'base64url');
  const written = read.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return written === text ? read : undefined;
};

/** gob of a string: length of the message, type 6 (string) as 0x0c, 0x00, length of the string, its bytes. */
const gobHead = Buffer.from([36 + 3, 0x0c, 0x00, 36]);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const gobSessionId = (gob: Buffer): string | undefined => {
  if (gob.length !== gobHead.length + 36 || !gob.subarray(0, gobHead.length).equals(gobHead)) return undefined;
  const id = gob.toString('latin1', gobHead.length);
  return uuid.test(id) ? id.toLowerCase() : undefined;
};
