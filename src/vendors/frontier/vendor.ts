// Raystack Frontier, for the table of vendors.
import {vendor} from '../vendor.ts';
import {makeFrontierSource} from './entitlements.ts';
import {makeFrontierProvider} from './provider.ts';
import {frontierSettings, frontierSource} from './settings.ts';

export const frontier = vendor({
  settings: frontierSettings,
  make: makeFrontierProvider,
  traits: ({tenant}) => ({tenants: tenant === 'none' ? 'none' : 'any', sharesFacts: true}),
  relations: true,
  token: {issuer: ({issuer}) => issuer},
  source: {
    settings: frontierSource,
    lookup: makeFrontierSource,
    given:
      'Frontier keeps who has which plan: subscribe the organisation there (its billing API, /v1beta1/organizations/ORG/billing/ID/subscriptions)',
    // Its check answers true or false.
    tells: {plans: false, grace: false, values: false, limits: false, offers: false},
  },
});
