// The revocations that a process knows: a set that grows by merging, forgets each element at its own end, and nothing else.
import type {Principal} from '../principal.ts';
import type {Removal, Revocation, RevocationElement} from './revocation.ts';
import {makeRecords, removing, selecting} from './revocationRecords.ts';

export interface RevocationSet {
  /**
   * Takes effect at once; false if it is known. `seen`: it is known to be in Redis. What comes from outside goes through
   * checkElement first: one that selects nobody in particular would refuse everyone, and is a bug here (RangeError).
   */
  add(element: RevocationElement, seen?: boolean): boolean;
  /** Whether the principal is refused. `tolerance`: seconds by which its provider lets `iat` be ahead of our clock. */
  revoked(principal: Principal, tolerance?: number): boolean;
  /** Forgets what has expired at `now` (milliseconds since the epoch); yields after each piece of that work. */
  sweep(now: number): Generator<void, void>;
  /** The same at once; returns how many went. */
  prune(now: number): number;
  /** How many are in force: neither taken back nor removals. */
  readonly size: number;
  /** How many elements are not known to be in Redis. */
  readonly unseen: number;
  /** The revocation in force that has this id. */
  find(id: string): Revocation | undefined;
  /** The removal of this id. */
  removalOf(id: string): Removal | undefined;
  /** Those in force, at most so many, that stand behind the one called `after`; undefined if that one is not known. */
  list(most?: number, after?: string): readonly Revocation[] | undefined;
  /** Every element there is, removals and what they took back too; may be read while others are added. */
  elements(): Iterable<RevocationElement>;
  /** Elements not known to be in Redis, at most so many, beginning anywhere (`chance` in [0, 1)). */
  missing(most: number, chance: number): readonly RevocationElement[];
  /** They are in Redis. */
  markSeen(ids: readonly string[]): void;
  /** From now on, all that Redis holds is read: what is not added as `seen` until `endRound` is missing there. */
  beginRound(): void;
  /**
   * `now`: what ends before it, in milliseconds since the epoch by the clock of Redis, need not be there. Yields after
   * each piece of that work.
   */
  endRound(now: number): Generator<void, void>;
}

const all = Number.MAX_SAFE_INTEGER;
/** Records that are looked at, forgotten or moved in one piece of work: a millisecond or two. */
const looked = 50_000;
const changed = 1_000;

/**
 * An empty set. A principal without `issuedAt` counts as issued before anything, so whatever selects it refuses it. A
 * look-up costs as many look-ups as there are combinations of selectors in use (31 at most, rarely more than 4), however
 * many revocations there are. `seed`: any number, best a random one. `added`: told of each element that was not known.
 */
export const makeRevocationSet = (seed = 0, added: (element: RevocationElement) => void = () => {}): RevocationSet => {
  const records = makeRecords(seed);
  /** How many are in force by each combination of selectors, and the combinations that have any. */
  const counts = new Map<number, number>();
  let masks: readonly number[] = [];
  let size = 0;
  let unseen = 0;
  let elements = 0;
  let round = 1;
  // Until then a prune finds nothing, so it need not look.
  let earliest = Number.POSITIVE_INFINITY;

  const count = (mask: number, more: number) => {
    const total = (counts.get(mask) ?? 0) + more;
    counts.set(mask, total);
    size += more;
    if (total === 0) counts.delete(mask);
    if (total === 0 || total === more) masks = [...counts.keys()];
  };
  const isRemoval = (record: number) => (records.maskAt(record) & removing) !== 0;
  const see = (record: number) => {
    if (records.seenAt(record) === 0) unseen -= 1;
    records.setSeen(record, round);
  };
  const forget = (record: number) => {
    if (records.seenAt(record) === 0) unseen -= 1;
    if (records.isListed(record) && !isRemoval(record)) count(records.maskAt(record) & selecting, -1);
    records.forget(record);
    elements -= 1;
  };

  return {
    add(element, seen = false) {
      const known = records.find(element.id);
      if (known >= 0) {
        if (seen) see(known);
        return false;
      }
      const target = 'removes' in element ? records.find(element.removes) : -1;
      const record = records.add(element);
      const mask = records.maskAt(record);
      if ((mask & (selecting | removing)) === 0) {
        records.forget(record);
        throw new RangeError('A revocation must select somebody in particular: without that it refuses everyone');
      }
      unseen += 1;
      elements += 1;
      if (seen) see(record);
      earliest = Math.min(earliest, element.expires);
      if (!isRemoval(record)) {
        if (records.removalOf(element.id) >= 0) records.withdraw(record);
        else count(mask & selecting, 1);
      } else if (target >= 0 && records.isListed(target) && !isRemoval(target)) {
        count(records.maskAt(target) & selecting, -1);
        records.withdraw(target);
      }
      added(element);
      return true;
    },
    revoked(principal, tolerance = 0) {
      for (const mask of masks) if (records.refuses(mask, principal, tolerance)) return true;
      return false;
    },
    sweep,
    prune(now) {
      const before = elements;
      for (const _ of sweep(now));
      return before - elements;
    },
    get size() {
      return size;
    },
    get unseen() {
      return unseen;
    },
    find(id) {
      const record = records.find(id);
      if (record < 0 || isRemoval(record) || !records.isListed(record)) return undefined;
      return records.read(record) as Revocation;
    },
    removalOf(id) {
      const record = records.removalOf(id);
      return record < 0 ? undefined : (records.read(record) as Removal);
    },
    list(most = all, after) {
      const from = after === undefined ? -1 : records.find(after);
      if (after !== undefined && from < 0) return undefined;
      const found: Revocation[] = [];
      for (let record = from + 1; record < records.top() && found.length < most; record++) {
        if (records.isListed(record) && !isRemoval(record)) found.push(records.read(record) as Revocation);
      }
      return found;
    },
    *elements() {
      for (let record = 0; record < records.top(); record++) {
        if (!records.isFree(record)) yield records.read(record);
      }
    },
    missing(most, chance) {
      const found: RevocationElement[] = [];
      const top = records.top();
      const from = Math.floor(chance * top);
      for (let step = 0; step < top && found.length < Math.min(most, unseen); step++) {
        const record = (from + step) % top;
        if (!records.isFree(record) && records.seenAt(record) === 0) found.push(records.read(record));
      }
      return found;
    },
    markSeen(ids) {
      for (const id of ids) {
        const record = records.find(id);
        if (record >= 0) see(record);
      }
    },
    beginRound() {
      round += 1;
    },
    *endRound(now) {
      for (let record = 0; record < records.top(); record++) {
        if (record % looked === looked - 1) yield;
        if (records.isFree(record) || records.seenAt(record) === round) continue;
        if (records.expiresAt(record) <= now) {
          see(record);
        } else if (records.seenAt(record) !== 0) {
          records.setSeen(record, 0);
          unseen += 1;
        }
      }
    },
  };

  function* sweep(now: number): Generator<void, void> {
    if (now < earliest) return;
    const before = elements;
    // What is added meanwhile lowers it again.
    earliest = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (let record = 0, gone = 0; record < records.top(); record++) {
      if (record % looked === looked - 1) yield;
      if (records.isFree(record)) continue;
      if (records.expiresAt(record) > now) {
        next = Math.min(next, records.expiresAt(record));
        continue;
      }
      forget(record);
      gone += 1;
      if (gone % changed === 0) yield;
    }
    earliest = Math.min(earliest, next);
    if (elements < before) yield* records.compact(looked, changed);
  }
};
