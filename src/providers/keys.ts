// The keys that an issuer publishes, as those of them that may verify a signature here.
import {KeyObject} from 'node:crypto';
import {calculateJwkThumbprint, importJWK} from 'jose';
import {isObject} from '../core/isObject.ts';
import type {Algorithm} from './settings.ts';

/** A public key that is known to be strong enough, and the algorithms that it may be used with. */
export interface Key {
  readonly kid: string | undefined;
  /** SHA-256 of its public members (RFC 7638), which names the key whatever its id. */
  readonly thumbprint: string;
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly key: KeyObject;
}

/** What may be told of a key: nothing in it is secret. */
export interface PublishedKey {
  readonly kid?: string;
  readonly thumbprint: string;
  readonly algorithms: readonly string[];
  /** `RSA 2048`, `EC P-256`, `ed25519`. */
  readonly type: string;
}

/** Keys of one issuer at one moment. */
export interface KeySet {
  readonly size: number;
  /** What is public of each key, in the order in which they were published. */
  shown(): readonly PublishedKey[];
  /**
   * The keys to try: those with this key id, whether or not they fit the algorithm. If none has it, those without an id
   * that fit; for a token without an id, all that fit. All are keys of the same issuer, so nothing is weaker for it.
   */
  find(kid: string | undefined, algorithm: Algorithm): readonly Key[];
  /** Whether a key has this id: else what `find` gives is a guess, and the right key may be one that is not here yet. */
  names(kid: string | undefined): boolean;
  /** Whether the set has the key of this thumbprint. */
  has(thumbprint: string): boolean;
  /** The same keys as JWKs, with their public members alone: `readKeySet` reads them again. */
  jwks(): readonly Jwk[];
}

type Jwk = Readonly<Record<string, unknown>>;

const rsa: readonly Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

/** `kty` and `crv` -> the algorithms that such a key can be used with (RFC 7518 section 3.1, RFC 8037). */
const byType = new Map<string, readonly Algorithm[]>([
  ['RSA', rsa],
  ['EC P-256', ['ES256']],
  ['EC P-384', ['ES384']],
  ['EC P-521', ['ES512']],
  ['OKP Ed25519', ['EdDSA']],
]);

/** The public members of a JWK by type; private ones, should an issuer publish them, are not even looked at. */
const members = new Map<unknown, readonly string[]>([
  ['RSA', ['kty', 'n', 'e']],
  ['EC', ['kty', 'crv', 'x', 'y']],
  ['OKP', ['kty', 'crv', 'x']],
]);

const mostKeys = 200;

/** Characters of a member: those of 8192 bits, and of an exponent far beyond any in use. Longer ones take long to be read. */
const longestMember = (name: string): number => (name === 'e' ? 48 : 1_400);
/** Of keys that are only guessed at: a forged token must not cost a signature check for each of two hundred keys. */
const mostTried = 16;

/**
 * Reads a JWK set (RFC 7517). Keys that are not for signatures (`use`, `key_ops`), of another type, malformed, symmetric,
 * or RSA below 2048 bits (RFC 7518 section 3.3) are left out, for a set may hold keys for other purposes. Undefined: not a
 * key set, or none of its keys can be used.
 */
export const readKeySet = async (jwks: unknown): Promise<KeySet | undefined> => {
  const listed = isObject(jwks) ? jwks.keys : undefined;
  if (!Array.isArray(listed)) return undefined;
  const keys = (await Promise.all(listed.slice(0, mostKeys).map(readKey))).filter((key) => key !== undefined);
  if (keys.length === 0) return undefined;

  const byKid = Map.groupBy(keys, (key) => key.kid);
  const thumbprints = new Set(keys.map((key) => key.thumbprint));
  return {
    size: keys.length,
    shown: () => keys.map(shownKey),
    find(kid, algorithm) {
      const named = kid === undefined ? undefined : byKid.get(kid);
      if (named !== undefined) return named;
      const among = kid === undefined ? keys : (byKid.get(undefined) ?? []);
      return among.filter((key) => key.algorithms.has(algorithm)).slice(0, mostTried);
    },
    names: (kid) => kid !== undefined && byKid.has(kid),
    has: (thumbprint) => thumbprints.has(thumbprint),
    jwks: () => keys.map(jwkOf),
  };
};

const shownKey = ({kid, thumbprint, algorithms, key}: Key): PublishedKey => {
  const {modulusLength, namedCurve} = key.asymmetricKeyDetails ?? {};
  const type = [key.asymmetricKeyType?.replace('rsa', 'RSA').replace('ec', 'EC'), modulusLength ?? namedCurve];
  return {...(kid !== undefined && {kid}), thumbprint, algorithms: [...algorithms], type: type.join(' ').trim()};
};

const jwkOf = ({kid, algorithms, key}: Key): Jwk => {
  const [alg, ...others] = algorithms;
  return {...key.export({format: 'jwk'}), ...(kid !== undefined && {kid}), ...(others.length === 0 && {alg})};
};

const readKey = async (jwk: unknown): Promise<Key | undefined> => {
  if (!isObject(jwk) || !isForSignatures(jwk)) return undefined;
  const algorithms = algorithmsOf(jwk);
  const [first] = algorithms;
  if (first === undefined) return undefined;
  const kept = members.get(jwk.kty) ?? [];
  const bare = Object.fromEntries(kept.map((name) => [name, jwk[name]]));
  const isMember = (name: string) => typeof bare[name] === 'string' && bare[name].length <= longestMember(name);
  if (!kept.every(isMember)) return undefined;
  try {
    // jose checks the members strictly, and that a point is on its curve.
    const imported = await importJWK(bare, first);
    if (imported instanceof Uint8Array) return undefined;
    const key = KeyObject.from(imported);
    if (key.type !== 'public' || !isStrong(key)) return undefined;
    const kid = typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : undefined;
    return {kid, thumbprint: await calculateJwkThumbprint(bare), algorithms: new Set(algorithms), key};
  } catch {
    return undefined;
  }
};

/** Some issuers write fields that are not set: an empty text and null are as good as absent. */
const isUnset = (member: unknown): boolean => member === undefined || member === '' || member === null;

const isForSignatures = ({use, key_ops: operations}: Jwk): boolean =>
  (isUnset(use) || use === 'sig') &&
  (isUnset(operations) || (Array.isArray(operations) && operations.includes('verify')));

/** A JWK with an `alg` is for that one only (RFC 7517 section 4.4). Ed25519 is the name of RFC 9864 for EdDSA. */
const algorithmsOf = ({kty, crv, alg}: Jwk): readonly Algorithm[] => {
  const possible = byType.get(kty === 'RSA' ? 'RSA' : `${kty} ${crv}`) ?? [];
  if (isUnset(alg)) return possible;
  const named = alg === 'Ed25519' ? 'EdDSA' : alg;
  return possible.filter((algorithm) => algorithm === named);
};

/** 8192 bits at most: a verification must not take the time of a denial of service. */
const isStrong = (key: KeyObject): boolean => {
  if (key.asymmetricKeyType !== 'rsa') return true;
  const {modulusLength = 0, publicExponent = 0n} = key.asymmetricKeyDetails ?? {};
  return modulusLength >= 2048 && modulusLength <= 8192 && publicExponent >= 3n && publicExponent % 2n === 1n;
};
