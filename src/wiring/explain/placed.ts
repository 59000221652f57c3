// A token put where a provider looks for one.
import type {Place} from '../../core/credential/credential.ts';
import {addHeader, type Request} from '../../core/request/request.ts';

/** The same request with the token at the place; what the request holds besides stays. */
export const placed = (request: Request, token: string, {kind, name, scheme}: Place): Request => {
  if (kind === 'query') {
    const mark = request.target.includes('?') ? '&' : '?';
    return {...request, target: `${request.target}${mark}${encodeURIComponent(name)}=${encodeURIComponent(token)}`};
  }
  const headers = new Map(request.headers);
  if (kind === 'cookie') addHeader(headers, 'cookie', `${name}=${token}`);
  else headers.set(name, scheme === undefined ? token : `${scheme} ${token}`);
  return {...request, headers};
};
