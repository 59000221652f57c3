// Every type of provider, by the name that `type` has in the configuration.
import {makeApiKeysProvider} from '../providers/apiKeys.ts';
import {makeIntrospectionProvider} from '../providers/introspection.ts';
import {makeIssuerFamily} from '../providers/issuerFamily.ts';
import {isTemplate} from '../providers/issuerTemplate.ts';
import {makeOidcProvider} from '../providers/oidc.ts';
import type {Provider} from '../providers/provider.ts';
import type {ApiKeysSettings, IntrospectionSettings, OidcSettings} from '../providers/settings.ts';
import {namedTenants, withTenants} from '../providers/tenants.ts';
import {makeAuthgearProvider} from './authgear/provider.ts';
import type {AuthgearSettings} from './authgear/settings.ts';
import {makeCognitoProvider} from './cognito/provider.ts';
import type {CognitoSettings} from './cognito/settings.ts';
import {makeFronteggProvider} from './frontegg/provider.ts';
import type {FronteggSettings} from './frontegg/settings.ts';
import {makeFrontierProvider} from './frontier/provider.ts';
import type {FrontierSettings} from './frontier/settings.ts';
import {makeKindeProvider} from './kinde/provider.ts';
import type {KindeSettings} from './kinde/settings.ts';
import type {VendorParts} from './vendor.ts';

/** Settings of a provider, as config/schema.ts has checked them. */
export type AnyProviderSettings =
  | AuthgearSettings
  | CognitoSettings
  | KindeSettings
  | ApiKeysSettings
  | IntrospectionSettings
  | FronteggSettings
  | FrontierSettings
  | OidcSettings;

/** Makes a provider from its settings, which speaks for the tenants that they name; those that are granted are wiring's. */
export const makeProviderOf = (settings: AnyProviderSettings, parts: VendorParts): Provider =>
  withTenants(makeOfType(settings, parts), namedTenants(settings.tenants));

/** To add a type: its settings above, its maker below, and config/schema.ts. */
const makeOfType = (settings: AnyProviderSettings, parts: VendorParts): Provider => {
  switch (settings.type) {
    case 'apiKeys':
      return makeApiKeysProvider(settings, parts);
    case 'introspection':
      return makeIntrospectionProvider(settings, parts);
    case 'frontegg':
      return makeFronteggProvider(settings, parts);
    case 'frontier':
      return makeFrontierProvider(settings, parts);
    case 'kinde':
      return makeKindeProvider(settings, parts);
    case 'authgear':
      return makeAuthgearProvider(settings, parts);
    case 'cognito':
      return makeCognitoProvider(settings, parts);
    case 'oidc':
      return isTemplate(settings.issuer) ? makeIssuerFamily(settings, parts) : makeOidcProvider(settings, parts);
  }
};
