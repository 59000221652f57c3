// Redis as the store of record: its keys (docs/entitlements.md), and calls to it whose trouble is an outage.

import {Unavailable} from '../core/unavailable.ts';
import {redisFault} from '../core/words/redisFault.ts';

/** What reading and writing the record needs of a connection to Redis. */
export interface RecordCalls {
  call(...command: RecordCommand): Promise<unknown>;
  /** Each reply, or the Error in its place. */
  pipeline(commands: readonly RecordCommand[]): Promise<readonly unknown[]>;
  transaction(commands: readonly RecordCommand[]): Promise<readonly unknown[]>;
}
export type RecordCommand = readonly [string, ...(string | number)[]];

/** One hash tag for all: they share a slot of a Cluster, so that a transaction can span them. */
export const recordKeys = (prefix: string) => {
  const base = `${prefix}{entitlements}:`;
  return {
    /** String: names the whole load; it changes with each `load`. */
    version: `${base}version`,
    /** Hashes: key -> JSON as in the file. */
    features: `${base}features`,
    plans: `${base}plans`,
    flags: `${base}flags`,
    /** Hash: tenant -> JSON list of its grants, as in the file but without `tenant`. */
    grants: `${base}grants`,
    /** Stream: `tenant <id>` after a change of one tenant, `all 1` after a change of anything else. */
    changes: `${base}changes`,
    loading: (id: string, key: string) => `${base}loading:${id}:${key}`,
    /** What the last load replaced, for an hour: the same keys again. */
    before: (key: string) => `${base}before:${key}`,
  };
};

/** The hashes of a whole. */
export const recordParts = ['features', 'plans', 'flags', 'grants'] as const;

/** How many fields each hash had when it was loaded, in the order of `recordParts`. */
export type Counts = readonly [features: number, plans: number, flags: number, tenants: number];

/** What is written here, and what can be read: 2 has values, limits and terms; 1 has none and says nothing of it. */
const format = 2;

/** The name of a whole says what belongs to it, so that a hash that Redis has lost is missed, also by who never saw it. */
export const versionOf = (id: string, [features, plans, flags, tenants]: Counts): string =>
  `${id};format=${format};features=${features};plans=${plans};flags=${flags};tenants=${tenants}`;

/** Undefined: a name that somebody else has given. */
export const countsIn = (version: string): Counts | undefined => {
  const found = /;features=(\d+);plans=(\d+);flags=(\d+);tenants=(\d+)$/.exec(version);
  if (found === null) return undefined;
  const [, features, plans, flags, tenants] = found.map(Number) as [number, number, number, number, number];
  return [features, plans, flags, tenants];
};

/** Throws Unavailable for a record that a newer Postern has written: it may say what would not be understood. */
export const refuseNewer = (prefix: string, version: string): void => {
  const written = /;format=(\d{1,9});/.exec(version)?.[1];
  if (written === undefined || Number(written) <= format) return;
  const what = `${recordKeys(prefix).version} names a record of format ${written}, and this Postern reads up to ${format}`;
  throw new Unavailable('entitlements', new Error(`${what}: update this Postern, or load the record with one like it`));
};

/** One command. Rejects with Unavailable. */
export const recordCall = async (redis: RecordCalls, ...command: RecordCommand): Promise<unknown> => {
  try {
    return await redis.call(...command);
  } catch (error) {
    throw new Unavailable('entitlements', new Error(redisFault(error), {cause: error}));
  }
};

/** Several in one write. Rejects with Unavailable if one of them fails. */
export const recordCalls = async (
  redis: RecordCalls,
  commands: readonly RecordCommand[],
): Promise<readonly unknown[]> => {
  const replies = await redis.pipeline(commands).catch((error) => {
    throw new Unavailable('entitlements', error);
  });
  failOn(replies);
  return replies;
};

/** All or nothing. Rejects with Unavailable if one of them fails. */
export const recordTransaction = async (redis: RecordCalls, commands: readonly RecordCommand[]): Promise<void> => {
  const replies = await redis.transaction(commands).catch((error) => {
    throw new Unavailable('entitlements', error);
  });
  failOn(replies);
};

const failOn = (replies: readonly unknown[]): void => {
  for (const reply of replies) if (reply instanceof Error) throw new Unavailable('entitlements', reply);
};
