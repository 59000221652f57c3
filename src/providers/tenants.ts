// Which tenants a provider may speak for: a partner's issuer could else name a tenant that is not its own.
import {shownList, wantedGot} from '../core/misfit.ts';
import type {Authentication, Provider} from './provider.ts';

/**
 * The provider, whose principals are refused unless they are of one of these tenants: `wrong_tenant`, and `missing_tenant`
 * where the credential names none. Undefined: it may speak for any. Looked at on every request, cached principals too.
 */
export const withTenants = (provider: Provider, tenants: readonly string[] | undefined): Provider => {
  if (tenants === undefined) return provider;
  const allowed = new Set(tenants);
  return {
    ...provider,
    async authenticate(credential, context): Promise<Authentication> {
      const found = await provider.authenticate(credential, context);
      if (found.verified === undefined) return found;
      const {verified, ...rest} = found;
      if (verified.tenant !== undefined && allowed.has(verified.tenant)) return found;
      const detail = wantedGot('tenant', shownList(tenants), verified.tenant);
      return {...rest, rejected: verified.tenant === undefined ? 'missing_tenant' : 'wrong_tenant', detail};
    },
  };
};
