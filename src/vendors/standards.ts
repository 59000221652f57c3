// The providers that are no vendor's but a standard's, for the same table.
import {makeApiKeysProvider} from '../providers/apiKeys.ts';
import {apiKeysSettings} from '../providers/apiKeysSettings.ts';
import {makeIntrospectionProvider} from '../providers/introspection.ts';
import {introspectionSettings} from '../providers/introspectionSettings.ts';
import {makeIssuerFamily} from '../providers/issuerFamily.ts';
import {isTemplate} from '../providers/issuerTemplate.ts';
import {makeOidcProvider} from '../providers/oidc.ts';
import {oidcSettings} from '../providers/oidcSettings.ts';
import {vendor} from './vendor.ts';

export const oidc = vendor({
  settings: oidcSettings,
  make: (settings, parts) =>
    isTemplate(settings.issuer) ? makeIssuerFamily(settings, parts) : makeOidcProvider(settings, parts),
  token: {issuer: ({issuer}) => issuer},
});

export const introspection = vendor({settings: introspectionSettings, make: makeIntrospectionProvider});

export const apiKeys = vendor({settings: apiKeysSettings, make: makeApiKeysProvider, files: ['file']});
