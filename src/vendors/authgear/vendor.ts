// Authgear, for the table of vendors.
import {tenantsByClaim, vendor} from '../vendor.ts';
import {makeAuthgearProvider} from './provider.ts';
import {authgearSettings} from './settings.ts';

export const authgear = vendor({
  settings: authgearSettings,
  make: makeAuthgearProvider,
  traits: ({mode, claims}) => ({tenants: tenantsByClaim(claims), sharesFacts: mode !== 'jwt'}),
  // It issues access tokens for its own endpoint.
  token: {
    issuer: ({endpoint}) => endpoint,
    audience: ({audience, endpoint}) => audience?.[0] ?? endpoint,
    type: 'at+jwt',
  },
});
