// The providers that are no vendor's but a standard's, for the same table.
import {isTakenWhole, makeApiKeysProvider} from '../providers/apiKeys.ts';
import {apiKeysSettings} from '../providers/apiKeysSettings.ts';
import {makeIntrospectionProvider} from '../providers/introspection.ts';
import {introspectionSettings} from '../providers/introspectionSettings.ts';
import {makeIssuerFamily} from '../providers/issuerFamily.ts';
import {isTemplate} from '../providers/issuerTemplate.ts';
import {makeOidcProvider} from '../providers/oidc.ts';
import {oidcSettings} from '../providers/oidcSettings.ts';
import {tenantsByClaim, vendor} from './vendor.ts';

export const oidc = vendor({
  settings: oidcSettings,
  make: (settings, parts) =>
    isTemplate(settings.issuer) ? makeIssuerFamily(settings, parts) : makeOidcProvider(settings, parts),
  traits: ({issuer, claims}) => ({
    tenants: isTemplate(issuer) ? 'any' : tenantsByClaim(claims),
    sharesFacts: false,
    credentials: {
      wanted: [{kind: 'issued', issuer}],
      takes: (one) => one.kind === 'issued' && one.issuer === issuer,
    },
  }),
  token: {issuer: ({issuer}) => issuer},
});

export const introspection = vendor({
  settings: introspectionSettings,
  make: makeIntrospectionProvider,
  traits: ({tokens, claims}) => ({
    tenants: tenantsByClaim(claims),
    sharesFacts: true,
    credentials: {
      wanted: tokens === 'any' ? [{kind: 'opaque'}, {kind: 'jwt'}] : [{kind: 'opaque'}],
      takes: ({kind}) => kind === 'opaque' || kind === 'vendorKey' || (tokens === 'any' && kind !== 'ownKey'),
    },
  }),
});

export const apiKeys = vendor({
  settings: apiKeysSettings,
  make: makeApiKeysProvider,
  traits: () => ({
    tenants: 'listed',
    sharesFacts: false,
    credentials: {wanted: [{kind: 'ownKey'}], takes: ({kind}, place) => kind === 'ownKey' || isTakenWhole(place)},
  }),
  files: ['file'],
});
