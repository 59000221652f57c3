// What changes on the way of a request that is let through: identity in, credential out.

import type {Place} from '../core/credential.ts';
import type {Allow} from '../core/decision.ts';
import {derivedOnce} from '../core/derived.ts';
import type {HeaderChanges} from '../core/identityHeaders.ts';
import {cookiesOf, decodedParameter, parametersOf, trimmed} from '../core/pieces.ts';
import type {Principal} from '../core/principal.ts';
import {type Request, rawQueryOf} from '../core/request.ts';
import {isHeaderSafe, overwrite, setCookie} from './headers.ts';
import type {OkHttpResponse} from './wire.ts';

/** Which headers tell the upstream who it is; `undefined` for nobody. Made by core/identityHeaders.ts. */
export type IdentityHeaders = (principal: Principal | undefined, request: Request) => HeaderChanges;

const unchanged: OkHttpResponse = {};

/** Compiles the changes for allowed requests. A connection has no headers, so nothing changes there. */
export const makeChanges = (identityHeaders: IdentityHeaders, removeCredential: boolean) => {
  // The same principal brings the same HeaderChanges again, as a rule: then nothing is built anew.
  const identityOf = derivedOnce(identityChanges);

  return (decision: Allow, request: Request): OkHttpResponse => {
    if (request.kind === 'connection') return unchanged;
    const identity = identityOf(identityHeaders(decision.principal, request));
    const {credentialPlace, setCookies} = decision;
    const changes =
      removeCredential && credentialPlace ? withoutCredential(identity, credentialPlace, request) : identity;
    const cookies = setCookies?.filter(isHeaderSafe) ?? [];
    return cookies.length === 0 ? changes : {...changes, response_headers_to_add: cookies.map(setCookie)};
  };
};

/** A value that is no header value makes Envoy answer 500 (`validate_mutations`): better no identity than that. */
const identityChanges = ({set, remove}: HeaderChanges): OkHttpResponse => {
  const safe = set.filter(([, value]) => isHeaderSafe(value));
  const unsafe = set.filter(([, value]) => !isHeaderSafe(value)).map(([name]) => name);
  return {
    headers: safe.map(([name, value]) => overwrite(name, value)),
    headers_to_remove: without(safe, [...remove, ...unsafe]),
  };
};

/** Envoy removes after it sets: a name that stood in both would be lost. */
const without = (set: HeaderChanges['set'], removed: readonly string[]): string[] => {
  const kept = new Set(set.map(([name]) => name));
  return removed.filter((name) => !kept.has(name));
};

const withoutCredential = (identity: OkHttpResponse, place: Place, request: Request): OkHttpResponse => {
  const {headers = [], headers_to_remove: removed = []} = identity;
  if (place.kind === 'query') return {...identity, query_parameters_to_remove: spellingsOf(place.name, request)};
  const name = place.kind === 'cookie' ? 'cookie' : place.name;
  // An identity header of this very name replaces it already.
  if (removed.includes(name) || headers.some(({header}) => header.key === name)) return identity;
  const rest = place.kind === 'cookie' ? withoutCookie(request, place) : '';
  if (rest === '') return {...identity, headers_to_remove: [...removed, name]};
  return {...identity, headers: [...headers, overwrite(name, rest)]};
};

/** The parameter's name, and the encoded spellings of it that were sent: Envoy compares names as they stand. */
const spellingsOf = (name: string, request: Request): string[] => {
  const {whole, byName} = parametersOf(request);
  const sent = whole
    ? (byName.get(name) ?? []).map(({written}) => written)
    : rawQueryOf(request.target)
        .split('&')
        .map((piece) => piece.split('=', 1)[0] as string)
        .filter((written) => decodedParameter(written) === name);
  return [...new Set([name, ...sent])];
};

/** The Cookie header less every cookie of the place's name or pieces; '' if nothing is left that could be sent on. */
const withoutCookie = (request: Request, {name, pieces = []}: Place): string => {
  // Nobody knows where the credential is among so many: a shadow rule lets the request through, and none of them.
  if (!cookiesOf(request).whole) return '';
  const rest = (request.headers.get('cookie') ?? '')
    .split(';')
    .map(trimmed)
    .filter((cookie) => cookie !== '' && !isNamed(cookie, name, pieces))
    .join('; ');
  return /[\0\r\n]/.test(rest) ? '' : rest;
};

const isNamed = (cookie: string, name: string, pieces: readonly string[]): boolean => {
  const own = trimmed(cookie.split('=', 1)[0] as string);
  return own === name || pieces.includes(own);
};
