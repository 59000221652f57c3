// One provider made of several, one for each kind of credential that a vendor issues.
import type {Credential} from '../core/credential/credential.ts';
import type {Provider} from './provider.ts';

/**
 * The credentials of `kinds`, under one name and at these places: the first kind that has the place and accepts the
 * credential is the only one asked. Its places are in the order in which they are looked at.
 */
export const makeProviderOfKinds = (name: string, places: Provider['places'], kinds: readonly Provider[]): Provider => {
  const chosen = new WeakMap<Credential, Provider>();
  return {
    name,
    places,
    accepts(presented, request) {
      for (const kind of kinds) {
        if (!kind.places.some(({label}) => label === presented.place.label)) continue;
        const accepted = kind.accepts(presented, request);
        if (accepted === undefined) continue;
        // A copy of its own: the same object could be accepted by others, too.
        const credential = {...accepted};
        chosen.set(credential, kind);
        return credential;
      }
      return undefined;
    },
    instead(place, request) {
      for (const kind of kinds) {
        const other = kind.instead?.(place, request);
        if (other === undefined) continue;
        const credential = {...other};
        chosen.set(credential, kind);
        return credential;
      }
      return undefined;
    },
    misfit(presented, request) {
      const asked = kinds.filter(({places: own}) => own.some(({label}) => label === presented.place.label));
      const said = asked.map((kind) => kind.misfit?.(presented, request));
      const other = said.find((misfit) => misfit?.reason !== 'malformed_credential');
      if (other !== undefined || said.includes(undefined)) return other ?? {reason: 'unsupported_credential'};
      return said[0] ?? {reason: 'unsupported_credential'};
    },
    async authenticate(credential, context) {
      const kind = chosen.get(credential);
      if (kind === undefined) throw new TypeError(`${name}: authenticates only what it has accepted`);
      return kind.authenticate(credential, context);
    },
    trials: kinds.flatMap(({trials = []}) => trials),
    health: () => kinds.flatMap((kind) => kind.health()),
    keysShown: () => kinds.flatMap((kind) => kind.keysShown?.() ?? []),
    keysAge: (now) => kinds.map((kind) => kind.keysAge?.(now)).find((age) => age !== undefined),
    async start() {
      await Promise.all(kinds.map((kind) => kind.start?.()));
    },
    async close() {
      await Promise.all(kinds.map((kind) => kind.close?.()));
    },
  };
};
