// The form of JSON Web Tokens: a compact JWS (RFC 7515) taken apart, and not verified.
import {isObject} from '../core/isObject.ts';
import {isModest} from './modestJson.ts';

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
    return isObject(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
};
