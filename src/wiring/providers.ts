// Providers from their settings, with what they need of the rest.
import type {Settings} from '../config/schema.ts';
import type {EntitlementStore} from '../core/entitlement.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {Provider} from '../providers/provider.ts';
import {type IsGranted, withGrantedTenants} from '../providers/tenants.ts';
import {makeProviderOf} from '../vendors/index.ts';
import type {VendorParts} from '../vendors/vendor.ts';
import {aside} from './aside.ts';
import type {Shared} from './shared.ts';

/**
 * In configured order, which matters. Equal settings give the same provider (held.ts), with its keys; whose tenants it may
 * speak for is asked of the entitlements of this very configuration.
 */
export const makeProviders = (
  settings: Settings,
  shared: Shared,
  entitlements: Pick<EntitlementStore, 'isGranted'> = {},
): readonly Provider[] => {
  const parts = makeVendorParts(shared);
  const isGranted: IsGranted = (tenant, now) => {
    if (entitlements.isGranted === undefined)
      throw new Unavailable('entitlements', new Error('they cannot say which tenants have grants'));
    return entitlements.isGranted(tenant, now);
  };
  return settings.providers.map((of) => {
    const held = shared.holdProvider(JSON.stringify(of), () => makeProviderOf(of, parts));
    return of.tenants === 'granted' ? withGrantedTenants(held, isGranted) : held;
  });
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
