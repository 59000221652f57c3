// The entitlement source of Kinde: flags from the token, and what was bought, from the account API.
import {z} from 'zod';
import type {Principal} from '../../core/principal.ts';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {LookedUpAmount, LookupSource, PrincipalGrants} from '../../entitlements/source.ts';
import {amountOfFlag, isFlagOn} from './flags.ts';
import type {KindeSourceSettings} from './settings.ts';

const dependency = 'entitlements';
const mostPages = 50;

/** One page, of which only what is read here is checked. */
const page = z.object({
  data: z.object({
    org_code: z.string().nullish(),
    plans: z.array(z.object({key: z.string().min(1).max(256)})).nullish(),
    entitlements: z.array(
      // Less than nothing is nothing that Kinde documents: not for us to say whether it means none or no limit.
      z.object({
        feature_key: z.string().min(1).max(256),
        entitlement_limit_max: z.number().min(0).max(Number.MAX_SAFE_INTEGER).nullish(),
      }),
    ),
  }),
  metadata: z.object({has_more: z.boolean(), next_page_starting_after: z.string().max(512).nullish()}),
});
type Page = z.output<typeof page>;

const nothing: PrincipalGrants = {features: {}};

/**
 * A principal has a feature if a boolean flag of this name is true in its token, or if the plan of its organisation
 * includes it. Flags that are numbers or texts are amounts, beside those that were bought. The account API answers to the user's own token, which is sent to the configured domain only, and only if
 * that domain has issued it: a machine, an API key and other providers' principals have nothing there.
 */
export const makeKindeSource = ({domain, from}: KindeSourceSettings, call: RemoteCall): LookupSource => {
  const hasFlag = ({claims}: Principal, feature: string) =>
    from.includes('flags') && issued(claims) && isFlagOn(claims, feature);
  const issued = (claims: Principal['claims']) => Object.hasOwn(claims, 'iss') && claims.iss === domain;
  const canAsk = ({kind, claims}: Principal) => from.includes('billing') && kind === 'user' && issued(claims);

  const bought = async (principal: Principal, token: string, deadline: number): Promise<PrincipalGrants> => {
    const features = new Set<string>();
    const plans = new Set<string>();
    const amounts = new Map<string, LookedUpAmount>();
    let after: string | undefined;
    for (let count = 0; count < mostPages; count++) {
      const {data, metadata} = await getPage(token, after, deadline);
      if (data.org_code && principal.tenant !== undefined && data.org_code !== principal.tenant) {
        fail('it answered for another organisation');
      }
      for (const {feature_key: feature, entitlement_limit_max: most} of data.entitlements) {
        // Nought of something is nothing.
        if (most === 0) continue;
        features.add(feature);
        // Of two of one feature the greater, as everywhere.
        const other = amounts.get(feature)?.amount;
        if (typeof most === 'number' && !(typeof other === 'number' && other >= most))
          amounts.set(feature, {amount: most});
      }
      for (const {key} of data.plans ?? []) plans.add(key);
      if (!metadata.has_more) {
        const held = Object.fromEntries([...features].map((feature) => [feature, null]));
        const told = {
          ...(plans.size > 0 && {plans: [...plans]}),
          ...(amounts.size > 0 && {amounts: Object.fromEntries(amounts)}),
        };
        return {features: held, ...told};
      }
      const next = metadata.next_page_starting_after;
      if (!next || next === after) return fail('it says that there is more, and not where');
      after = next;
    }
    return fail(`it has more than ${mostPages} pages`);
  };

  const getPage = async (token: string, after: string | undefined, deadline: number): Promise<Page> => {
    const query = after === undefined ? '' : `?starting_after=${encodeURIComponent(after)}`;
    const url = `${domain}/account_api/v1/entitlements${query}`;
    const answer = await call(dependency, {method: 'GET', url, headers: {authorization: `Bearer ${token}`}}, deadline);
    return jsonOf(dependency, answer, page);
  };

  const keyOfBought = (principal: Principal): string =>
    `bought:${JSON.stringify([domain, principal.tenant ?? null, principal.subject])}`;

  return {
    name: 'kinde',
    asksWithToken: true,
    keyOf(principal, feature) {
      if (feature === undefined) return 'permission';
      if (hasFlag(principal, feature)) return `flag:${feature}`;
      if (!canAsk(principal)) return 'nobody';
      return keyOfBought(principal);
    },
    holdings: {
      keyOf: (principal) => (canAsk(principal) ? keyOfBought(principal) : 'nobody'),
      own: ({claims}, feature) =>
        from.includes('flags') && issued(claims) ? amountOfFlag(claims, feature) : undefined,
      lookup: async (principal, credential, deadline) => {
        if (!canAsk(principal)) return nothing;
        return credential === undefined
          ? fail('it can only be asked with the token of the user')
          : bought(principal, credential, deadline);
      },
    },
    async lookup(principal, feature, credential, deadline) {
      // Kinde links no permission to a feature, so none can have been bought: `entitledPermissions` is refused.
      if (feature === undefined) return nothing;
      if (hasFlag(principal, feature)) return {features: Object.fromEntries([[feature, null]])};
      if (!canAsk(principal)) return nothing;
      return credential === undefined
        ? fail('it can only be asked with the token of the user')
        : bought(principal, credential, deadline);
    },
  };
};

const fail = (what: string): never => {
  throw new Unavailable(dependency, new Error(`the account API of Kinde: ${what}`));
};
