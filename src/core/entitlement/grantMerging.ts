// Several grants of one plan, on the same terms, to one holder become one, unless each of them adds something.
import {copy, endOf, isSameGrant, planOf, type Rows, termsOf} from './grantRows.ts';
import type {TermsTable} from './grantTerms.ts';

export interface Merged {
  /** How many rows are left: the first ones. */
  readonly length: number;
  /** The most grants of one plan that one holder has. */
  readonly most: number;
}

/**
 * Rows in buckets, sorted by plan and terms: the same grants lie in a run of one plan and terms, which few holders share.
 * Moves the rows together, and `starts`, where each bucket starts, along with them. Yields after every `stride` rows.
 */
export const mergeGrants = function* (
  rows: Rows,
  starts: Int32Array,
  terms: TermsTable,
  stride: number,
): Generator<void, Merged> {
  const buckets = starts.length - 1;
  let kept = 0;
  let most = 0;
  for (let bucket = 0, row = 0; bucket < buckets; bucket++) {
    const start = kept;
    let sharing = 0;
    for (const until = starts[bucket + 1] as number; row < until; row++) {
      const same = terms.adds(termsOf(rows, row)) ? undefined : sameBefore(rows, row, start, kept);
      if (same === undefined) {
        sharing = kept > start && planOf(rows, kept - 1) === planOf(rows, row) ? sharing + 1 : 1;
        most = Math.max(most, sharing);
        copy(rows, row, rows, kept++);
      } else if (endOf(rows, row) > endOf(rows, same)) copy(rows, row, rows, same);
      if (row % stride === stride - 1) yield;
    }
    starts[bucket] = start;
  }
  starts[buckets] = kept;
  return {length: kept, most};
};

/** The same grant as that of `row` among the rows from `start` that are kept so far. */
const sameBefore = (rows: Rows, row: number, start: number, kept: number): number | undefined => {
  for (let other = kept - 1; other >= start; other--) {
    if (planOf(rows, other) !== planOf(rows, row) || termsOf(rows, other) !== termsOf(rows, row)) return undefined;
    if (isSameGrant(rows, other, row)) return other;
  }
  return undefined;
};
