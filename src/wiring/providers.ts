// Providers from their settings: one maker for each type.
import type {Settings} from '../config/schema.ts';
import {observedProvider} from '../observe/observed.ts';
import {makeOidcProvider, type ProviderParts} from '../providers/oidc.ts';
import type {Provider} from '../providers/provider.ts';
import type {Shared} from './shared.ts';

type ProviderSettings = Settings['providers'][number];

/** In configured order, which matters. */
export const makeProviders = (settings: Settings, shared: Shared): readonly Provider[] =>
  settings.providers.map((of) => observedProvider(makeProvider(of, partsOf(shared)), shared.metrics));

const partsOf = ({clocks, remote, principals, metrics}: Shared): ProviderParts => ({
  call: remote.call,
  cache: {
    get(key) {
      const principal = principals.get(key);
      metrics.cache.request('principals', 'memory', principal === undefined ? 'miss' : 'hit');
      return principal;
    },
    set: principals.set,
  },
  now: clocks.now,
  random: clocks.random,
  after: clocks.after,
});

const makeProvider = (settings: ProviderSettings, parts: ProviderParts): Provider => {
  switch (settings.type) {
    case 'oidc':
      return makeOidcProvider(settings, parts);
  }
};
