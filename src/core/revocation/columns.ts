// Numbers by position, in pages: growing never copies what is there, and a million cost the collector nothing.

type Kind = 'u8' | 'u32' | 'i32' | 'f64';

const pageBits = 14;
const pageSize = 2 ** pageBits;
const pageMask = pageSize - 1;

/** A list of numbers of one kind. What was never set reads as `empty`. */
export interface Column {
  get(at: number): number;
  set(at: number, value: number): void;
}

const makers = {
  u8: () => new Uint8Array(pageSize),
  u32: () => new Uint32Array(pageSize),
  i32: () => new Int32Array(pageSize),
  f64: () => new Float64Array(pageSize),
} as const;

export const makeColumn = (kind: Kind, empty = 0): Column => {
  const pages: ReturnType<(typeof makers)[Kind]>[] = [];
  return {
    get: (at) => {
      const page = pages[at >> pageBits];
      return page === undefined ? empty : (page[at & pageMask] as number);
    },
    set(at, value) {
      while (pages.length <= at >> pageBits) pages.push(empty === 0 ? makers[kind]() : makers[kind]().fill(empty));
      (pages[at >> pageBits] as Uint8Array)[at & pageMask] = value;
    },
  };
};

const none = -1;

/** Records by a hash of theirs. */
export interface Chains {
  add(record: number): void;
  remove(record: number): void;
  /** The first record that may have this hash, or -1; the following by `next`. */
  first(hash: number): number;
  next(record: number): number;
}

/**
 * Linear hashing (Litwin 1980): each addition splits at most one chain, so that no addition ever waits for a whole
 * table to be made anew. `hashOf` answers the hash of a record, 32 bits.
 */
export const makeChains = (hashOf: (record: number) => number): Chains => {
  const heads = makeColumn('i32', none);
  const nexts = makeColumn('i32', none);
  let mask = 7;
  let split = 0;
  let count = 0;

  const placeOf = (hash: number): number => {
    const low = hash & mask;
    return low < split ? hash & (mask * 2 + 1) : low;
  };
  const push = (record: number) => {
    const place = placeOf(hashOf(record));
    nexts.set(record, heads.get(place));
    heads.set(place, record);
  };
  const grow = () => {
    let record = heads.get(split);
    heads.set(split, none);
    split += 1;
    while (record !== none) {
      const next = nexts.get(record);
      push(record);
      record = next;
    }
    if (split <= mask) return;
    mask = mask * 2 + 1;
    split = 0;
  };
  return {
    add(record) {
      count += 1;
      if (count > mask + 1 + split) grow();
      push(record);
    },
    remove(record) {
      const place = placeOf(hashOf(record));
      let before = none;
      for (let at = heads.get(place); at !== none; at = nexts.get(at)) {
        if (at === record) {
          if (before === none) heads.set(place, nexts.get(at));
          else nexts.set(before, nexts.get(at));
          count -= 1;
          return;
        }
        before = at;
      }
    },
    first: (hash) => heads.get(placeOf(hash)),
    next: nexts.get,
  };
};
