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
  source: {settings: kindeSourceSettings, lookup: (settings, {call}) => makeKindeSource(settings, call)},
});
