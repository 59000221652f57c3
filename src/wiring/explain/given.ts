// What is given instead of a credential: who it proves or why it was refused, where a decision is made without it.
import type {Credential, Held, Place} from '../../core/credential/credential.ts';
import type {Principal} from '../../core/principal.ts';
import type {Reason} from '../../core/refusals.ts';
import type {Request} from '../../core/request/request.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {Provider} from '../../providers/provider.ts';

/**
 * `place`: the label of the place where the credential stood; every other one is then empty. Without it, it comes before
 * all places. A provider vouches for a principal, refuses, or gives no answer; where a place holds no value, or nobody
 * accepts what it holds, no provider is asked.
 */
export type Given = {readonly place?: string | undefined} & (
  | {readonly given: 'principal'; readonly principal: Principal; readonly related?: boolean | undefined}
  | {
      readonly given: 'rejected';
      readonly provider: string;
      readonly reason: Reason;
      readonly detail?: string | undefined;
    }
  | {readonly given: 'outage'; readonly provider: string; readonly dependency: string}
  | {readonly given: 'duplicate'}
  | {readonly given: 'unsupported'; readonly reason: Reason; readonly detail?: string | undefined}
);

/** Tells what is given for a request; undefined: its own credentials count. */
export type GivenOf = (request: Request) => Given | undefined;

/** Where what is given without a place stands. No request of a client has it. */
const nowhere = 'given';

/**
 * The same providers, which also say what is given in their name. `first`: before all their places there is one for what
 * is given without a place.
 */
export const withGiven = (providers: readonly Provider[], givenOf: GivenOf, first?: Place): readonly Provider[] =>
  providers.map((provider) => speaking(provider, givenOf, first));

export const placeOfGiven = (givenOf: GivenOf): Place => ({
  label: nowhere,
  kind: 'header',
  name: nowhere,
  find: (request) => heldAt(nowhere, givenOf(request)) ?? {held: 'nothing'},
});

const speaking = (provider: Provider, givenOf: GivenOf, first: Place | undefined): Provider => {
  const own = provider.places.map(
    (place): Place => ({
      ...place,
      find: (request) => heldAt(place.label, givenOf(request)) ?? place.find(request),
    }),
  );
  const original = (credential: Credential): Credential => {
    const label = credential.place.label;
    return {...credential, place: provider.places.find((place) => place.label === label) ?? credential.place};
  };
  const {related, misfit} = provider;
  return {
    ...provider,
    places: first === undefined ? own : [first, ...own],
    accepts(credential, request) {
      const given = givenOf(request);
      if (given === undefined) return provider.accepts(original(credential), request);
      return providerOf(given) === provider.name ? credential : undefined;
    },
    ...(misfit && {
      misfit: (credential, request) => {
        const given = givenOf(request);
        if (given === undefined) return misfit.call(provider, original(credential), request);
        return given.given === 'unsupported' ? given : {reason: 'unsupported_credential'};
      },
    }),
    async authenticate(credential, context) {
      const given = givenOf(context.request);
      if (given === undefined) return provider.authenticate(credential, context);
      if (given.given === 'principal') return {verified: given.principal};
      if (given.given === 'rejected') return {rejected: given.reason, detail: given.detail};
      const dependency = given.given === 'outage' ? given.dependency : provider.name;
      throw new Unavailable(dependency, new Error('it did not answer then, and is not asked again'));
    },
    ...(related && {
      related: async (principal, credential, relation, context) => {
        const given = givenOf(context.request);
        if (given === undefined) return related.call(provider, principal, credential, relation, context);
        if (given.given === 'principal' && given.related !== undefined) return given.related;
        throw new Unavailable(
          provider.name,
          new Error('relations are asked for with the credential, which is not kept'),
        );
      },
    }),
  };
};

const providerOf = (given: Given): string | undefined => {
  if (given.given === 'principal') return given.principal.provider;
  return given.given === 'rejected' || given.given === 'outage' ? given.provider : undefined;
};

/** What a place holds by what is given; undefined: nothing is, and the request itself is looked at. */
const heldAt = (label: string, given: Given | undefined): Held | undefined => {
  if (given === undefined) return undefined;
  const {place = nowhere} = given;
  // A hand-written principal comes before whatever the request holds.
  if (label !== place) return place === nowhere ? undefined : {held: 'nothing'};
  if (given.given === 'duplicate') return {held: 'duplicate'};
  return {held: 'value', value: nowhere};
};
