// A snapshot as pieces of text, and back: what instances give one another through Redis, and what is kept on disk.
import {z} from 'zod';
import {units} from '../core/entitlement/amount.ts';
import type {Grant, Limits, Snapshot, Terms, Values} from '../core/entitlement/entitlement.ts';
import {isObject} from '../core/isObject.ts';
import type {TenantGrants} from './source.ts';

/** Pieces that were packed, by the grants that are read from them: they need not be packed again. */
const packedAlready = new WeakMap<Iterable<Grant>, readonly string[]>();

/** Characters of a piece: about a millisecond to read or to write, and a million grants are some thousand. */
const pieceLength = 64_000;

/** A snapshot as texts: the definitions first, then grants in bulk. */
export function* packSnapshot(snapshot: Snapshot): Generator<string> {
  yield JSON.stringify([[...snapshot.features], [...snapshot.plans], [...snapshot.flags]]);
  const already = packedAlready.get(snapshot.grants);
  if (already !== undefined) return yield* already;
  let rows: string[] = [];
  let length = 0;
  for (const grant of snapshot.grants) {
    const row = packedGrant(grant);
    rows.push(row);
    length += row.length;
    if (length < pieceLength) continue;
    yield `[${rows.join(',')}]`;
    rows = [];
    length = 0;
  }
  if (rows.length > 0) yield `[${rows.join(',')}]`;
}

const packedGrant = ({plan, tenant, user, expires, ...terms}: Grant): string => {
  const end = writtenEnd(expires);
  return JSON.stringify(hasTerms(terms) ? [plan, tenant, user, end, terms] : [plan, tenant, user, end]);
};

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
  unnamed: z.literal(true).exactOptional(),
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

/** All that a tenant has, as one text, and back; undefined: it is none. */
export const packTenant = ({tenant, grants}: TenantGrants): string =>
  `[${[JSON.stringify(tenant), ...grants.map(packedGrant)].join(',')}]`;

export const unpackTenant = (text: string): TenantGrants | undefined => {
  const read: unknown = JSON.parse(text);
  const [tenant, ...rows] = Array.isArray(read) ? read : [];
  if (typeof tenant !== 'string' || !rows.every((row) => isRow(row) && row[1] === tenant)) return undefined;
  return {tenant, grants: (rows as Row[]).map(grantOf)};
};

const grantOf = ([plan, tenant, user, expires, terms]: Row): Grant =>
  terms === undefined ? {plan, tenant, user, expires} : {plan, tenant, user, expires, ...terms};

const unpacked = (packed: readonly string[]): Iterable<Grant> => {
  const grants = readingFrom(packed);
  packedAlready.set(grants, packed);
  return grants;
};

const readingFrom = (packed: readonly string[]): Iterable<Grant> => ({
  *[Symbol.iterator]() {
    for (const piece of packed) {
      for (const row of JSON.parse(piece) as Row[]) yield grantOf(row);
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

const isTerms = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  const {grace, values, add, limits} = value as Record<string, unknown>;
  if (grace !== undefined && typeof grace !== 'number') return false;
  return [values, add, limits].every((each) => each === undefined || isObject(each));
};
