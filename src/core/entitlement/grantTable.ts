// Who has been given which plan, until when, and on what terms? Asked in the same time whatever the number of grants.
import {type GrantLookup, hashOf, makeGrantLookup, wholeTenant} from './grantLookup.ts';
import {mergeGrants} from './grantMerging.ts';
import {makeNames} from './grantNames.ts';
import {
  capacity,
  copy,
  countingSort,
  makeRows,
  planOf,
  put,
  type Rows,
  resized,
  tenantOf,
  termsOf,
  userOf,
} from './grantRows.ts';
import type {TermsTable} from './grantTerms.ts';
import {type GrantTotals, grantTotals} from './grantTotals.ts';

export interface GrantTable extends GrantLookup, GrantTotals {
  /** Grants that are told apart: several of one plan, on the same terms, to the same holder are one, the best of them. */
  readonly size: number;
  /** The most grants of one plan that one holder has. */
  readonly most: number;
}

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
    let order = asGiven;
    if (terms.count > 0)
      order = yield* sorted({length, keys: terms.count + 1, stride}, order, (row) => termsOf(given, row));
    order = yield* sorted({length, keys: plans, stride}, order, (row) => planOf(given, row));

    const buckets = 2 ** Math.ceil(Math.log2(Math.max(length, 2)));
    const mask = buckets - 1;
    const inBuckets = makeRows(length);
    const starts = yield* countingSort(
      {length, keys: buckets, stride},
      order,
      (row) => hashOf(tenantOf(given, row), userOf(given, row)) & mask,
      (row, position) => copy(given, row, inBuckets, position),
    );
    // What was given is not needed any more, and may be large.
    unsorted = makeRows(0);

    const {length: size, most} = yield* mergeGrants(inBuckets, starts, terms, stride);
    const rows: Rows = resized(inBuckets, size);
    const totals = yield* grantTotals(rows, size, terms, tenants, stride);
    return {size, most, ...totals, ...makeGrantLookup({rows, starts, mask, tenants, users, terms})};
  };

  return {add, link};
};

type Order = (position: number) => number;

const asGiven: Order = (position) => position;

/** The order by one more key; rows whose keys are equal stay in the order they had. */
const sorted = function* (
  of: {readonly length: number; readonly keys: number; readonly stride: number},
  order: Order,
  keyOf: (row: number) => number,
): Generator<void, Order> {
  const rowAt = new Int32Array(of.length);
  yield* countingSort(of, order, keyOf, (row, position) => {
    rowAt[position] = row;
  });
  return (position) => rowAt[position] as number;
};
