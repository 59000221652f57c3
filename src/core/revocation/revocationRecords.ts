// Revocations and removals as records: about 120 bytes each, found by their id and by what they select.

import type {Principal} from '../principal.ts';
import {makeChains, makeColumn} from './columns.ts';
import {type RevocationElement, selectors, untilNow} from './revocation.ts';
import {bytesOf, endOfText, isTextAt, makeBlocks, mixText, readText, writeText} from './texts.ts';

/** The texts of a record, each with a bit of its mask; the selectors come first, so that their bits say how it selects. */
const texts = [...selectors, 'removes', 'reason', 'by', 'salt'] as const;
export const selecting = 2 ** selectors.length - 1;
export const removing = 2 ** selectors.length;
/** `tokenId` and `sessionId`: these name one thing. */
const one = 0b11;

const free = 0;
const listed = 1;
/** Taken back: still an element of the set, but refuses nobody. */
const withdrawn = 2;

type Row = Readonly<Record<string, string | undefined>>;

const maskOf = (row: Row): number => {
  let mask = 0;
  for (let bit = 0; bit < texts.length; bit++) if (row[texts[bit] as string] !== undefined) mask |= 1 << bit;
  return mask;
};

export type Records = ReturnType<typeof makeRecords>;

/** `seed`: random, so that nobody can choose names that all fall into one chain. A record is named by its position. */
export const makeRecords = (seed: number) => {
  const blocks = makeBlocks();
  const places = makeColumn('u32');
  const states = makeColumn('u8', free);
  const expires = makeColumn('f64');
  const ats = makeColumn('f64');
  const befores = makeColumn('f64');
  /** In which round of comparing it was last known to be in Redis; 0: not known. */
  const seen = makeColumn('u32');
  const idHashes = makeColumn('i32');
  const hashes = makeColumn('i32');
  const byId = makeChains(idHashes.get);
  const bySelection = makeChains(hashes.get);
  const vacant: number[] = [];
  let top = 0;
  /** How many records are removals. */
  let removals = 0;

  const maskAt = (record: number): number => {
    const bytes = blocks.block(places.get(record));
    const from = blocks.offset(places.get(record));
    return (bytes[from] as number) | ((bytes[from + 1] as number) << 8);
  };
  /** Where the id stands; the other texts follow. */
  const textsAt = (record: number): number => blocks.offset(places.get(record)) + 2;
  const lengthOf = (record: number): number => {
    const bytes = blocks.block(places.get(record));
    let at = endOfText(bytes, textsAt(record));
    for (let mask = maskAt(record); mask !== 0; mask &= mask - 1) at = endOfText(bytes, at);
    return at - blocks.offset(places.get(record));
  };
  const hashOf = (mask: number, row: Row): number => {
    let hash = seed ^ mask;
    for (let bit = 0; mask >> bit !== 0; bit++) {
      if (mask & (1 << bit)) hash = mixText(hash, row[texts[bit] as string] as string);
    }
    return hash | 0;
  };
  const selects = (record: number, mask: number, row: Row): boolean => {
    if ((maskAt(record) & (selecting | removing)) !== mask) return false;
    const bytes = blocks.block(places.get(record));
    let at = endOfText(bytes, textsAt(record));
    for (let bit = 0; mask >> bit !== 0; bit++) {
      if ((mask & (1 << bit)) === 0) continue;
      if (!isTextAt(bytes, at, row[texts[bit] as string] as string)) return false;
      at = endOfText(bytes, at);
    }
    return true;
  };
  const reaches = (record: number, mask: number, {issuedAt, authTime}: Principal, tolerance: number): boolean => {
    const named = befores.get(record);
    const isNamed = !Number.isNaN(named);
    if ((mask & one) !== 0 && !isNamed) return true;
    const before = isNamed ? named : untilNow(ats.get(record)) + tolerance;
    // Written so that a NaN on either side refuses too.
    if (issuedAt === undefined || !(issuedAt >= before)) return true;
    return (mask & one) === 0 && authTime !== undefined && !(authTime >= before);
  };
  const find = (id: string): number => {
    for (let at = byId.first(mixText(seed, id)); at >= 0; at = byId.next(at)) {
      if (isTextAt(blocks.block(places.get(at)), textsAt(at), id)) return at;
    }
    return -1;
  };
  const write = (record: number, mask: number, {id, ...row}: Row & {readonly id: string}) => {
    const idSize = bytesOf(id);
    let size = 2 + idSize;
    for (let bit = 0; mask >> bit !== 0; bit++)
      if (mask & (1 << bit)) size += bytesOf(row[texts[bit] as string] as string);
    const place = blocks.allocate(size);
    const bytes = blocks.block(place);
    let to = blocks.offset(place);
    bytes[to++] = mask & 255;
    bytes[to++] = mask >> 8;
    to = writeText(bytes, to, id, idSize);
    for (let bit = 0; mask >> bit !== 0; bit++) {
      if (mask & (1 << bit)) to = writeText(bytes, to, row[texts[bit] as string] as string);
    }
    places.set(record, place);
  };

  const self = {
    find,
    /** One above the highest position in use. */
    top: () => top,
    isFree: (record: number) => states.get(record) === free,
    isListed: (record: number) => states.get(record) === listed,
    maskAt,
    expiresAt: expires.get,
    seenAt: seen.get,
    setSeen: seen.set,
    /** Adds one that is not there; listed, unless told otherwise. */
    add(element: RevocationElement): number {
      const row = element as unknown as Row & {readonly id: string};
      const record = vacant.pop() ?? top++;
      const mask = maskOf(row);
      write(record, mask, row);
      states.set(record, listed);
      expires.set(record, element.expires);
      ats.set(record, element.at);
      befores.set(record, ('before' in element ? element.before : undefined) ?? Number.NaN);
      seen.set(record, 0);
      idHashes.set(record, mixText(seed, element.id));
      hashes.set(record, hashOf(mask & (selecting | removing), row));
      byId.add(record);
      bySelection.add(record);
      if ((mask & removing) !== 0) removals += 1;
      return record;
    },
    /** Refuses nobody from now on. */
    withdraw(record: number) {
      bySelection.remove(record);
      states.set(record, withdrawn);
    },
    forget(record: number) {
      if (states.get(record) === listed) bySelection.remove(record);
      byId.remove(record);
      if ((maskAt(record) & removing) !== 0) removals -= 1;
      blocks.free(places.get(record), lengthOf(record));
      states.set(record, free);
      vacant.push(record);
    },
    /** The removal of this id, or -1. */
    removalOf(id: string): number {
      if (removals === 0) return -1;
      const row = {removes: id};
      for (let at = bySelection.first(hashOf(removing, row)); at >= 0; at = bySelection.next(at)) {
        if (selects(at, removing, row)) return at;
      }
      return -1;
    },
    /** Whether one that selects by this combination refuses; makes nothing. */
    refuses(mask: number, principal: Principal, tolerance: number): boolean {
      const row = principal as unknown as Row;
      for (let bit = 0; mask >> bit !== 0; bit++) {
        if (mask & (1 << bit) && typeof row[texts[bit] as string] !== 'string') return false;
      }
      const hash = hashOf(mask, row);
      for (let at = bySelection.first(hash); at >= 0; at = bySelection.next(at)) {
        if (hashes.get(at) !== hash || !selects(at, mask, row)) continue;
        if (reaches(at, mask, principal, tolerance)) return true;
      }
      return false;
    },
    read(record: number): RevocationElement {
      const bytes = blocks.block(places.get(record));
      const found: Record<string, string | number> = {id: readText(bytes, textsAt(record))};
      let at = endOfText(bytes, textsAt(record));
      const mask = maskAt(record);
      for (let bit = 0; mask >> bit !== 0; bit++) {
        if ((mask & (1 << bit)) === 0) continue;
        found[texts[bit] as string] = readText(bytes, at);
        at = endOfText(bytes, at);
      }
      const before = befores.get(record);
      if (!Number.isNaN(before)) found.before = before;
      return {...found, at: ats.get(record), expires: expires.get(record)} as unknown as RevocationElement;
    },
    /** Moves records out of blocks that are nearly empty; yields after so many that were looked at, or moved. */
    *compact(looked: number, changed: number): Generator<void, void> {
      for (let record = 0, moved = 0; record < top; record++) {
        if (record % looked === looked - 1) yield;
        if (states.get(record) === free || !blocks.sparse(places.get(record))) continue;
        const place = places.get(record);
        const length = lengthOf(record);
        const from = blocks.offset(place);
        const bytes = blocks.block(place).slice(from, from + length);
        const to = blocks.allocate(length);
        blocks.block(to).set(bytes, blocks.offset(to));
        places.set(record, to);
        blocks.free(place, length);
        moved += 1;
        if (moved % changed === 0) yield;
      }
    },
  };
  return self;
};
