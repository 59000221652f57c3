// Which credential of a request counts, and who is asked about it.

import type {Request} from '../request/request.ts';
import type {Misfit} from '../words/misfit.ts';

/** What a place of a request holds. `duplicate`: the same header, cookie or parameter twice. */
export type Held =
  | {readonly held: 'nothing'}
  | {readonly held: 'duplicate'}
  /** `why`: what is wrong with it, in words without what it holds. */
  | {readonly held: 'malformed'; readonly why: string}
  | {readonly held: 'value'; readonly value: string};

/**
 * A place where a credential may stand. Two places with the same `label` are the same place (`header:authorization:bearer`,
 * `cookie:sid`, `query:access_token`); metrics and logs name it so.
 */
export interface Place {
  readonly label: string;
  readonly kind: 'header' | 'cookie' | 'query';
  /** Header name in lower case; cookie and parameter names as configured. */
  readonly name: string;
  /** The scheme of an Authorization-like header as configured (`Bearer`): the challenge repeats it. */
  readonly scheme?: string;
  /** More cookies that a long value may be spread over: they go where the first one goes. */
  readonly pieces?: readonly string[];
  find(request: Request): Held;
  /** What of a header's line is left without the credential, where other things stand beside it; '' if nothing. */
  without?(line: string): string;
}

/** A secret as presented. */
export interface Credential {
  readonly place: Place;
  /** The secret itself, without the scheme. Never logged. */
  readonly value: string;
  /** A hash of the value and of the provider's settings, where the accepting provider has made one. */
  readonly key?: string;
}

/** The part of a provider that choosing needs. */
export interface Acceptor {
  /** Where its credentials may stand, in the order in which they are looked at. */
  readonly places: readonly Place[];
  /**
   * The credential, perhaps enriched, if this provider vouches for such ones; undefined: not mine. Looks at unverified
   * data (an issuer, a prefix), so it may select and never grant.
   */
  accepts(credential: Credential, request: Request): Credential | undefined;
  /**
   * Of vendors who go on to another place of theirs where this one holds what is none of theirs, or nothing that can be
   * read: the credential that counts instead. Asked only once nobody has accepted what stands there.
   */
  instead?(place: Place, request: Request): Credential | undefined;
  /** Why it is not this provider's, asked only once nobody has accepted it. */
  misfit?(credential: Credential, request: Request): Misfit;
}

/** The outcome of looking for a credential. */
export type Found<A extends Acceptor> =
  /** `place`: where one was expected, the first with a scheme, else the first. `schemes`: what a challenge may offer. */
  | {
      readonly found: 'nothing';
      readonly place: Place | undefined;
      readonly places: readonly Place[];
      readonly schemes: readonly string[];
    }
  | {readonly found: 'duplicate'; readonly place: Place}
  | {readonly found: 'malformed'; readonly place: Place; readonly why: string}
  | {
      readonly found: 'unsupported';
      readonly place: Place;
      readonly presented: Credential;
      readonly providers: readonly A[];
    }
  | {readonly found: 'credential'; readonly credential: Credential; readonly provider: A};

/**
 * Looks at places in declared order: providers from the top, the places of each in turn. The first place that holds
 * something holds the credential, and the first provider of that place that accepts it is the only one asked: there is
 * no falling through to another place or another provider (a request could else choose who vouches for it). Only what
 * nobody accepts leaves the word to another place of the same provider, where its vendor does so (`instead`): whoever
 * sends both could have left the first one out.
 */
export const makeCredentialFinder = <A extends Acceptor>(providers: readonly A[]): ((request: Request) => Found<A>) => {
  const takers = new Map<string, {place: Place; providers: A[]}>();
  for (const provider of providers) {
    for (const place of provider.places) {
      const entry = takers.get(place.label) ?? {place, providers: []};
      if (!entry.providers.includes(provider)) entry.providers.push(provider);
      takers.set(place.label, entry);
    }
  }
  const inOrder = [...takers.values()];
  const places = inOrder.map(({place}) => place);
  const schemes = schemesOf(places);
  const expected = (inOrder.find(({place}) => place.scheme !== undefined) ?? inOrder[0])?.place;

  return (request) => {
    for (const {place, providers} of inOrder) {
      const held = place.find(request);
      if (held.held === 'nothing') continue;
      if (held.held === 'duplicate') return {found: 'duplicate', place};
      const presented: Credential | undefined = held.held === 'value' ? {place, value: held.value} : undefined;
      if (presented !== undefined) {
        for (const provider of providers) {
          const credential = provider.accepts(presented, request);
          if (credential !== undefined) return {found: 'credential', credential, provider};
        }
      }
      for (const provider of providers) {
        const credential = provider.instead?.(place, request);
        if (credential !== undefined) return {found: 'credential', credential, provider};
      }
      if (held.held === 'malformed') return {found: 'malformed', place, why: held.why};
      if (presented !== undefined) return {found: 'unsupported', place, presented, providers};
    }
    return {found: 'nothing', place: expected, places, schemes};
  };
};

/**
 * The schemes that a challenge offers, each once, `Bearer` first: there are clients that read the first challenge alone.
 * Not `Basic` where a cookie is a credential too: such an application is opened in a browser, which would ask its user for
 * a name and password that nobody has.
 */
const schemesOf = (places: readonly Place[]): readonly string[] => {
  const byName = new Map<string, string>();
  const isForBrowsers = places.some(({kind}) => kind === 'cookie');
  for (const {scheme} of places) {
    const name = scheme?.toLowerCase();
    if (scheme === undefined || name === undefined || byName.has(name) || (isForBrowsers && name === 'basic')) continue;
    byName.set(name, scheme);
  }
  return [...byName].sort(([a], [b]) => Number(b === 'bearer') - Number(a === 'bearer')).map(([, scheme]) => scheme);
};
