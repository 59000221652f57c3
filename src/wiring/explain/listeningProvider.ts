// A provider that tells what it looked at, whether it accepted, and what it answered.
import type {Held, Place} from '../../core/credential/credential.ts';
import type {Authentication, Provider} from '../../providers/provider.ts';
import type {ProviderStep} from './explanation.ts';

interface ProviderListener {
  found(place: Place, held: Held): void;
  asked(place: Place, accepts: boolean): void;
  answered(step: ProviderStep): void;
}

/** The same provider: what it answers, the listener hears as well. */
export const listeningProvider = (provider: Provider, tell: ProviderListener): Provider => {
  // Places are compared by identity where a credential is taken out, so each has one listener.
  const originals = new Map<Place, Place>();
  const places = provider.places.map((place) => {
    const listening: Place = {
      ...place,
      find: (request) => {
        const held = place.find(request);
        tell.found(place, held);
        return held;
      },
    };
    originals.set(listening, place);
    return listening;
  });
  return {
    ...provider,
    places,
    accepts(credential, request) {
      const place = originals.get(credential.place) ?? credential.place;
      const own = provider.places.find(({label}) => label === place.label) ?? place;
      const accepted = provider.accepts({...credential, place: own}, request);
      tell.asked(own, accepted !== undefined);
      return accepted;
    },
    async authenticate(credential, context) {
      try {
        const answer = await provider.authenticate(credential, context);
        tell.answered(stepOf(provider.name, answer));
        return answer;
      } catch (error) {
        tell.answered({provider: provider.name, verdict: 'unavailable'});
        throw error;
      }
    },
  };
};

const stepOf = (provider: string, {verified, rejected}: Authentication): ProviderStep =>
  verified === undefined
    ? {provider, verdict: 'rejected', reason: rejected}
    : {provider, verdict: 'verified', principal: verified};
