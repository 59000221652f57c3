// Who has been given which plan, until when, and on what terms? Asked in the same time whatever the number of grants.
import {makeNames, type Names} from './grantNames.ts';
import {
  capacity,
  copy,
  countingSort,
  endOf,
  isSameGrant,
  makeRows,
  planOf,
  put,
  resized,
  tenantOf,
  termsOf,
  userOf,
} from './grantRows.ts';

/** How a plan is held: by a grant that is live, by one that has ended and holds on for a while, by one that is over. */
export const held = {never: 0, over: 1, grace: 2, live: 3} as const;
export type HeldState = (typeof held)[keyof typeof held];

/** Told of one grant. `end` in milliseconds since the epoch; Infinity: never; -Infinity: has been. */
export type Visit = (plan: number, terms: number, end: number) => void;

export interface GrantTable {
  /** The best way in which the tenant or the user holds any of these plans. */
  state(plans: readonly number[], tenant: string | undefined, user: string | undefined, now: number): HeldState;
  /** The best end, grace included, among all grants of a tenant and its users, of whatever plan, or NaN. */
  latestOf(tenant: string): number;
  /** How many grants a tenant and its users have together. */
  countOf(tenant: string): number;
  /** All grants of the tenant and the user: those of the whole tenant first, else in no order that means anything. */
  each(tenant: string | undefined, user: string | undefined, visit: Visit): void;
  /** Grants that are told apart: several of one plan, on the same terms, to the same holder are one, the best of them. */
  readonly size: number;
  /** The most grants of one plan that one holder has. */
  readonly most: number;
}

/** The terms of grants, by number from 1; 0 is none. */
export interface TermsTable {
  /** Milliseconds for which a grant holds after its end. */
  grace(terms: number): number;
  /** Two such grants are more than one of them. */
  adds(terms: number): boolean;
  /** How many there are. */
  readonly count: number;
}

// Names are numbered once, from 1; 0 in the place of a user stands for the whole tenant.
const wholeTenant = 0;

const noTenant = 0;

interface OfTenants {
  /** Until when, grace included, any grant of the tenant holds. */
  readonly ends: Float64Array;
  readonly counts: Uint32Array;
}

/** By the number of the tenant. */
const ofTenants = function* (
  rows: ReturnType<typeof makeRows>,
  length: number,
  terms: TermsTable,
  tenants: number,
  stride: number,
): Generator<void, OfTenants> {
  const counts = new Uint32Array(tenants + 1);
  const ends = new Float64Array(tenants + 1).fill(Number.NaN);
  for (let row = 0; row < length; row++) {
    const tenant = tenantOf(rows, row);
    const own = termsOf(rows, row);
    const end = endOf(rows, row) + (own === 0 ? 0 : terms.grace(own));
    if (!((ends[tenant] as number) >= end)) ends[tenant] = end;
    counts[tenant] = (counts[tenant] as number) + 1;
    if (row % stride === stride - 1) yield;
  }
  return {ends, counts};
};

const hash = (tenant: number, user: number): number => {
  // The finish of murmur3 (fmix32): consecutive numbers spread over all bits.
  let mixed = Math.imul(tenant, 0x9e3779b1) ^ Math.imul(user, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};

/** A bucket with more rows than this belongs to a holder of many plans, and is searched by halves. */
const shortBucket = 16;

/**
 * Grants come one by one through `add`; then `link`, a generator that stops to breathe, makes the table of them: sorted by
 * terms and plan, and then into hash buckets of (tenant, user), so that the rows of a holder lie together in order of
 * their plans. Every step is linear in the number of grants, whatever they hold.
 */
export const makeGrantTableBuilder = () => {
  const tenants = makeNames();
  const users = makeNames();
  let length = 0;
  let plans = 0;
  let unsorted = makeRows(1024);

  /** `plan` is a number from 0. `end` in milliseconds since the epoch; Infinity: never; -Infinity: has been. */
  const add = (plan: number, tenant: string, user: string | null, end: number, terms = 0): void => {
    if (length === capacity(unsorted)) unsorted = resized(unsorted, length * 2);
    const userNumber = user === null ? wholeTenant : users.number(user);
    put(unsorted, length++, {tenant: tenants.number(tenant), user: userNumber, plan, terms}, end);
    plans = Math.max(plans, plan + 1);
  };

  /** Once, when all are there. Yields after every `stride` rows. */
  const link = function* (stride: number, terms: TermsTable): Generator<void, GrantTable> {
    const given = unsorted;
    let order = (position: number): number => position;
    if (terms.count > 0) {
      const byTerms = new Int32Array(length);
      yield* countingSort(
        {length, keys: terms.count + 1, stride},
        order,
        (row) => termsOf(given, row),
        (row, position) => {
          byTerms[position] = row;
        },
      );
      order = (position) => byTerms[position] as number;
    }
    const byPlan = new Int32Array(length);
    yield* countingSort(
      {length, keys: plans, stride},
      order,
      (row) => planOf(given, row),
      (row, position) => {
        byPlan[position] = row;
      },
    );
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(length, 2)));
    let rows = makeRows(length);
    const starts = yield* countingSort(
      {length, keys: buckets, stride},
      (position) => byPlan[position] as number,
      (row) => hash(tenantOf(given, row), userOf(given, row)) & (buckets - 1),
      (row, position) => copy(given, row, rows, position),
    );
    unsorted = makeRows(0);

    // Several grants of one plan, on the same terms, to one holder become one, unless each of them adds something. They
    // lie in a run of the same plan and terms, which few holders share.
    let kept = 0;
    let most = 0;
    for (let bucket = 0, row = 0; bucket < buckets; bucket++) {
      const start = kept;
      let sharing = 0;
      for (const until = starts[bucket + 1] as number; row < until; row++) {
        let same = terms.adds(termsOf(rows, row)) ? start - 1 : kept - 1;
        while (
          same >= start &&
          planOf(rows, same) === planOf(rows, row) &&
          termsOf(rows, same) === termsOf(rows, row)
        ) {
          if (isSameGrant(rows, same, row)) break;
          same--;
        }
        if (same < start || !isSameGrant(rows, same, row)) {
          sharing = kept > start && planOf(rows, kept - 1) === planOf(rows, row) ? sharing + 1 : 1;
          most = Math.max(most, sharing);
          copy(rows, row, rows, kept++);
        } else if (endOf(rows, row) > endOf(rows, same)) copy(rows, row, rows, same);
        if (row % stride === stride - 1) yield;
      }
      starts[bucket] = start;
    }
    starts[buckets] = kept;
    rows = resized(rows, kept);
    const {ends, counts} = yield* ofTenants(rows, kept, terms, tenants.count(), stride);
    return {
      size: kept,
      most,
      latestOf: (tenant) => ends[tenants.find(tenant) ?? noTenant] as number,
      countOf: (tenant) => counts[tenants.find(tenant) ?? noTenant] as number,
      ...makeLookup({rows, starts, mask: buckets - 1, tenants, users, terms}),
    };
  };

  return {add, link};
};

interface Linked {
  readonly rows: ReturnType<typeof makeRows>;
  /** Where each bucket starts, and at last where all end. */
  readonly starts: Int32Array;
  readonly mask: number;
  readonly tenants: Names;
  readonly users: Names;
  readonly terms: TermsTable;
}

const makeLookup = ({rows, starts, mask, tenants, users, terms}: Linked): Pick<GrantTable, 'state' | 'each'> => {
  /** How one holder holds one plan. */
  const stateOf = (tenant: number, user: number, plan: number, now: number): HeldState => {
    const bucket = hash(tenant, user) & mask;
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
    const bucket = hash(tenant, user) & mask;
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
