// Every type of provider, by the name that `type` has in the configuration.
import {makeOidcProvider} from '../providers/oidc.ts';
import type {Provider} from '../providers/provider.ts';
import type {OidcSettings} from '../providers/settings.ts';
import type {VendorParts} from './vendor.ts';

/** Settings of a provider, as config/schema.ts has checked them. */
export type AnyProviderSettings = OidcSettings;

/** Makes a provider from its settings. To add a type: its settings above, its maker below, and config/schema.ts. */
export const makeProviderOf = (settings: AnyProviderSettings, parts: VendorParts): Provider => {
  switch (settings.type) {
    case 'oidc':
      return makeOidcProvider(settings, parts);
  }
};
