// What changes on the way of a request that is let through: identity in, credential out.

import type {Place} from '../core/credential/credential.ts';
import type {Allow} from '../core/decision.ts';
import {derivedOnce} from '../core/derived.ts';
import {isHeaderSafe} from '../core/headerSafe.ts';
import type {HeaderChanges, ToldHoldings} from '../core/identityHeaders.ts';
import type {Principal} from '../core/principal.ts';
import {cookiesOf, decodedParameter, parametersOf, trimmed} from '../core/request/pieces.ts';
import {type Request, rawQueryOf} from '../core/request/request.ts';
import {overwrite, setCookie} from './headers.ts';
import type {OkHttpResponse} from './wire.ts';

/** Which headers tell the upstream who it is; `undefined` for nobody. Made by core/identityHeaders.ts. */
export type IdentityHeaders = (
  principal: Principal | undefined,
  request: Request,
  told?: ToldHoldings,
) => HeaderChanges;

const unchanged: OkHttpResponse = {};

/** Compiles the changes for allowed requests. A connection has no headers, so nothing changes there. */
export const makeChanges = (identityHeaders: IdentityHeaders, removeCredential: boolean) => {
  // The same principal brings the same HeaderChanges again, as a rule: then nothing is built anew.
  const identityOf = derivedOnce(identityChanges);

  return (decision: Allow, request: Request): OkHttpResponse => {
    if (request.kind === 'connection') return unchanged;
    const identity = identityOf(identityHeaders(decision.principal, request, decision));
    const {credentialPlace, setCookies, withheld} = decision;
    const place = removeCredential && credentialPlace ? [credentialPlace] : [];
    const places = withheld ?? place;
    const changes = places.length > 0 ? withoutCredentials(identity, places, request) : identity;
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
    headers_to_remove: without(safe, unsafe.length === 0 ? remove : [...remove, ...unsafe]),
  };
};

/** Envoy removes after it sets: a name that stood in both would be lost. */
const without = (set: HeaderChanges['set'], removed: readonly string[]): readonly string[] => {
  const kept = new Set(set.map(([name]) => name));
  return removed.some((name) => kept.has(name)) ? removed.filter((name) => !kept.has(name)) : removed;
};

const withoutCredentials = (identity: OkHttpResponse, places: readonly Place[], request: Request): OkHttpResponse => {
  const headers = [...(identity.headers ?? [])];
  const removed = [...(identity.headers_to_remove ?? [])];
  const parameters = new Set<string>();
  const cookies = new Set<string>();
  // An identity header of this very name replaces it already.
  const replace = (name: string, rest: string): void => {
    if (removed.includes(name) || headers.some(({header}) => header.key === name)) return;
    if (rest !== '' && !/[\0\r\n]/.test(rest)) headers.push(overwrite(name, rest));
    else removed.push(name);
  };
  for (const {kind, name, pieces = [], without: rest} of places) {
    if (kind === 'query') for (const spelling of spellingsOf(name, request)) parameters.add(spelling);
    else if (kind === 'cookie') for (const cookie of [name, ...pieces]) cookies.add(cookie);
    else replace(name, rest?.(request.headers.get(name) ?? '') ?? '');
  }
  if (cookies.size > 0) replace('cookie', withoutCookies(request, cookies));
  return {
    ...identity,
    headers,
    headers_to_remove: removed,
    ...(parameters.size > 0 && {query_parameters_to_remove: [...parameters]}),
  };
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

/** The Cookie header less every cookie of these names; '' if nothing is left that could be sent on. */
const withoutCookies = (request: Request, names: ReadonlySet<string>): string => {
  // Nobody knows where the credential is among so many: a shadow rule lets the request through, and none of them.
  if (!cookiesOf(request).whole) return '';
  return (request.headers.get('cookie') ?? '')
    .split(';')
    .map(trimmed)
    .filter((cookie) => cookie !== '' && !names.has(trimmed(cookie.split('=', 1)[0] as string)))
    .join('; ');
};
