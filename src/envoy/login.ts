// Where a browser is sent that loads a page: to sign in, or to buy what is missing.
import {spelledAuthority} from '../core/request/authority.ts';
import type {Request} from '../core/request/request.ts';

const LONGEST = 8_192;

/** A page load: something a person waits for, and not a script's call, which wants its 401. */
export const isNavigation = ({method, headers}: Request): boolean => {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers.get('sec-fetch-mode');
  if (mode !== undefined) return mode === 'navigate';
  if (headers.has('sec-fetch-site') || headers.has('sec-fetch-dest')) return false;
  return headers.get('accept')?.toLowerCase().split(',').some(isHtml) ?? false;
};

/** A media range of Accept; with `q=0` it is what the client does not take (RFC 9110 section 12.4.2). */
const isHtml = (range: string): boolean => {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
  return type === 'text/html' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
};

/**
 * Scheme, host, path and query of the request, percent-encoded, so that it stays one parameter of whatever holds it: for
 * who reads it there it is a client's word, to be checked. Undefined: without a host there is nowhere to come back to.
 */
export const encodedUrl = (request: Request): string | undefined => {
  const authority = spelledAuthority(request.host);
  if (!authority) return undefined;
  // Envoy tells the scheme that an HTTP/2 client sends; nobody is to be sent back to another (`javascript:`).
  const origin = `${request.scheme === 'http' ? 'http' : 'https'}://${authority}`;
  const asked = `${origin}${request.target}`;
  return encodeURIComponent((asked.length > LONGEST ? `${origin}/` : asked).toWellFormed());
};

/** Compiles `responses.login.url`. The result is the Location for a page load, else undefined. */
export const makeLogin = (url: string) => {
  const pieces = url.split('{url}');
  return (request: Request): string | undefined => {
    if (!isNavigation(request)) return undefined;
    const encoded = encodedUrl(request);
    return encoded === undefined ? undefined : pieces.join(encoded);
  };
};
