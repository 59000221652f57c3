// How somebody holds a plan: one hash bucket is looked at, whatever the number of grants.
import type {Names} from './grantNames.ts';
import {endOf, planOf, type Rows, tenantOf, termsOf, userOf} from './grantRows.ts';
import type {TermsTable} from './grantTerms.ts';

/** How a plan is held: by a grant that is live, by one that has ended and holds on for a while, by one that is over. */
export const held = {never: 0, over: 1, grace: 2, live: 3} as const;
export type HeldState = (typeof held)[keyof typeof held];

/** Told of one grant. `end` in milliseconds since the epoch; Infinity: never; -Infinity: has been. */
export type Visit = (plan: number, terms: number, end: number) => void;

export interface GrantLookup {
  /** The best way in which the tenant or the user holds any of these plans. */
  state(plans: readonly number[], tenant: string | undefined, user: string | undefined, now: number): HeldState;
  /** All grants of the tenant and the user: those of the whole tenant first, else in no order that means anything. */
  each(tenant: string | undefined, user: string | undefined, visit: Visit): void;
}

/** In the place of a user's number: the whole tenant. Names are numbered from 1. */
export const wholeTenant = 0;

/** Which bucket holds the grants of a holder, before the mask. */
export const hashOf = (tenant: number, user: number): number => {
  // The finish of murmur3 (fmix32): consecutive numbers spread over all bits.
  let mixed = Math.imul(tenant, 0x9e3779b1) ^ Math.imul(user, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};

/** A bucket with more rows than this belongs to a holder of many plans, and is searched by halves. */
const shortBucket = 16;

export interface Linked {
  readonly rows: Rows;
  /** Where each bucket starts, and at last where all end. */
  readonly starts: Int32Array;
  readonly mask: number;
  readonly tenants: Names;
  readonly users: Names;
  readonly terms: TermsTable;
}

export const makeGrantLookup = ({rows, starts, mask, tenants, users, terms}: Linked): GrantLookup => {
  /** How one holder holds one plan. */
  const stateOf = (tenant: number, user: number, plan: number, now: number): HeldState => {
    const bucket = hashOf(tenant, user) & mask;
    const until = starts[bucket + 1] as number;
    let row = starts[bucket] as number;
    if (until - row > shortBucket) {
      for (let high = until; row < high; ) {
        const middle = (row + high) >>> 1;
        if (planOf(rows, middle) < plan) row = middle + 1;
        else high = middle;
      }
    }
    let best: HeldState = held.never;
    for (; row < until && planOf(rows, row) <= plan; row++) {
      if (planOf(rows, row) !== plan || tenantOf(rows, row) !== tenant || userOf(rows, row) !== user) continue;
      const end = endOf(rows, row);
      if (end > now) return held.live;
      const own = termsOf(rows, row);
      if (own !== 0 && end + terms.grace(own) > now) best = held.grace;
      else if (best === held.never) best = held.over;
    }
    return best;
  };

  const visitHolder = (tenant: number, user: number, visit: Visit): void => {
    const bucket = hashOf(tenant, user) & mask;
    const until = starts[bucket + 1] as number;
    for (let row = starts[bucket] as number; row < until; row++) {
      if (tenantOf(rows, row) !== tenant || userOf(rows, row) !== user) continue;
      visit(planOf(rows, row), termsOf(rows, row), endOf(rows, row));
    }
  };

  return {
    state(plans, tenantName, userName, now) {
      const tenant = tenantName === undefined ? undefined : tenants.find(tenantName);
      if (tenant === undefined) return held.never;
      const user = userName === undefined ? undefined : users.find(userName);
      let best: HeldState = held.never;
      for (const plan of plans) {
        const shared = stateOf(tenant, wholeTenant, plan, now);
        if (shared === held.live) return shared;
        if (shared > best) best = shared;
        if (user === undefined) continue;
        const own = stateOf(tenant, user, plan, now);
        if (own === held.live) return own;
        if (own > best) best = own;
      }
      return best;
    },
    each(tenantName, userName, visit) {
      const tenant = tenantName === undefined ? undefined : tenants.find(tenantName);
      if (tenant === undefined) return;
      visitHolder(tenant, wholeTenant, visit);
      const user = userName === undefined ? undefined : users.find(userName);
      if (user !== undefined) visitHolder(tenant, user, visit);
    },
  };
};
