// Which tenants a provider may speak for: a partner's issuer could else name a tenant that is not its own.
import {shownList, tenantMisfit} from '../core/words/misfit.ts';
import type {Authentication, Provider} from './provider.ts';

/** A list, or a pattern in which `*` is any run of characters. */
export type NamedTenants = readonly string[] | {readonly pattern: string};
/** `granted`: those that have a live grant, which only the entitlements know. */
export type Tenants = NamedTenants | 'granted';

/** Whether a tenant has a live grant at `now`, milliseconds since the epoch. Throws Unavailable where that is not known. */
export type IsGranted = (tenant: string, now: number) => boolean;

/** Whether a provider may speak for a tenant. Undefined: for any. */
export const tenantTest = (tenants: NamedTenants | undefined): ((tenant: string) => boolean) => {
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
export const shownTenants = (tenants: NamedTenants): string =>
  'pattern' in tenants ? `one like "${tenants.pattern}"` : shownList(tenants);

/** What is written down; undefined where nothing is, or where it is left to the grants. */
export const namedTenants = (tenants: Tenants | undefined): NamedTenants | undefined =>
  tenants === 'granted' ? undefined : tenants;

/**
 * The provider, whose principals are refused unless they are of one of these tenants: `wrong_tenant`, and `missing_tenant`
 * where the credential names none. Undefined: it may speak for any. Looked at on every request, cached principals too.
 */
export const withTenants = (provider: Provider, tenants: NamedTenants | undefined): Provider => {
  if (tenants === undefined) return provider;
  const isAllowed = tenantTest(tenants);
  return {
    ...provider,
    authenticate: async (credential, context) =>
      ofTenants(await provider.authenticate(credential, context), isAllowed, () => shownTenants(tenants)),
  };
};

/**
 * The same with the tenants that have a live grant at the moment of each request: one that is granted counts at once, and
 * where the grants are not known nobody is refused, but `unavailable`. Of a family of issuers the tenant is looked at before
 * anything else, so that a name that a token makes up leads to no question.
 */
export const withGrantedTenants = (provider: Provider, isGranted: IsGranted): Provider => ({
  ...provider,
  async authenticate(credential, context) {
    const isAllowed = (tenant: string): boolean => isGranted(tenant, context.now);
    const named = provider.tenantOf?.(credential, context.request);
    if (named !== undefined && !isAllowed(named))
      return {rejected: 'wrong_tenant', detail: tenantMisfit(granted, named, undefined)};
    return ofTenants(await provider.authenticate(credential, context), isAllowed, () => granted);
  },
});

const granted = 'one with a live grant';

const ofTenants = (
  found: Authentication,
  isAllowed: (tenant: string) => boolean,
  wanted: () => string,
): Authentication => {
  if (found.verified === undefined) return found;
  const {verified, ...rest} = found;
  const {tenant} = verified;
  if (tenant !== undefined && isAllowed(tenant)) return found;
  return {
    ...rest,
    rejected: tenant === undefined ? 'missing_tenant' : 'wrong_tenant',
    detail: tenantMisfit(wanted(), tenant, verified.unread?.tenant),
  };
};
