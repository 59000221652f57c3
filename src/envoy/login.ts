// Where a browser is sent that loads a page and is not signed in.
import {spelledAuthority} from '../core/authority.ts';
import type {Request} from '../core/request.ts';

const LONGEST = 8_192;

/** A page load: something a person waits for, and not a script's call, which wants its 401. */
const isNavigation = ({method, headers}: Request): boolean => {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers.get('sec-fetch-mode');
  if (mode !== undefined) return mode === 'navigate';
  if (headers.has('sec-fetch-site') || headers.has('sec-fetch-dest')) return false;
  return headers.get('accept')?.toLowerCase().includes('text/html') ?? false;
};

/**
 * Compiles `responses.login.url`. The result is the Location for a page load, else undefined. `{url}` becomes scheme,
 * host, path and query of the request, percent-encoded: for the sign-in page it is a client's word, to be checked there.
 */
export const makeLogin = (url: string) => {
  const [before, ...after] = url.split('{url}');
  return (request: Request): string | undefined => {
    if (!isNavigation(request)) return undefined;
    const authority = spelledAuthority(request.host);
    // Without a host there is nowhere to come back to.
    if (!authority) return undefined;
    const origin = `${request.scheme || 'https'}://${authority}`;
    const asked = `${origin}${request.target}`;
    const encoded = encodeURIComponent((asked.length > LONGEST ? `${origin}/` : asked).toWellFormed());
    return [before, ...after].join(encoded);
  };
};
