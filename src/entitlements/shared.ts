// Snapshots in Redis: one instance fetches and the others read, or what was read last survives the loss of its source.
import {z} from 'zod';
import {units} from '../core/amount.ts';
import type {Grant, Limits, Snapshot, Terms, Values} from '../core/entitlement.ts';
import type {Versioned} from './source.ts';

/** What was fetched, and the moment (milliseconds of the steady clock) for which it is known to hold. */
export interface Fetched {
  readonly found: Versioned | 'unchanged';
  readonly asOf: number;
  /** Why the source itself gave nothing, where what was found is its last known. */
  readonly fault?: unknown;
}

/** A way of fetching that Redis has a part in. Rejects only as `fetch` does. */
export interface SharedSnapshots {
  fetch(known: string | undefined, fetch: () => Promise<Fetched>): Promise<Fetched>;
}

export interface SharingParts {
  readonly pieces: Pieces;
  /** Milliseconds since the epoch: what the instances have in common. */
  readonly now: () => number;
  readonly steady: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds: what is fresh, and how old what serves may get. */
  readonly settings: {readonly fresh: number; readonly stale: number};
  /** Resolves when Redis can be written to, or after a while. */
  readonly connected: () => Promise<void>;
  readonly observer?: {request(cache: string, layer: 'redis', result: 'hit' | 'miss' | 'error'): void} | undefined;
}

/** Texts in pieces under a name, with a mark; out of order, each of them is undefined or false. */
export interface Pieces {
  /** The newest one's mark. */
  mark(): Promise<{readonly version: string; readonly asOf: number; readonly pieces: number} | undefined>;
  /** Every piece in order; undefined if one is gone. */
  read(version: string, pieces: number): AsyncIterable<string | undefined>;
  /** Writes pieces, then the mark. */
  write(version: string, asOf: number, pieces: Iterable<string>): Promise<void>;
  /** The same version still holds at this later moment. */
  confirm(version: string, asOf: number, pieces: number): Promise<void>;
  /** True: ours for `ms` milliseconds, until `unlock`. `unavailable`: no Redis. */
  lock(ms: number): Promise<boolean | 'unavailable'>;
  unlock(): Promise<void>;
}

const lockFor = 30_000;
const lookEvery = 250;
/** Without anything to serve yet, nobody waits longer than this for another instance. */
const longestWait = 5_000;

/**
 * For a source that is asked over a network: what another instance has fetched within half of `fresh`; else fetches, while
 * other instances wait for it; and fetches for itself whenever Redis is no help.
 */
export const makeSharedSnapshots = (parts: SharingParts): SharedSnapshots => {
  const {pieces, steady, sleep, settings, connected} = parts;
  const {adopt, share} = makeExchange(parts);
  let waited: Promise<void> | undefined;
  return {
    async fetch(known, fetch) {
      // The first time: a connection that is just being made may spare the source a question.
      waited ??= connected();
      await waited;
      const until = steady() + Math.min(longestWait, settings.fresh);
      for (;;) {
        const there = await adopt(known, settings.fresh / 2);
        if (there !== undefined) return there;
        const locked = await pieces.lock(lockFor);
        if (locked === 'unavailable') return fetch();
        if (locked || steady() > until) break;
        await sleep(lookEvery);
      }
      try {
        const fetched = await fetch();
        await share(known, fetched);
        return fetched;
      } finally {
        await pieces.unlock();
      }
    },
  };
};

/**
 * For a source of this machine (a file), which comes first always: a change of it must not wait for anybody. What it gave
 * is kept in Redis, and an instance that starts while it is gone or broken serves that, while it is not past `stale`.
 */
export const makeKeptSnapshots = (parts: SharingParts): SharedSnapshots => {
  const {settings, connected} = parts;
  const {adopt, share} = makeExchange(parts);
  return {
    async fetch(known, fetch) {
      try {
        const fetched = await fetch();
        // Not waited for: the file is there, and decisions need not wait for Redis.
        void connected().then(() => share(known, fetched));
        return fetched;
      } catch (fault) {
        const kept = known === undefined ? await adopt(undefined, settings.stale) : undefined;
        if (kept === undefined) throw fault;
        return {...kept, fault};
      }
    },
  };
};

/** Taking from Redis and giving to it. Neither rejects. */
const makeExchange = ({pieces, now, steady, observer}: SharingParts) => {
  const told = (result: 'hit' | 'miss' | 'error') => observer?.request('entitlements', 'redis', result);
  /** What is there, if it is not older than `most` milliseconds. */
  const adopt = async (known: string | undefined, most: number): Promise<Fetched | undefined> => {
    const mark = await pieces.mark();
    const old = mark === undefined ? Number.POSITIVE_INFINITY : now() - mark.asOf;
    // A clock that is ahead must not make an old snapshot young.
    if (mark === undefined || old > most || old < -1_000) {
      told('miss');
      return undefined;
    }
    const asOf = steady() - Math.max(0, old);
    if (mark.version === known) {
      told('hit');
      return {found: 'unchanged', asOf};
    }
    const snapshot = await unpackSnapshot(pieces.read(mark.version, mark.pieces));
    told(snapshot === undefined ? 'error' : 'hit');
    return snapshot === undefined ? undefined : {found: {version: mark.version, snapshot}, asOf};
  };
  const share = async (known: string | undefined, {found, asOf: moment}: Fetched): Promise<void> => {
    const asOf = now() - (steady() - moment);
    const version = found === 'unchanged' ? known : found.version;
    const mark = await pieces.mark();
    if (version === undefined) return;
    if (mark?.version === version) return pieces.confirm(version, asOf, mark.pieces);
    // What nobody has in Redis and has not changed here cannot be written from here: its grants are in the index only.
    if (found !== 'unchanged') await pieces.write(version, asOf, packSnapshot(found.snapshot));
  };

  return {adopt, share};
};

/** Characters of a piece: about a millisecond to read or to write, and a million grants are some thousand. */
const pieceLength = 64_000;

/** A snapshot as texts: the definitions first, then grants in bulk. */
export function* packSnapshot(snapshot: Snapshot): Generator<string> {
  yield JSON.stringify([[...snapshot.features], [...snapshot.plans], [...snapshot.flags]]);
  let rows: string[] = [];
  let length = 0;
  for (const {plan, tenant, user, expires, ...terms} of snapshot.grants) {
    const end = writtenEnd(expires);
    const row = JSON.stringify(hasTerms(terms) ? [plan, tenant, user, end, terms] : [plan, tenant, user, end]);
    rows.push(row);
    length += row.length;
    if (length < pieceLength) continue;
    yield `[${rows.join(',')}]`;
    rows = [];
    length = 0;
  }
  if (rows.length > 0) yield `[${rows.join(',')}]`;
}

const hasTerms = ({grace, values, add, limits}: Terms): boolean =>
  grace !== undefined || values !== undefined || add !== undefined || limits !== undefined;

/** JSON writes NaN, a date that could not be read, as null, which would mean for ever: it has been, as in 1970. */
const writtenEnd = (end: number | null): number | null => {
  if (end === null || end === Number.POSITIVE_INFINITY) return null;
  return Number.isFinite(end) ? end : 0;
};

const rules = z.array(
  z.strictObject({
    logic: z.enum(['and', 'or']),
    conditions: z.array(
      z.strictObject({
        attribute: z.string(),
        op: z.string(),
        negate: z.boolean(),
        value: z.record(z.string(), z.unknown()),
      }),
    ),
    treatment: z.boolean(),
  }),
);
const strings = z.array(z.string());
const optional = <T>() => z.custom<T>((value) => typeof value === 'object' && value !== null).exactOptional();
const featureShape = z.strictObject({
  permissions: strings,
  value: z.enum(['number', 'text', 'list']).exactOptional(),
  limit: z.strictObject({per: z.enum(units)}).exactOptional(),
});
const planShape = z.strictObject({
  features: strings,
  default: z.boolean(),
  rules,
  rank: z.number().exactOptional(),
  values: optional<Values>(),
  limits: optional<Limits>(),
  hidden: z.boolean().exactOptional(),
});
const headShape = z.tuple([
  z.array(z.tuple([z.string(), featureShape])),
  z.array(z.tuple([z.string(), planShape])),
  z.array(z.tuple([z.string(), z.strictObject({on: z.boolean(), default: z.boolean(), off: z.boolean(), rules})])),
]);

/**
 * The snapshot again; undefined if a piece is missing or is not what was packed. Its grants stay packed until they are
 * read: a million objects would keep the collector busy.
 */
export const unpackSnapshot = async (pieces: AsyncIterable<string | undefined>): Promise<Snapshot | undefined> => {
  let head: z.output<typeof headShape> | undefined;
  const packed: string[] = [];
  try {
    for await (const piece of pieces) {
      if (piece === undefined) return undefined;
      const rows: unknown = JSON.parse(piece);
      if (!Array.isArray(rows)) return undefined;
      if (head === undefined) head = headShape.parse(rows);
      else if (!rows.every(isRow)) return undefined;
      else packed.push(piece);
    }
  } catch {
    return undefined;
  }
  if (head === undefined) return undefined;
  const [features, plans, flags] = head;
  return {features: new Map(features), plans: new Map(plans), flags: new Map(flags), grants: unpacked(packed)};
};

const unpacked = (packed: readonly string[]): Iterable<Grant> => ({
  *[Symbol.iterator]() {
    for (const piece of packed) {
      for (const [plan, tenant, user, expires, terms] of JSON.parse(piece) as Row[]) {
        yield terms === undefined ? {plan, tenant, user, expires} : {plan, tenant, user, expires, ...terms};
      }
    }
  },
});

type Row = readonly [plan: string, tenant: string, user: string | null, expires: number | null, terms?: Terms];

const isRow = (row: unknown): row is Row => {
  if (!Array.isArray(row) || (row.length !== 4 && row.length !== 5)) return false;
  const [plan, tenant, user, expires, terms] = row as unknown[];
  if (row.length === 5 && !isTerms(terms)) return false;
  if (typeof plan !== 'string' || typeof tenant !== 'string') return false;
  if (user !== null && typeof user !== 'string') return false;
  return expires === null || typeof expires === 'number';
};

const isMapping = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const isTerms = (value: unknown): boolean => {
  if (!isMapping(value)) return false;
  const {grace, values, add, limits} = value as Record<string, unknown>;
  if (grace !== undefined && typeof grace !== 'number') return false;
  return [values, add, limits].every((each) => each === undefined || isMapping(each));
};
