// Until when has whom been given a plan? Asked in the same time whatever the number of grants.
import {makeNames, type Names} from './grantNames.ts';
import {capacity, copy, countingSort, endOf, makeRows, planOf, put, resized, tenantOf, userOf} from './grantRows.ts';

export interface GrantTable {
  /** The best end among a tenant's and a user's grants of any of these plans, or NaN if there are none. */
  latest(plans: readonly number[], tenant: string | undefined, user: string | undefined): number;
  /** The best end among all grants of a tenant and its users, of whatever plan, or NaN if there are none. */
  latestOf(tenant: string): number;
  /** Grants that are told apart: several of one plan to the same holder are one, the best of them. */
  readonly size: number;
}

// Names are numbered once, from 1; 0 in the place of a user stands for the whole tenant.
const wholeTenant = 0;

const noTenant = 0;

/** By the number of the tenant. */
const endsOf = function* (
  rows: ReturnType<typeof makeRows>,
  length: number,
  tenants: number,
  stride: number,
): Generator<void, Float64Array> {
  const ends = new Float64Array(tenants + 1).fill(Number.NaN);
  for (let row = 0; row < length; row++) {
    const tenant = tenantOf(rows, row);
    const end = endOf(rows, row);
    if (!((ends[tenant] as number) >= end)) ends[tenant] = end;
    if (row % stride === stride - 1) yield;
  }
  return ends;
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
 * plan, and then into hash buckets of (tenant, user), so that the rows of a holder lie together in order of their plans.
 * Every step is linear in the number of grants, whatever they hold.
 */
export const makeGrantTableBuilder = () => {
  const tenants = makeNames();
  const users = makeNames();
  let length = 0;
  let plans = 0;
  let unsorted = makeRows(1024);

  /** `plan` is a number from 0. `end` in milliseconds since the epoch; Infinity: never; -Infinity: has been. */
  const add = (plan: number, tenant: string, user: string | null, end: number): void => {
    if (length === capacity(unsorted)) unsorted = resized(unsorted, length * 2);
    const userNumber = user === null ? wholeTenant : users.number(user);
    put(unsorted, length++, tenants.number(tenant), userNumber, plan, end);
    plans = Math.max(plans, plan + 1);
  };

  /** Once, when all are there. Yields after every `stride` rows. */
  const link = function* (stride: number): Generator<void, GrantTable> {
    const given = unsorted;
    const byPlan = new Int32Array(length);
    yield* countingSort(
      {length, keys: plans, stride},
      (position) => position,
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

    // Several grants of one plan to one holder become one. They lie in a run of the same plan, which few holders share.
    let kept = 0;
    for (let bucket = 0, row = 0; bucket < buckets; bucket++) {
      const start = kept;
      for (const until = starts[bucket + 1] as number; row < until; row++) {
        let same = kept - 1;
        while (same >= start && planOf(rows, same) === planOf(rows, row)) {
          if (tenantOf(rows, same) === tenantOf(rows, row) && userOf(rows, same) === userOf(rows, row)) break;
          same--;
        }
        if (same < start || planOf(rows, same) !== planOf(rows, row)) copy(rows, row, rows, kept++);
        else if (endOf(rows, row) > endOf(rows, same)) copy(rows, row, rows, same);
        if (row % stride === stride - 1) yield;
      }
      starts[bucket] = start;
    }
    starts[buckets] = kept;
    rows = resized(rows, kept);
    const ends = yield* endsOf(rows, kept, tenants.count(), stride);
    return {
      size: kept,
      latest: makeLookup({rows, starts, mask: buckets - 1, tenants, users}),
      latestOf: (tenant) => ends[tenants.find(tenant) ?? noTenant] as number,
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
}

const makeLookup = ({rows, starts, mask, tenants, users}: Linked): GrantTable['latest'] => {
  /** The end of one grant, or NaN. */
  const end = (tenant: number, user: number, plan: number): number => {
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
    for (; row < until && planOf(rows, row) <= plan; row++) {
      if (planOf(rows, row) === plan && tenantOf(rows, row) === tenant && userOf(rows, row) === user) {
        return endOf(rows, row);
      }
    }
    return Number.NaN;
  };

  return (plans, tenantName, userName) => {
    const tenant = tenantName === undefined ? undefined : tenants.find(tenantName);
    if (tenant === undefined) return Number.NaN;
    const user = userName === undefined ? undefined : users.find(userName);
    let best = Number.NaN;
    for (const plan of plans) {
      // Not Math.max, to which NaN is the greatest.
      const shared = end(tenant, wholeTenant, plan);
      if (!(best >= shared) && !Number.isNaN(shared)) best = shared;
      if (user === undefined) continue;
      const own = end(tenant, user, plan);
      if (!(best >= own) && !Number.isNaN(own)) best = own;
    }
    return best;
  };
};
