// Amazon Cognito, for the table of vendors.
import {tenantsByClaim, vendor} from '../vendor.ts';
import {issuerOf, makeCognitoProvider} from './provider.ts';
import {cognitoSettings} from './settings.ts';

export const cognito = vendor({
  settings: cognitoSettings,
  make: makeCognitoProvider,
  traits: ({claims}) => ({tenants: tenantsByClaim(claims), sharesFacts: false}),
  token: {issuer: issuerOf, claims: {token_use: 'access', client_id: 'app'}},
});
