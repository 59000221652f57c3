// What a tenant and its users have together: how many grants, and until when any of them holds.
import type {Names} from './grantNames.ts';
import {endOf, type Rows, tenantOf, termsOf} from './grantRows.ts';
import type {TermsTable} from './grantTerms.ts';

export interface GrantTotals {
  /** The best end, grace included, among all grants of a tenant and its users, of whatever plan, or NaN. */
  latestOf(tenant: string): number;
  /** How many grants a tenant and its users have together. */
  countOf(tenant: string): number;
}

/** In the place of the number of a tenant that has none: it has nothing. */
const noTenant = 0;

/** Of the first `length` rows. Yields after every `stride` rows. */
export const grantTotals = function* (
  rows: Rows,
  length: number,
  terms: TermsTable,
  tenants: Names,
  stride: number,
): Generator<void, GrantTotals> {
  const counts = new Uint32Array(tenants.count() + 1);
  const ends = new Float64Array(tenants.count() + 1).fill(Number.NaN);
  for (let row = 0; row < length; row++) {
    const tenant = tenantOf(rows, row);
    const own = termsOf(rows, row);
    const end = endOf(rows, row) + (own === 0 ? 0 : terms.grace(own));
    if (!((ends[tenant] as number) >= end)) ends[tenant] = end;
    counts[tenant] = (counts[tenant] as number) + 1;
    if (row % stride === stride - 1) yield;
  }
  return {
    latestOf: (tenant) => ends[tenants.find(tenant) ?? noTenant] as number,
    countOf: (tenant) => counts[tenants.find(tenant) ?? noTenant] as number,
  };
};
