// Why a request has no credential that anybody vouches for: which reason, and what stands where one was looked for.

import type {Reason} from '../refusals.ts';
import type {Request} from '../request/request.ts';
import {type Misfit, shownList} from '../words/misfit.ts';
import type {Acceptor, Credential, Found, Place} from './credential.ts';

type NotFound<A extends Acceptor> = Exclude<Found<A>, {readonly found: 'credential'}>;

/**
 * The reason and its words, of a look that found no credential to ask about. `all`: the providers of the configuration, of
 * which the rule may ask only some.
 */
export const misfitOfFound = <A extends Acceptor & {readonly name: string}>(
  found: NotFound<A>,
  request: Request,
  all: readonly A[],
): Misfit => {
  switch (found.found) {
    case 'nothing':
      return {reason: 'no_credential', detail: lookedAt(found.places, request)};
    case 'duplicate':
      return {reason: 'duplicate_credential', detail: `${shownPlace(found.place)} is there more than once`};
    case 'malformed':
      return {reason: 'malformed_credential', detail: `${shownPlace(found.place)} cannot be read: ${found.why}`};
    case 'unsupported': {
      const place = shownPlace(found.place);
      const taker = all.find(
        (provider) => !found.providers.includes(provider) && takes(provider, found.presented, request),
      );
      if (taker !== undefined) {
        const detail = `${place}: it is for the provider ${taker.name}, which this rule does not ask`;
        return {reason: 'unsupported_credential', detail};
      }
      return ofAll(
        place,
        found.providers.map(({misfit}) => misfit?.(found.presented, request)),
      );
    }
  }
};

const takes = (provider: Acceptor, presented: Credential, request: Request): boolean =>
  provider.places.some(({label}) => label === presented.place.label) &&
  provider.accepts(presented, request) !== undefined;

const mostListed = 4;
/** What one provider knows better than that it is not its own. */
const slips = new Set<Reason>(['wrong_issuer', 'wrong_tenant']);

/** Malformed if it is that to each provider of the place; of a slip that one of them sees, that one's word. */
const ofAll = (place: string, misfits: readonly (Misfit | undefined)[]): Misfit => {
  const [first] = misfits;
  const slip = misfits.find((misfit) => misfit !== undefined && slips.has(misfit.reason));
  if (slip !== undefined) return {reason: slip.reason, detail: `${place}: ${slip.detail}`};
  if (first !== undefined && misfits.every((misfit) => misfit?.reason === 'malformed_credential'))
    return {reason: first.reason, detail: `${place}: ${first.detail}`};
  const details = [...new Set(misfits.flatMap((misfit) => misfit?.detail ?? []))].slice(0, mostListed);
  return {reason: 'unsupported_credential', detail: [place, ...details].join(': ').slice(0, 512)};
};

const shownPlace = ({kind, name, scheme}: Place): string =>
  kind === 'header' ? `${name}${scheme === undefined ? '' : ` (${scheme})`}` : `${kind} ${name}`;

/** Only these are shown: the first word of an Authorization header may be the credential itself. */
const knownSchemes = [
  'Basic',
  'Bearer',
  'DPoP',
  'Digest',
  'Negotiate',
  'NTLM',
  'Token',
  'JWT',
  'ApiKey',
  'AWS4-HMAC-SHA256',
];

/** The places that were looked at, and of a header that is there with another scheme which one. */
const lookedAt = (places: readonly Place[], {headers}: Request): string => {
  const looked = `looked for ${shownList(places.map(shownPlace)).replaceAll('"', '')}`;
  const other = places.find(({kind, name, scheme}) => kind === 'header' && scheme !== undefined && headers.has(name));
  if (other === undefined) return looked;
  const [word = ''] = (headers.get(other.name) ?? '').trimStart().split(' ', 1);
  const scheme = knownSchemes.find((known) => known.toLowerCase() === word.slice(0, 32).toLowerCase());
  return `${looked}; ${other.name} is there, with ${scheme === undefined ? 'no scheme that is known' : `the scheme ${scheme}`}`;
};
