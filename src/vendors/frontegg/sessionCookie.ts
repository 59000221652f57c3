// The session cookie of frontegg-nextjs: a seal around the access token, in one cookie or, if it is long, in several.

import {cookiePlace} from '../../core/credential/cookiePlace.ts';
import type {Held, Place} from '../../core/credential/credential.ts';
import {unseal} from './seal.ts';

/** A cookie holds some 4 kB; Envoy takes 60 KiB of headers. */
const mostChunks = 8;

/** Frontegg's own name for the cookie of an environment. */
export const cookieNameOf = (clientId: string): string => `fe_session-${clientId.replaceAll('-', '')}`;

/** The cookie `name`, else `name-1`, `name-2`, ... one after the other, as far as they go. */
export const sessionCookiePlace = (name: string): Place => {
  const whole = cookiePlace(name);
  const pieces = Array.from({length: mostChunks}, (_, at) => `${name}-${at + 1}`);
  const chunks = pieces.map((piece) => cookiePlace(piece));
  return {
    ...whole,
    pieces,
    find(request) {
      const held = whole.find(request);
      return held.held === 'nothing' && request.headers.get('cookie')?.includes(`${name}-1`)
        ? joined(chunks.map((chunk) => chunk.find(request)))
        : held;
    },
  };
};

const joined = (chunks: readonly Held[]): Held => {
  let value = '';
  for (const chunk of chunks) {
    if (chunk.held === 'nothing') break;
    if (chunk.held !== 'value') return chunk;
    value += chunk.value;
  }
  return value === '' ? {held: 'nothing'} : {held: 'value', value};
};

/**
 * The access token of a sealed session, and until when the seal holds (milliseconds since the epoch); undefined if it was
 * not sealed with this password, has run out, or holds no session. frontegg-nextjs seals the JSON as a text.
 */
export const openSession = async (
  seal: string,
  password: string,
  now: number,
): Promise<{readonly accessToken: string; readonly until: number} | undefined> => {
  const opened = await unseal(seal, password, now);
  if (opened === undefined) return undefined;
  const session = typeof opened.value === 'string' ? parsed(opened.value) : opened.value;
  if (typeof session !== 'object' || session === null || !Object.hasOwn(session, 'accessToken')) return undefined;
  const {accessToken} = session as {readonly accessToken: unknown};
  return typeof accessToken === 'string' ? {accessToken, until: opened.until} : undefined;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
