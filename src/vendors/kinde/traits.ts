// What the settings of a Kinde provider say of it.
import type {CredentialKind, Traits} from '../../core/traits.ts';
import type {KindeSettings} from './settings.ts';

const keys: CredentialKind = {kind: 'vendorKey', vendor: 'Kinde'};

export const traitsOfKinde = ({domain, apiKeys}: KindeSettings): Traits => ({
  tenants: 'any',
  sharesFacts: apiKeys !== undefined,
  credentials: {
    // One that takes API keys may stand below another for their sake alone.
    wanted: apiKeys === undefined ? [{kind: 'issued', issuer: domain}] : [keys],
    takes: (one) => (one.kind === 'issued' ? one.issuer === domain : apiKeys !== undefined && isKey(one)),
  },
});

const isKey = (one: CredentialKind): boolean => one.kind === 'vendorKey' && one.vendor === 'Kinde';
