// Providers from their settings, with what they need of the rest.
import type {Settings} from '../config/schema.ts';
import type {EntitlementStore} from '../core/entitlement/entitlement.ts';
import type {Health} from '../core/health.ts';
import type {RemoteCall} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {Provider} from '../providers/provider.ts';
import {type IsGranted, withGrantedTenants} from '../providers/tenants.ts';
import type {TrustingRemote} from '../remote/client.ts';
import type {TrustFiles} from '../remote/trust.ts';
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
  const isGranted: IsGranted = (tenant, now) => {
    if (entitlements.isGranted === undefined)
      throw new Unavailable('entitlements', new Error('they cannot say which tenants have grants'));
    return entitlements.isGranted(tenant, now);
  };
  return settings.providers.map((of) => {
    const held = shared.holdProvider(JSON.stringify(of), () => {
      const remote = shared.remote.trusting(trustOf(of), `certificates ${of.name}`);
      return withTrust(makeProviderOf(of, makeVendorParts(shared, remote.call)), remote);
    });
    return of.tenants === 'granted' ? withGrantedTenants(held, isGranted) : held;
  });
};

/** The files of a provider or source that say whom its calls trust; empty for those that call nobody. */
export const trustOf = (settings: TrustFiles | object): TrustFiles => {
  const {ca, clientCertificate} = settings as TrustFiles;
  return {ca, clientCertificate};
};

/** The same provider, which is no better than the files without which it can call nobody. */
const withTrust = (provider: Provider, remote: TrustingRemote): Provider => ({
  ...provider,
  health: () => {
    const parts = provider.health();
    const files = remote.health();
    if (remote.usable()) return [...parts, ...files];
    return [...parts.map((part): Health => ({...part, state: 'unready'})), ...files];
  },
  close: async () => {
    await provider.close?.();
    remote.close();
  },
});

/** The same for providers and for the vendors' entitlement sources. */
const makeVendorParts = (
  {clocks, principals, metrics, makeCache, log, keepKeys}: Shared,
  call: RemoteCall,
): VendorParts => ({
  keepKeys,
  aside,
  call,
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
