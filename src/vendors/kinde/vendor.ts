// Kinde, for the table of vendors.
import {vendor} from '../vendor.ts';
import {makeKindeSource} from './entitlements.ts';
import {makeKindeProvider} from './provider.ts';
import {kindeSettings, kindeSourceSettings} from './settings.ts';
import {traitsOfKinde} from './traits.ts';

export const kinde = vendor({
  settings: kindeSettings,
  make: makeKindeProvider,
  traits: traitsOfKinde,
  token: {issuer: ({domain}) => domain},
  source: {
    settings: kindeSourceSettings,
    lookup: (settings, {call}) => makeKindeSource(settings, call),
    given:
      "Kinde keeps who has which plan: change the organisation's plan there (Billing, or a feature flag of the organisation)",
    notAsked:
      "Kinde says what was bought to the user's own token only: postern explain GET /path --token @file asks with it, and postern explain --decision ID tells of a request that was refused",
    // Its upper limits are of no unit of time.
    tells: {plans: true, grace: false, values: true, limits: false, offers: false},
  },
});
