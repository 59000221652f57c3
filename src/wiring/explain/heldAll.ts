// All that somebody holds, for whoever asks about a tenant: also plain features, and the grants that are over.
import type {Entitled, EntitlementStore, HeldGrant} from '../../core/entitlement/entitlement.ts';
import {principalNamed} from '../../core/principalNamed.ts';
import {type GrantShown, type HeldAll, type HeldState, heldAnswer} from './heldAnswer.ts';

/** How many grants are told of a tenant and one of its users. */
export const mostGrants = 1_000;

/**
 * Rules that look at a token or a request find neither. Throws or rejects with Unavailable where there are no facts.
 * `wanted`: what a source that lists nothing is asked about.
 */
export const heldAll = async (
  store: Pick<EntitlementStore, 'entitled' | 'holdings' | 'catalog' | 'grantsOf'>,
  {tenant, user}: {readonly tenant: string; readonly user?: string | undefined},
  now: number,
  wanted: () => readonly string[] = () => [],
): Promise<HeldAll> => {
  const principal = principalNamed({tenant, user}, 'none');
  const catalog = store.catalog();
  const names = catalog === undefined ? wanted() : [...catalog.features.keys()];
  const holdings = await store.holdings(principal, names, new Map(), now);
  const features: {feature: string; state: HeldState}[] = [];
  for (const feature of names) {
    const state = stateOf(await store.entitled(principal, {feature}, new Map(), now));
    if (state !== undefined) features.push({feature, state});
  }
  const grants = store
    .grantsOf?.(tenant, user, mostGrants)
    .map((grant) => grantShown(grant, now))
    .sort(byHolder);
  const asked = catalog === undefined && {asked: names};
  return {...heldAnswer({tenant, user}, holdings), features, ...(grants && {grants}), ...asked};
};

/** The tenant's first, by plan: the table of grants has no order. */
const byHolder = (a: GrantShown, b: GrantShown): number => {
  if (a.of !== b.of) return a.of === 'tenant' ? -1 : 1;
  return a.plan === b.plan ? 0 : a.plan < b.plan ? -1 : 1;
};

export const grantShown = ({plan, of, end, graceEnd}: HeldGrant, now: number): GrantShown => ({
  plan,
  of,
  end: timeOf(end),
  ...(graceEnd !== undefined && {graceEnd: timeOf(graceEnd)}),
  state: end === null || end > now ? 'live' : graceEnd !== undefined && graceEnd > now ? 'grace' : 'over',
});

const stateOf = (answer: Entitled): HeldState | undefined => {
  if (answer.entitled) return answer.grace === true ? 'grace' : 'live';
  return answer.justification === 'bundle-expired' ? 'over' : undefined;
};

/** A date that could not be read has been: it is not shown as one. */
const timeOf = (time: number | null): string | null =>
  time === null || !Number.isFinite(time) || Math.abs(time) > 8.64e15 ? null : new Date(time).toISOString();
