// Which tenants a provider may speak for: a partner's issuer could else name a tenant that is not its own.
import {shownList, wantedGot} from '../core/misfit.ts';
import type {Authentication, Provider} from './provider.ts';

/** A list, or a pattern in which `*` is any run of characters. */
export type Tenants = readonly string[] | {readonly pattern: string};

/** Whether a provider may speak for a tenant. Undefined: for any. */
export const tenantTest = (tenants: Tenants | undefined): ((tenant: string) => boolean) => {
  if (tenants === undefined) return () => true;
  if (!('pattern' in tenants)) {
    const allowed = new Set(tenants);
    return (tenant) => allowed.has(tenant);
  }
  const parts = tenants.pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const form = new RegExp(`^${parts.join('.*')}$`, 's');
  return (tenant) => tenant.length <= 256 && form.test(tenant);
};

/** The setting in words, for the log. */
export const shownTenants = (tenants: Tenants): string =>
  'pattern' in tenants ? `one like "${tenants.pattern}"` : shownList(tenants);

/**
 * The provider, whose principals are refused unless they are of one of these tenants: `wrong_tenant`, and `missing_tenant`
 * where the credential names none. Undefined: it may speak for any. Looked at on every request, cached principals too.
 */
export const withTenants = (provider: Provider, tenants: Tenants | undefined): Provider => {
  if (tenants === undefined) return provider;
  const isAllowed = tenantTest(tenants);
  return {
    ...provider,
    async authenticate(credential, context): Promise<Authentication> {
      const found = await provider.authenticate(credential, context);
      if (found.verified === undefined) return found;
      const {verified, ...rest} = found;
      if (verified.tenant !== undefined && isAllowed(verified.tenant)) return found;
      const detail = wantedGot('tenant', shownTenants(tenants), verified.tenant);
      return {...rest, rejected: verified.tenant === undefined ? 'missing_tenant' : 'wrong_tenant', detail};
    },
  };
};
