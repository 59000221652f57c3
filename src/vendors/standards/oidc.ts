// Any OpenID provider, for the table of vendors.
import {makeIssuerFamily} from '../../providers/issuerFamily.ts';
import {isTemplate} from '../../providers/issuerTemplate.ts';
import {makeOidcProvider} from '../../providers/oidc.ts';
import {oidcSettings} from '../../providers/oidcSettings.ts';
import {tenantsByClaim, vendor} from '../vendor.ts';

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
