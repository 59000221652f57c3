// Issuers of one family, `https://login.example/{tenant}/v2.0`: a provider for each tenant, made when its first token comes.

import {makePlace} from '../core/credential/places.ts';
import type {Health} from '../core/health.ts';
import type {Principal} from '../core/principal.ts';
import type {Trial} from '../core/trial.ts';
import {Unavailable} from '../core/unavailable.ts';
import {makeWithin} from '../core/within.ts';
import {type Misfit, shownValue, wantedGot} from '../core/words/misfit.ts';
import {makeReadPrincipal} from './claims.ts';
import {makeIssuerTemplate} from './issuerTemplate.ts';
import {keysAtUrl, keysByDiscovery, NotPublished} from './jwks.ts';
import {type Claims, longestToken, malformedDetail} from './jwtForm.ts';
import {jwtMisfit} from './jwtMisfit.ts';
import {type KeyKeeper, makeKeyKeeper} from './keyKeeper.ts';
import {keysTrial} from './keysTrial.ts';
import {type JwtProviderSettings, keysIdentity, makeIssuerProvider, type ProviderParts} from './oidc.ts';
import type {Provider} from './provider.ts';
import {namedTenants, shownTenants, tenantTest} from './tenants.ts';
import {tokenOf} from './tokensOf.ts';

/** Tenants with a provider at once; the one that was used longest ago makes room. */
const mostMembers = 2_000;
/** Tenants of which is known that their issuer does not exist, for so long (milliseconds): who makes names up costs no more. */
const mostUnknown = 10_000;
const unknownFor = 60_000;
/** Issuers that are asked for the first time, at once: a flood of made-up names must not become one of questions. */
const mostAsked = 8;
/** Keys of listed tenants that are fetched at the start. */
const mostAhead = 64;

interface Member {
  readonly provider: Provider;
  readonly keys: KeyKeeper;
}

/**
 * The tenant is that of the issuer, and the claim of `claims.tenant`, if it is named, must say the same. Keys are those of
 * one `jwksUri` for all, or each issuer's own: then a tenant counts once its keys could be fetched, and no name that a token
 * makes up leads to another host, for the template fixes it.
 */
export const makeIssuerFamily = (settings: JwtProviderSettings, parts: ProviderParts): Provider => {
  const {name, issuer, jwksUri, jwks} = settings;
  const tenants = namedTenants(settings.tenants);
  const dependency = `keys:${name}`;
  const template = makeIssuerTemplate(issuer);
  const isAllowed = tenantTest(tenants);
  const read = makeReadPrincipal(name, settings.claims);
  const within = makeWithin(parts.now, parts.after);
  const steady = (): number => parts.steady?.() ?? parts.now();
  const members = new Map<string, Member>();
  const asked = new Map<string, Promise<Member | undefined>>();
  const unknown = new Map<string, number>();

  const shared = jwksUri !== undefined && !jwksUri.includes('{');
  const keeperOf = (tenant: string): KeyKeeper => {
    const url = jwksUri === undefined ? undefined : template.filled(jwksUri, tenant);
    const from = template.filled(issuer, tenant);
    const fetch =
      url === undefined
        ? keysByDiscovery(parts.call, dependency, from, settings.insecure, jwks.token)
        : keysAtUrl(parts.call, dependency, url, jwks.token);
    const keptKeys = parts.keepKeys?.(name, keysIdentity(from, url), tenant === '' ? undefined : tenant);
    return makeKeyKeeper({...parts, dependency, timing: jwks, fetch, keptKeys});
  };
  const ofAll = shared ? keeperOf('') : undefined;

  /** The principal of this tenant's issuer, or why its claims do not fit. */
  const principalOf =
    (tenant: string) =>
    (claims: Claims): Principal | Misfit | undefined => {
      const principal = read(claims);
      if (principal === undefined || settings.claims.tenant === undefined) return principal && {...principal, tenant};
      if (principal.tenant === tenant) return principal;
      const got = `got ${principal.unread?.tenant ?? shownValue(principal.tenant)}`;
      const detail = `tenant: wanted that of the issuer, ${shownValue(tenant)}, ${got}`;
      return {reason: principal.tenant === undefined ? 'missing_tenant' : 'wrong_issuer', detail};
    };

  const join = (tenant: string, keys: KeyKeeper): Member => {
    const own = {...settings, issuer: template.filled(issuer, tenant)};
    const member = {keys, provider: makeIssuerProvider(own, keys, parts, principalOf(tenant))};
    members.set(tenant, member);
    if (members.size > mostMembers) {
      const [oldest = '', left] = members.entries().next().value ?? [];
      members.delete(oldest);
      if (!shared) left?.keys.close();
    }
    return member;
  };

  /** The member, moved to the young end. */
  const memberOf = (tenant: string): Member | undefined => {
    const member = members.get(tenant);
    if (member === undefined) return ofAll && join(tenant, ofAll);
    members.delete(tenant);
    members.set(tenant, member);
    return member;
  };

  const isUnknown = (tenant: string): boolean => {
    const since = unknown.get(tenant);
    return since !== undefined && steady() - since < unknownFor;
  };

  /** Asks an issuer for the first time. Undefined: it does not exist. Rejects with Unavailable where that cannot be known. */
  const meet = async (tenant: string): Promise<Member | undefined> => {
    const keys = keeperOf(tenant);
    try {
      await keys.start();
      const fault = keys.fault();
      // Those that were kept of it will do while it is away.
      if (fault === undefined || keys.size() > 0) return join(tenant, keys);
      keys.close();
      if (!(fault.cause instanceof NotPublished)) throw fault;
      unknown.delete(tenant);
      unknown.set(tenant, steady());
      if (unknown.size > mostUnknown) unknown.delete(unknown.keys().next().value ?? '');
      return undefined;
    } finally {
      asked.delete(tenant);
    }
  };

  const first = (tenant: string, deadline: number): Promise<Member | undefined> => {
    let pending = asked.get(tenant);
    if (pending === undefined) {
      if (asked.size >= mostAsked)
        return Promise.reject(new Unavailable(dependency, new Error('too many issuers are asked for the first time')));
      pending = meet(tenant);
      // Whoever waits is told; nobody may wait any more.
      pending.catch(() => undefined);
      asked.set(tenant, pending);
    }
    return within(dependency, pending, deadline);
  };

  const listed = tenants !== undefined && !('pattern' in tenants) ? tenants.slice(0, mostAhead) : [];
  const ahead = listed.filter((tenant) => isTenant(tenant, template, issuer));
  /** Of the first of the listed tenants, which tells whether the template leads anywhere. */
  const trial: Trial = {
    what: 'keys',
    async run(deadline) {
      const [tenant] = ahead;
      if (tenant === undefined) return {found: 'not tried: each tenant is met when its first token comes'};
      const known = template.filled(issuer, tenant);
      if ((await first(tenant, deadline)) !== undefined) return {found: `those of "${known}" are there`};
      throw new Unavailable(dependency, new Error(`there is no issuer "${known}": look at issuer and tenants`));
    },
  };

  const tenantIn = (value: string, request: Parameters<typeof tokenOf>[0]): string | undefined =>
    value.length > longestToken ? undefined : template.tenantOf(tokenOf(request, value)?.claims.iss);

  return {
    name,
    places: settings.credentials.map(makePlace),
    accepts(credential, request) {
      const tenant = tenantIn(credential.value, request);
      return tenant !== undefined && isAllowed(tenant) ? credential : undefined;
    },
    misfit(credential, request) {
      const misfit = jwtMisfit(credential.value, issuer, request);
      const tenant = template.tenantOf(misfit.issuer);
      return tenant === undefined || tenants === undefined
        ? misfit
        : {reason: 'wrong_tenant', detail: wantedGot('tenant of the issuer', shownTenants(tenants), tenant)};
    },
    tenantOf: ({value}, request) => tenantIn(value, request),
    async authenticate(credential, context) {
      const tenant = tenantIn(credential.value, context.request);
      if (tenant === undefined) return {rejected: 'malformed_credential', detail: malformedDetail(credential.value)};
      const missing = {
        rejected: 'wrong_issuer',
        detail: `iss: no issuer is published for the tenant ${shownValue(tenant)}`,
      } as const;
      const known = memberOf(tenant);
      if (known === undefined && isUnknown(tenant)) return missing;
      const member = known ?? (await first(tenant, context.deadline));
      return member === undefined ? missing : member.provider.authenticate(credential, context);
    },
    health: () => (ofAll ? [ofAll.health()] : [healthOf(dependency.replace(':', ' '), members)]),
    keysShown: () => (ofAll ? ofAll.shown() : [...members.values()].flatMap(({keys}) => keys.shown())),
    keysAge: (now) =>
      ofAll
        ? ofAll.age(now)
        : [...members.values()].reduce(
            (age: number | undefined, {keys}) => Math.max(age ?? 0, keys.age(now) ?? 0),
            undefined,
          ),
    trials: ofAll === undefined ? [trial] : [keysTrial(ofAll, `${jwksUri}, for all tenants`)],
    async start() {
      if (ofAll !== undefined) return ofAll.start();
      for (const tenant of ahead) await first(tenant, Number.POSITIVE_INFINITY).catch(() => undefined);
    },
    async close() {
      ofAll?.close();
      for (const {keys} of members.values()) keys.close();
    },
  };
};

const isTenant = (tenant: string, template: ReturnType<typeof makeIssuerTemplate>, issuer: string): boolean =>
  template.tenantOf(template.filled(issuer, tenant)) === tenant;

/** One tenant's keys are one tenant's outage. */
const healthOf = (part: string, members: ReadonlyMap<string, Member>): Health => {
  const away = [...members].filter(([, {keys}]) => keys.health().state !== 'ready').map(([tenant]) => tenant);
  if (away.length === 0) return {part, state: 'ready'};
  const more = away.length > 3 ? ` and ${away.length - 3} more` : '';
  const detail = `The keys of ${away.slice(0, 3).join(', ')}${more} cannot be fetched; it is tried again and again.`;
  return {part, state: 'degraded', detail};
};
