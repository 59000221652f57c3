// Verification of JSON Web Tokens: RFC 7515 (form, signature), RFC 7519 (claims), RFC 8725 (what goes wrong).
import {constants, verify} from 'node:crypto';
import type {Reason} from '../core/refusals.ts';
import type {Key} from './keys.ts';
import {isModest} from './modestJson.ts';
import {type Algorithm, asymmetric} from './settings.ts';

/** The longest token that is looked at, in characters: 1,200 permissions make 20,000. Envoy takes 60 KiB of headers. */
export const longestToken = 32_768;

/** Three parts of which the first is JSON (`{`, then a quote or white space): a JWT, whoever may have issued it. */
export const looksLikeJwt = (value: string): boolean => /^e[wy][\w-]*\.[\w-]*\.[\w-]*$/.test(value);

export type Claims = Readonly<Record<string, unknown>>;

/** A token taken apart and not verified: it may select (an issuer, a key) and never grant. */
export interface ParsedJwt {
  readonly header: Claims;
  readonly claims: Claims;
  /** What is signed: the first two parts with their dot. */
  readonly signed: string;
  readonly signature: Buffer;
}

/**
 * Takes a compact JWS with JSON claims apart. Undefined unless it has exactly that form: three parts of canonical
 * base64url, UTF-8, JSON objects, within the length and modest. (Of a JSON key that stands twice the last counts, as RFC 7519
 * section 4 allows; JSON.parse cannot tell. The issuer has signed both.)
 */
export const parseJwt = (token: string): ParsedJwt | undefined => {
  if (token.length > longestToken) return undefined;
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const [headerPart = '', claimsPart = '', signaturePart = ''] = parts;
  const header = jsonObject(headerPart);
  if (header === undefined) return undefined;
  const claims = jsonObject(claimsPart);
  const signature = bytes(signaturePart);
  if (claims === undefined || signature === undefined) return undefined;
  return {header, claims, signed: token.slice(0, headerPart.length + 1 + claimsPart.length), signature};
};

/**
 * Node reads base64url leniently (either alphabet, padding, stray characters, any bits at the end); written again, only
 * the one canonical form is equal. Else a signature could be changed without becoming invalid.
 */
const bytes = (part: string): Buffer | undefined => {
  const read = Buffer.from(part, 'base64url');
  return read.toString('base64url') === part ? read : undefined;
};

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

const jsonObject = (part: string): Claims | undefined => {
  const read = bytes(part);
  if (read === undefined) return undefined;
  try {
    const text = utf8.decode(read);
    if (!isModest(text)) return undefined;
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
};

/** What a verifier accepts. */
export interface JwtChecks {
  /** Undefined: not checked. Only for issuers that write none; the keys then say who it was. */
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | 'any';
  readonly algorithms: readonly Algorithm[];
  /** Milliseconds. */
  readonly clockTolerance: number;
  /** RFC 9068: insists on this `typ`. Undefined: JWT, at+jwt or none, so that tokens of another kind do not pass. */
  readonly tokenType: 'at+jwt' | undefined;
}

/** Where keys come from; rejects with Unavailable while there are none to be had. */
export interface KeyFinder {
  find(
    kid: string | undefined,
    algorithm: Algorithm,
    now: number,
    deadline: number,
  ): readonly Key[] | Promise<readonly Key[]>;
}

export type Verified =
  | {readonly claims: Claims; readonly signedBy: Key; readonly rejected?: never}
  | {readonly rejected: Reason; readonly claims?: never; readonly signedBy?: never};

/** Verifies a parsed token at `now`; times in milliseconds since the epoch. */
export type VerifyJwt = (token: ParsedJwt, now: number, deadline: number) => Promise<Verified>;

/**
 * Makes a verifier. The token's header chooses only among keys that the issuer has published, and among algorithms of the
 * list that also fit the key's type: `none` and HMAC do not exist here, and `jwk`, `jku`, `x5u`, `x5c` are not looked at.
 */
export const makeVerifyJwt = (keys: KeyFinder, checks: JwtChecks): VerifyJwt => {
  const accepted = new Set<string>(checks.algorithms);
  return async (token, now, deadline) => {
    const {header, claims} = token;
    // RFC 7515 section 4.1.11: an extension that is not understood makes the token invalid, and none is understood.
    if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return {rejected: 'malformed_credential'};
    if (header.kid !== undefined && typeof header.kid !== 'string') return {rejected: 'malformed_credential'};
    const algorithm = algorithmOf(header.alg);
    if (algorithm === undefined || !accepted.has(algorithm)) return {rejected: 'bad_signature'};

    const found = keys.find(header.kid, algorithm, now, deadline);
    const candidates = found instanceof Promise ? await found : found;
    if (candidates.length === 0) return {rejected: 'unknown_key'};
    const signedBy = await signerAmong(token, algorithm, candidates);
    if (signedBy === undefined) return {rejected: 'bad_signature'};

    const rejected = typeFault(header.typ, checks.tokenType) ?? claimFault(claims, checks, now);
    return rejected === undefined ? {claims, signedBy} : {rejected};
  };
};

const algorithmOf = (alg: unknown): Algorithm | undefined =>
  asymmetric.find((algorithm) => algorithm === (alg === 'Ed25519' ? 'EdDSA' : alg));

const signerAmong = async (token: ParsedJwt, algorithm: Algorithm, keys: readonly Key[]): Promise<Key | undefined> => {
  const signed = Buffer.from(token.signed, 'latin1');
  for (const signer of keys) {
    const {key, algorithms} = signer;
    // The algorithm is the token's choice, and so is the key id: the two must fit (RFC 8725 section 3.1).
    if (!algorithms.has(algorithm)) continue;
    const valid = signatureHolds(algorithm, key, signed, token.signature);
    if (typeof valid === 'boolean' ? valid : await valid) return signer;
  }
  return undefined;
};

/** Bytes of an ECDSA signature: r and s side by side (RFC 7518 section 3.4, IEEE P1363). */
const ecdsaLength = new Map<Algorithm, number>([
  ['ES256', 64],
  ['ES384', 96],
  ['ES512', 132],
]);

/**
 * One signature by node:crypto. WebCrypto, which jose verifies with, costs a quarter to a half more CPU and a wait for
 * another thread and back (bench/verify.ts). The slow curves go to a thread all the same: 1.5 ms must not stop everyone.
 */
const signatureHolds = (
  algorithm: Algorithm,
  key: Key['key'],
  signed: Buffer,
  signature: Buffer,
): boolean | Promise<boolean> => {
  if (algorithm === 'EdDSA') return verify(null, signed, key, signature);
  const bits = algorithm.slice(2);
  const digest = `sha${bits}`;
  if (algorithm.startsWith('RS')) return verify(digest, signed, {key, padding: constants.RSA_PKCS1_PADDING}, signature);
  if (algorithm.startsWith('PS')) {
    // RFC 7518 section 3.5: the salt is as long as the digest.
    const saltLength = Number(bits) / 8;
    return verify(digest, signed, {key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength}, signature);
  }
  if (signature.length !== ecdsaLength.get(algorithm)) return false;
  const input = {key, dsaEncoding: 'ieee-p1363'} as const;
  if (algorithm === 'ES256') return verify(digest, signed, input, signature);
  return new Promise((resolve, reject) => {
    verify(digest, signed, input, signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });
};

/** RFC 8725 section 3.11: the kinds of token are told apart by `typ`, with or without `application/`. */
const typeFault = (typ: unknown, wanted: 'at+jwt' | undefined): Reason | undefined => {
  if (typ === undefined) return wanted === undefined ? undefined : 'wrong_token_type';
  if (typeof typ !== 'string') return 'wrong_token_type';
  const kind = typ.toLowerCase().replace(/^application\//, '');
  const fits = kind === 'at+jwt' || (wanted === undefined && kind === 'jwt');
  return fits ? undefined : 'wrong_token_type';
};

/** The first registered claim that does not hold, in the order iss, aud, exp, nbf, iat. */
const claimFault = (claims: Claims, checks: JwtChecks, now: number): Reason | undefined => {
  const {issuer, audience} = checks;
  if (issuer !== undefined && claims.iss !== issuer) return claims.iss === undefined ? 'missing_claim' : 'wrong_issuer';
  if (audience !== 'any') {
    if (claims.aud === undefined) return 'missing_claim';
    const named = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
    if (!named.some((one) => audience.includes(one))) return 'wrong_audience';
  }
  return timeFault(claims, checks.clockTolerance, now);
};

/** NumericDate, RFC 7519 section 2: seconds, perhaps with a fraction. Undefined: not a date. */
const milliseconds = (claim: unknown): number | undefined =>
  typeof claim === 'number' && Number.isFinite(claim) ? claim * 1000 : undefined;

/**
 * Whether claims are of their time: `exp` is required, and the moment that it names is no longer good (RFC 7519 section
 * 4.1.4); a token from the future (`nbf`, `iat`) is not yet good. Run again whenever a verified token is used again.
 */
export const timeFault = (claims: Claims, tolerance: number, now: number): Reason | undefined => {
  if (claims.exp === undefined) return 'missing_claim';
  const expires = milliseconds(claims.exp);
  if (expires === undefined) return 'malformed_credential';
  if (now >= expires + tolerance) return 'token_expired';
  for (const claim of [claims.nbf, claims.iat]) {
    if (claim === undefined) continue;
    const begins = milliseconds(claim);
    if (begins === undefined) return 'malformed_credential';
    if (begins > now + tolerance) return 'token_not_yet_valid';
  }
  return undefined;
};
