// Rows of numbers, one for each grant, in one piece of memory; and how they are put in order without stopping the world.

/**
 * Four whole numbers and an end, side by side: looking at a row touches one line of the processor's cache, which at a
 * million grants is what a look-up costs. An object for each would take three times the memory and busy the collector.
 */
export interface Rows {
  readonly whole: Int32Array<ArrayBuffer>;
  readonly ends: Float64Array<ArrayBuffer>;
}

const rowBytes = 24;
const wholeWidth = rowBytes / Int32Array.BYTES_PER_ELEMENT;
const endsWidth = rowBytes / Float64Array.BYTES_PER_ELEMENT;
const endAt = 2;

const viewed = (memory: ArrayBuffer): Rows => ({whole: new Int32Array(memory), ends: new Float64Array(memory)});

export const makeRows = (length: number): Rows => viewed(new ArrayBuffer(length * rowBytes));

/** The rows with another length; the old ones are gone. `transfer` moves the memory where it can instead of copying. */
export const resized = ({ends}: Rows, length: number): Rows => viewed(ends.buffer.transfer(length * rowBytes));

export const capacity = ({ends}: Rows): number => ends.length / endsWidth;

export const tenantOf = ({whole}: Rows, row: number): number => whole[row * wholeWidth] as number;
export const userOf = ({whole}: Rows, row: number): number => whole[row * wholeWidth + 1] as number;
export const planOf = ({whole}: Rows, row: number): number => whole[row * wholeWidth + 2] as number;
/** The number of the terms that the grant has of its own; 0: none. */
export const termsOf = ({whole}: Rows, row: number): number => whole[row * wholeWidth + 3] as number;
export const endOf = ({ends}: Rows, row: number): number => ends[row * endsWidth + endAt] as number;

/** All of a grant but its end. */
export interface Numbers {
  readonly tenant: number;
  readonly user: number;
  readonly plan: number;
  readonly terms: number;
}

export const put = (rows: Rows, row: number, {tenant, user, plan, terms}: Numbers, end: number): void => {
  rows.whole[row * wholeWidth] = tenant;
  rows.whole[row * wholeWidth + 1] = user;
  rows.whole[row * wholeWidth + 2] = plan;
  rows.whole[row * wholeWidth + 3] = terms;
  rows.ends[row * endsWidth + endAt] = end;
};

export const copy = (from: Rows, row: number, to: Rows, at: number): void => {
  for (let place = 0; place < 4; place++)
    to.whole[at * wholeWidth + place] = from.whole[row * wholeWidth + place] as number;
  to.ends[at * endsWidth + endAt] = endOf(from, row);
};

/** The same grant, whenever it ends. */
export const isSameGrant = (rows: Rows, a: number, b: number): boolean =>
  tenantOf(rows, a) === tenantOf(rows, b) &&
  userOf(rows, a) === userOf(rows, b) &&
  planOf(rows, a) === planOf(rows, b) &&
  termsOf(rows, a) === termsOf(rows, b);

/** The number at a place, which then becomes one more. */
const bump = (counts: Int32Array, at: number): number => {
  const before = counts[at] as number;
  counts[at] = before + 1;
  return before;
};

/**
 * A stable counting sort. `order(position)` is the row that stands at a position now, `keyOf(row)` a number below `keys`;
 * `place(row, position)` is called with where each row goes. Returns where each key starts, and at last where all end.
 * Yields after every `stride` rows.
 */
export const countingSort = function* (
  {length, keys, stride}: {readonly length: number; readonly keys: number; readonly stride: number},
  order: (position: number) => number,
  keyOf: (row: number) => number,
  place: (row: number, position: number) => void,
): Generator<void, Int32Array> {
  const starts = new Int32Array(keys + 1);
  for (let row = 0; row < length; row++) {
    bump(starts, keyOf(row) + 1);
    if (row % stride === stride - 1) yield;
  }
  for (let key = 0; key < keys; key++) {
    starts[key + 1] = (starts[key] as number) + (starts[key + 1] as number);
    if (key % stride === stride - 1) yield;
  }
  const next = starts.slice();
  for (let position = 0; position < length; position++) {
    const row = order(position);
    place(row, bump(next, keyOf(row)));
    if (position % stride === stride - 1) yield;
  }
  return starts;
};
