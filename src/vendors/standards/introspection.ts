// Token introspection (RFC 7662), for the table of vendors.
import {makeIntrospectionProvider} from '../../providers/introspection.ts';
import {introspectionSettings} from '../../providers/introspectionSettings.ts';
import {tenantsByClaim, vendor} from '../vendor.ts';

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
