// The last good snapshot beyond the process: the whole, and what has changed since, in two things that are kept.
import type {Grant, Snapshot} from '../core/entitlement/entitlement.ts';
import type {Kept} from '../core/kept.ts';
import {packSnapshot, packTenant, unpackSnapshot, unpackTenant} from './packed.ts';
import type {TenantGrants} from './source.ts';

/** What was remembered. */
export interface Recollection {
  readonly snapshot: Snapshot;
  /** The moment of the steady clock for which it is known to hold. */
  readonly asOf: number;
  /** The file. */
  readonly where: string;
}

/** What a store of snapshots tells as it goes, and asks at the start. Nothing here rejects. */
export interface Remembered {
  /** What is not older than so many milliseconds. */
  recall(oldest: number): Promise<Recollection | undefined>;
  /** Another snapshot is about to take over: from now on changes are none of the one before. */
  replacing(): void;
  replaced(asOf: number, snapshot: Snapshot): void;
  /** All still holds at this moment, with these changes. */
  confirmed(asOf: number, changes: () => readonly TenantGrants[]): Promise<Confirmed>;
  used(isUsed: boolean): void;
}

/** `again`: all is to be loaded once more, for another has written in the place of what decides. */
export type Confirmed = 'good' | 'again';

export interface RememberedParts {
  /** The snapshot. */
  readonly whole: Kept;
  /** What has changed since it, and up to when that is known. */
  readonly since: Kept;
  readonly newId: () => string;
  /** Milliseconds of a clock that never steps. */
  readonly steady: () => number;
  /** Milliseconds after which all is confirmed anew, at the latest, by whoever shares the directory. */
  readonly every: number;
}

/** A confirmation is written down no more often, milliseconds: a file is at most so much older than it could be. */
const confirmEvery = 5_000;

export const makeRemembered = ({whole, since, newId, steady, every}: RememberedParts): Remembered => {
  /** Whoever has not confirmed for so long does so no more. */
  const patience = 2 * Math.max(every, 2 * confirmEvery);
  /** Of the snapshot that decides, and of the one that is on the disk: changes are of the former. */
  let deciding: string | undefined;
  let onDisk: string | undefined;
  let next = Number.NEGATIVE_INFINITY;

  /** Of several processes the one that has written the whole confirms it, for as long as it lives. */
  const isAbandoned = async (): Promise<boolean> => {
    const [ofWhole, ofSince] = [await whole.unchangedFor(), await since.unchangedFor()];
    return Math.min(ofWhole, ofSince) > patience;
  };

  return {
    async recall(oldest) {
      const later = await since.read(oldest);
      // The whole may be older than that: it was confirmed since.
      const base = await whole.read(later === undefined ? oldest : Number.POSITIVE_INFINITY);
      if (base === undefined) return undefined;
      const [mark, ...pieces] = base.texts;
      const [laterMark, ...changes] = later?.texts ?? [];
      const isLater = later !== undefined && laterMark === mark;
      const asOf = isLater ? Math.max(base.asOf, later.asOf) : base.asOf;
      if (steady() - asOf > oldest) return undefined;
      const snapshot = await unpackSnapshot(each(pieces));
      if (snapshot === undefined) return undefined;
      const laidOver = isLater ? overlaid(snapshot, changes) : snapshot;
      return laidOver && {snapshot: laidOver, asOf, where: base.where};
    },
    replacing() {
      deciding = undefined;
    },
    replaced(asOf, snapshot) {
      const mark = JSON.stringify(newId());
      deciding = mark;
      whole.used(false);
      const texts = function* () {
        yield mark;
        yield* packSnapshot(snapshot);
      };
      void whole.offer(asOf, texts).then((written) => {
        if (written) onDisk = mark;
      });
    },
    async confirmed(asOf, changesNow) {
      const mark = deciding;
      if (mark === undefined || steady() < next) return 'good';
      const before = next;
      const isOnDisk = mark === onDisk;
      next = steady() + confirmEvery;
      const standing = await whole.standing();
      if (standing === 'lost') return 'again';
      if (standing === 'another process') return (await isAbandoned()) ? 'again' : 'good';
      if (standing !== 'ours' || !isOnDisk || mark !== deciding) {
        next = before;
        return 'good';
      }
      const changes = changesNow();
      void since.offer(asOf, function* () {
        yield mark;
        for (const one of changes) yield packTenant(one);
      });
      return 'good';
    },
    used: whole.used,
  };
};

async function* each(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces;
}

/** The snapshot with what has changed in the place of what the tenants had. */
const overlaid = (snapshot: Snapshot, texts: readonly string[]): Snapshot | undefined => {
  const changes = texts.map(unpackTenant);
  if (changes.includes(undefined)) return undefined;
  const byTenant = new Map((changes as TenantGrants[]).map((one) => [one.tenant, one.grants]));
  if (byTenant.size === 0) return snapshot;
  return {
    ...snapshot,
    grants: {
      *[Symbol.iterator](): Generator<Grant> {
        for (const grant of snapshot.grants) if (!byTenant.has(grant.tenant)) yield grant;
        for (const grants of byTenant.values()) yield* grants;
      },
    },
  };
};
