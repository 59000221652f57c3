// What a tenant, or one of its users, has: plans, when they end, features, and how much of each.
import {type AdminAnswer, type AdminRoute, json} from '../../admin/route.ts';
import type {EntitlementStore, Holding} from '../../core/entitlement/entitlement.ts';
import {principalNamed} from '../../core/principalNamed.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {grantShown, mostGrants} from '../explain/heldAll.ts';
import {heldAmount} from '../explain/heldAnswer.ts';

export interface EntitlementsShownParts {
  readonly store: () => EntitlementStore;
  /** The type of the source; undefined: the setting is missing. */
  readonly source: () => string | undefined;
  readonly now: () => number;
  readonly redact: (json: string) => string;
}

const mostFeatures = 1_000;
const longest = 512;

/** GET /entitlements?tenant=acme&user=alice. It needs the admin token; what is wrong is said in the answer. */
export const makeEntitlementsRoute = ({store, source, now, redact}: EntitlementsShownParts): AdminRoute => ({
  method: 'GET',
  path: '/entitlements',
  token: true,
  about: 'What a tenant has: ?tenant=acme&user=alice',
  handle: ({query}) => {
    const asked = askedOf(query);
    if (typeof asked === 'string') return refused(400, 'bad_request', asked);
    const type = source();
    if (type === undefined) return refused(404, 'not_configured', 'The setting entitlements is missing.');
    try {
      const body = shownOf(store(), asked, now());
      if (body === undefined) return refused(409, 'not_listed', notListed(type));
      return {...json(200, {}), body: redact(`${JSON.stringify({source: type, ...body}, null, 2)}\n`)};
    } catch (error) {
      if (error instanceof Unavailable) return refused(503, 'unavailable', error.message);
      throw error;
    }
  },
});

interface Asked {
  readonly tenant: string;
  readonly user?: string;
}

const askedOf = (query: URLSearchParams): Asked | string => {
  const tenant = query.get('tenant');
  const user = query.get('user') ?? '';
  if (tenant === null || tenant === '' || tenant.length > longest || user.length > longest) {
    return `tenant is a text of 1 to ${longest} characters, user of as many at most.`;
  }
  return {tenant, ...(user !== '' && {user})};
};

const notListed = (type: string) =>
  `The source ${type} is asked about one principal at a time, with its token: explain a request to see what it has.`;

/** Undefined: only the source knows. Rules that look at a token or a request find neither. */
const shownOf = (store: EntitlementStore, {tenant, user}: Asked, now: number): object | undefined => {
  const catalog = store.catalog();
  const grants = store.grantsOf?.(tenant, user, mostGrants);
  if (catalog === undefined || grants === undefined) return undefined;
  const principal = principalNamed({tenant, user}, 'none');
  const features = [...catalog.features].slice(0, mostFeatures);
  const names = features.map(([feature]) => feature);
  const holdings = store.holdings(principal, names, new Map(), now);
  if (holdings instanceof Promise) return undefined;
  return {
    tenant,
    ...(user !== undefined && {user}),
    plans: holdings.plans,
    grants: grants.map((grant) => grantShown(grant, now)),
    features: features.map(([feature, {permissions}]) => {
      const answer = store.entitled(principal, {feature}, new Map(), now);
      return {feature, permissions, ...answer, ...amountOf(holdings.amounts.get(feature))};
    }),
    ...(catalog.features.size > features.length && {moreFeatures: catalog.features.size - features.length}),
  };
};

/** How much there is of it, and where that comes from. */
const amountOf = (holding: Holding | undefined): object => {
  if (holding === undefined) return {};
  const {grace: _, ...amount} = heldAmount(holding);
  return amount;
};

const refused = (status: number, error: string, detail: string): AdminAnswer => json(status, {error, detail});
