// Providers from their settings, with what they need of the rest.
import type {Settings} from '../config/schema.ts';
import type {Provider} from '../providers/provider.ts';
import {makeProviderOf} from '../vendors/index.ts';
import type {VendorParts} from '../vendors/vendor.ts';
import {aside} from './aside.ts';
import type {Shared} from './shared.ts';

/** In configured order, which matters. Equal settings give the same provider (held.ts). */
export const makeProviders = (settings: Settings, shared: Shared): readonly Provider[] => {
  const parts = makeVendorParts(shared);
  return settings.providers.map((of) => shared.holdProvider(JSON.stringify(of), () => makeProviderOf(of, parts)));
};

/** The same for providers and for the vendors' entitlement sources. */
export const makeVendorParts = ({clocks, remote, principals, metrics, makeCache, log}: Shared): VendorParts => ({
  aside,
  call: remote.call,
  cache: {
    get(key) {
      const kept = principals.get(key);
      metrics.cache.request('principals', 'memory', kept === undefined ? 'miss' : 'hit');
      return kept;
    },
    set: principals.set,
  },
  makeCache,
  now: clocks.now,
  steady: clocks.steady,
  random: clocks.random,
  after: clocks.after,
  log,
});
