// How a value stands in Redis, and a line on disk: versioned, with its end, and sealed if there is a key.
import {createHmac, createSecretKey, hash, hkdfSync, type KeyObject, timingSafeEqual} from 'node:crypto';

/** One secret, or several while they are changed: the first seals, each opens. */
export type SealKey = string | readonly string[] | undefined;

/** Packs a text for a key, and unpacks it again if it is whole, for this key, and not past its end. */
export interface Seal {
  /** `expires`: milliseconds since the epoch. */
  pack(key: string, text: string, expires: number): string;
  /** Undefined: not ours, of another version, past its end, or (with a seal key) tampered with. */
  open(key: string, packed: string, now: number): string | undefined;
}

/** A seal whose secrets can be changed while it is in use. */
export interface RenewableSeal extends Seal {
  renew(sealKey: SealKey): void;
}

/** Another way of packing, or another meaning of what is packed, needs another number: old entries then are misses. */
const version = '1';
const pattern = /^1\.(\d{1,16})\.([A-Za-z0-9_-]{0,43})\./;

/**
 * `1.<expires>.<mac>.<text>`. The MAC is HMAC-SHA256 over key name, end and text, so that an entry can be neither
 * changed, nor moved to another key, nor kept alive beyond its end by whoever can write to Redis. Without a seal key the
 * MAC is empty, and an entry that carries one is still read (keys can be introduced one instance after another only
 * the other way round: unsealed entries are misses where there is a key).
 */
export const makeSeal = (sealKey: SealKey, use: Use = 'store'): RenewableSeal => {
  let keys = derived(sealKey, use);
  return {
    pack(name, text, expires) {
      const end = String(Math.round(expires));
      return `${version}.${end}.${macOf(keys[0], name, end, text)}.${text}`;
    },
    open(name, packed, now) {
      const head = pattern.exec(packed);
      if (head === null) return undefined;
      const [whole, expires = '', given = ''] = head;
      if (Number(expires) <= now) return undefined;
      const text = packed.slice(whole.length);
      if (keys.length === 0) return text;
      const shown = Buffer.from(given);
      const isOurs = (key: KeyObject): boolean => {
        const expected = Buffer.from(macOf(key, name, expires, text));
        return shown.length === expected.length && timingSafeEqual(shown, expected);
      };
      return keys.some(isOurs) ? text : undefined;
    },
    renew(next) {
      keys = derived(next, use);
    },
  };
};

/** The secrets of a setting, the one that seals first. */
export const sealKeysOf = (sealKey: SealKey): readonly string[] =>
  typeof sealKey === 'string' ? [sealKey] : (sealKey ?? []);

/** What is sealed: values in Redis, or lines on disk. */
type Use = 'store' | 'state';

/** Keys of their own for each use, so that the same secret elsewhere never makes the same MAC (RFC 5869). */
const derived = (sealKey: SealKey, use: Use): readonly KeyObject[] =>
  sealKeysOf(sealKey).map((one) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', one, '', `postern ${use} seal v1`, 32))),
  );

/** A key object and one text: bytes and two texts take Node three times as long, and at a start there are many. */
const macOf = (key: KeyObject | undefined, name: string, expires: string, text: string): string =>
  key === undefined
    ? ''
    : createHmac('sha256', key).update(`${name.length}:${name}:${expires}:${text}`).digest('base64url');

/** The name of an entry: the prefix, what it is, and a hash, so that no key is long or holds anything of a client. */
export const entryName = (prefix: string, namespace: string, key: string): string =>
  `${prefix}${namespace}:${hash('sha256', key, 'base64url')}`;
