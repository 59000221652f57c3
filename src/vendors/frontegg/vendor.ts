// Frontegg, for the table of vendors.
import {vendor} from '../vendor.ts';
import {makeFronteggSource} from './entitlements.ts';
import {makeFronteggProvider} from './provider.ts';
import {baseOf, fronteggSettings, fronteggSourceSettings} from './settings.ts';
import {traitsOfFrontegg} from './traits.ts';

export const frontegg = vendor({
  settings: fronteggSettings,
  make: makeFronteggProvider,
  traits: traitsOfFrontegg,
  token: {issuer: (settings) => settings.issuer ?? baseOf(settings)},
  source: {
    settings: fronteggSourceSettings,
    snapshot: makeFronteggSource,
    given:
      'Frontegg keeps who has which plan: assign it there (portal, Entitlements > Plans, or its API /entitlements/resources/entitlements/v2)',
    tells: {plans: true, grace: false, values: false, limits: false, offers: true},
  },
});
