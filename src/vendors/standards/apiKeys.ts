// API keys of one's own, for the table of vendors.
import {isTakenWhole, makeApiKeysProvider} from '../../providers/apiKeys.ts';
import {apiKeysSettings} from '../../providers/apiKeysSettings.ts';
import {vendor} from '../vendor.ts';

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
