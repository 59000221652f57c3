// Verification of JSON Web Tokens: RFC 7515 (form, signature), RFC 7519 (claims), RFC 8725 (what goes wrong).
import {constants, verify} from 'node:crypto';
import {distance, type Misfit, nearMiss, shownList, shownValue, wantedGot} from '../core/misfit.ts';
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

/** Why `parseJwt` cannot take a token apart; says nothing of what is in it. */
export const malformedDetail = (token: string): string => {
  if (token.length > longestToken) return `it has ${token.length} characters, ${longestToken} at most are read`;
  const parts = token.split('.', 6).length;
  if (parts === 5) return 'it has five parts: an encrypted token (JWE), which only its issuer can read';
  return parts === 3
    ? 'it has three parts, and they are not those of a JWT'
    : `it has ${parts === 6 ? 'many' : parts} parts: no JWT`;
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
  /**
   * `at+jwt` (RFC 9068): insists on this `typ`. `id`: JWT or none. Undefined: JWT, at+jwt or none, so that tokens of another
   * kind do not pass.
   */
  readonly tokenType: 'at+jwt' | 'id' | undefined;
}

/** Where keys come from; rejects with Unavailable while there are none to be had. */
export interface KeyFinder {
  find(
    kid: string | undefined,
    algorithm: Algorithm,
    now: number,
    deadline: number,
  ): readonly Key[] | Promise<readonly Key[]>;
  /**
   * Looks once more where the keys of `find` were guesses (no key has the token's id) and none of them has signed: the right
   * one may have been published since. Undefined: there is no more to be learnt now. At most one fetch in a cooldown.
   */
  findAgain?(
    kid: string | undefined,
    algorithm: Algorithm,
    now: number,
    deadline: number,
  ): Promise<readonly Key[] | undefined>;
}

export type Verified =
  | {readonly claims: Claims; readonly signedBy: Key; readonly rejected?: never; readonly detail?: never}
  | {
      readonly rejected: Reason;
      /** What was wanted and what came, for operators. */
      readonly detail?: string | undefined;
      readonly claims?: never;
      readonly signedBy?: never;
    };

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
    if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
      return {rejected: 'malformed_credential', detail: 'its header has crit or b64, which is not understood here'};
    if (header.kid !== undefined && typeof header.kid !== 'string')
      return {rejected: 'malformed_credential', detail: `its kid is ${shownValue(header.kid)}`};
    const algorithm = algorithmOf(header.alg);
    if (algorithm === undefined || !accepted.has(algorithm))
      return {rejected: 'bad_signature', detail: wantedGot('alg', shownList(checks.algorithms), header.alg)};

    const found = keys.find(header.kid, algorithm, now, deadline);
    const candidates = found instanceof Promise ? await found : found;
    if (candidates.length === 0) return {rejected: 'unknown_key', detail: notPublished(header.kid, algorithm)};
    let signedBy = await signerAmong(token, algorithm, candidates);
    if (signedBy === undefined) {
      const others = await keys.findAgain?.(header.kid, algorithm, now, deadline);
      if (others !== undefined) signedBy = await signerAmong(token, algorithm, others);
    }
    if (signedBy === undefined) {
      const key = header.kid === undefined ? 'no kid' : `kid ${shownValue(header.kid)}`;
      return {
        rejected: 'bad_signature',
        detail: `${key}, alg "${algorithm}": it was not signed with the published key`,
      };
    }

    const fault = typeFault(header.typ, checks.tokenType) ?? claimFault(claims, checks, now);
    return fault === undefined ? {claims, signedBy} : {rejected: fault.reason, detail: fault.detail};
  };
};

const notPublished = (kid: string | undefined, algorithm: Algorithm): string =>
  kid === undefined
    ? `the token has no kid, and the issuer publishes no key for "${algorithm}"`
    : `the issuer publishes no key with the kid ${shownValue(kid)}`;

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
const typeFault = (typ: unknown, wanted: JwtChecks['tokenType']): Misfit | undefined => {
  const kind = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  const fits = kind === 'at+jwt' ? wanted !== 'id' : wanted !== 'at+jwt' && (kind === undefined || kind === 'jwt');
  const words = wanted === 'at+jwt' ? '"at+jwt"' : '"JWT" or none';
  return fits ? undefined : {reason: 'wrong_token_type', detail: wantedGot('typ of the header', words, typ)};
};

/** The first registered claim that does not hold, in the order iss, aud, exp, nbf, iat. */
const claimFault = (claims: Claims, {issuer, audience, clockTolerance}: JwtChecks, now: number): Misfit | undefined => {
  const fault = issuerFault(claims, issuer) ?? audienceFault(claims, audience);
  if (fault !== undefined) return fault;
  const reason = timeFault(claims, clockTolerance, now);
  return reason && {reason, detail: timeDetail(claims, clockTolerance, now)};
};

/** Undefined: it is of this issuer, or none is asked for. */
export const issuerFault = ({iss}: Claims, issuer: string | undefined): Misfit | undefined => {
  if (issuer === undefined || iss === issuer) return undefined;
  const detail = wantedGot('iss', shownValue(issuer), iss);
  return {reason: iss === undefined ? 'missing_claim' : 'wrong_issuer', detail};
};

/** Undefined: it names one of these, or none is asked for. */
export const audienceFault = ({aud}: Claims, audience: readonly string[] | 'any'): Misfit | undefined => {
  if (audience === 'any') return undefined;
  const detail = () => wantedGot('aud', shownList(audience), aud) + nearMiss(audience, aud);
  if (aud === undefined) return {reason: 'missing_claim', detail: detail()};
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audience.some((one) => named.includes(one)) ? undefined : {reason: 'wrong_audience', detail: detail()};
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

/** The times of claims that are not of their time, beside `now`. */
export const timeDetail = ({exp, nbf, iat}: Claims, tolerance: number, now: number): string => {
  const begins = nbf === undefined ? '' : `, nbf ${distance(nbf, now)}`;
  return `exp ${distance(exp, now)}, iat ${distance(iat, now)}${begins}; clockTolerance ${tolerance / 1_000} s`;
};
