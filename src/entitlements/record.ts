// Redis as the store of record: its keys (docs/entitlements.md), and calls to it whose trouble is an outage.
import {Unavailable} from '../core/unavailable.ts';

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
    trash: (id: string, key: string) => `${base}trash:${id}:${key}`,
  };
};

/** One command. Rejects with Unavailable. */
export const recordCall = async (redis: RecordCalls, ...command: RecordCommand): Promise<unknown> => {
  try {
    return await redis.call(...command);
  } catch (error) {
    throw new Unavailable('entitlements', error);
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
