// Redis as the store of record: its keys, and the writing of them (docs/entitlements.md).
import type {Grant, Snapshot} from '../core/entitlement.ts';
import {Unavailable} from '../core/unavailable.ts';
import {describeFinding, featureShape, flagShape, isFinding, planShape, readGrant} from './document.ts';
import type {Head} from './overlay.ts';

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

/** The changes that are kept: instances that were away for longer load all anew. */
const changesKept = 10_000;

const announce = (stream: string, field: string, value: string): RecordCommand => [
  'XADD',
  stream,
  'MAXLEN',
  '~',
  changesKept,
  '*',
  field,
  value,
];

const parts = ['features', 'plans', 'flags', 'grants'] as const;
const tenantsAtOnce = 500;
/** Nothing half-loaded outlives a load that was broken off by more than this, seconds. */
const loadingFor = 3_600;

/**
 * Replaces everything by the snapshot, at once for whoever reads: it is written beside, then renamed. `progress` is told
 * the grants written so far. Rejects with Unavailable if Redis fails meanwhile; what was there then stays.
 */
export const loadRecord = async (
  redis: RecordCalls,
  prefix: string,
  snapshot: Snapshot,
  id: string,
  progress: (written: number) => void = () => undefined,
): Promise<{readonly grants: number; readonly tenants: number}> => {
  const keys = recordKeys(prefix);
  const staged = (part: string) => keys.loading(id, part);
  for (const part of ['features', 'plans', 'flags'] as const) {
    const fields = [...snapshot[part]].flatMap(([key, value]) => [key, JSON.stringify(value)]);
    for (let at = 0; at < fields.length; at += 1_000) {
      await all(redis, [
        ['HSET', staged(part), ...fields.slice(at, at + 1_000)],
        ['EXPIRE', staged(part), loadingFor],
      ]);
    }
  }
  const byTenant = new Map<string, Grant[]>();
  let grants = 0;
  for (const grant of snapshot.grants) {
    const list = byTenant.get(grant.tenant);
    if (list === undefined) byTenant.set(grant.tenant, [grant]);
    else list.push(grant);
    grants += 1;
  }
  let written = 0;
  let commands: RecordCommand[] = [];
  const flush = async () => {
    if (commands.length > 0) await all(redis, [...commands, ['EXPIRE', staged('grants'), loadingFor]]);
    commands = [];
    progress(written);
  };
  for (const [tenant, list] of byTenant) {
    commands.push(['HSET', staged('grants'), tenant, packGrants(list)]);
    written += list.length;
    if (commands.length >= tenantsAtOnce) await flush();
  }
  await flush();

  const present = new Set<string>();
  for (const part of parts) {
    if ((await call(redis, 'EXISTS', staged(part))) === 1) present.add(`new ${part}`);
    if ((await call(redis, 'EXISTS', keys[part])) === 1) present.add(`old ${part}`);
  }
  const swap: RecordCommand[] = [];
  for (const part of parts) {
    if (present.has(`old ${part}`)) swap.push(['RENAME', keys[part], keys.trash(id, part)]);
    if (!present.has(`new ${part}`)) continue;
    swap.push(['RENAME', staged(part), keys[part]], ['PERSIST', keys[part]]);
  }
  const replies = await redis.transaction([...swap, ['SET', keys.version, id], announce(keys.changes, 'all', '1')]);
  failOn(replies);
  // Renamed first and freed in the background: deleting a million fields at once would hold Redis up.
  await all(redis, [['UNLINK', ...parts.map((part) => keys.trash(id, part))]]);
  return {grants, tenants: byTenant.size};
};

/** Replaces all that one tenant and its users have (an empty list: nothing), and tells every instance. */
export const writeTenant = async (
  redis: RecordCalls,
  prefix: string,
  tenant: string,
  grants: readonly Grant[],
): Promise<void> => {
  const keys = recordKeys(prefix);
  const write: RecordCommand =
    grants.length === 0 ? ['HDEL', keys.grants, tenant] : ['HSET', keys.grants, tenant, packGrants(grants)];
  failOn(await redis.transaction([write, announce(keys.changes, 'tenant', tenant)]));
};

/** What the record says of features, plans and flags. Throws Unavailable if it cannot be understood. */
export const readHead = async (redis: RecordCalls, prefix: string): Promise<Head> => {
  const keys = recordKeys(prefix);
  const read = async <T>(part: 'features' | 'plans' | 'flags', shape: Shape<T>): Promise<Map<string, T>> => {
    const reply = await call(redis, 'HGETALL', keys[part]);
    const found = new Map<string, T>();
    if (!Array.isArray(reply)) return broken(`${keys[part]} is not a hash`);
    for (let at = 0; at + 1 < reply.length; at += 2) {
      const value = shape.safeParse(parse(String(reply[at + 1])));
      if (!value.success) {
        return broken(
          `${keys[part]}, field ${String(reply[at])}: ${value.error.issues[0]?.message ?? 'is not understood'}`,
        );
      }
      found.set(String(reply[at]), value.data);
    }
    return found;
  };
  return {
    features: await read('features', featureShape),
    plans: await read('plans', planShape),
    flags: await read('flags', flagShape),
  };
};

interface Shape<T> {
  safeParse(
    value: unknown,
  ): {success: true; data: T} | {success: false; error: {issues: readonly {readonly message: string}[]}};
}

/** All grants, a page of tenants at a time; a tenant that changes meanwhile may come twice. */
export async function* readTenants(
  redis: RecordCalls,
  prefix: string,
  plans: Head['plans'],
): AsyncGenerator<{readonly tenant: string; readonly grants: readonly Grant[]}> {
  const keys = recordKeys(prefix);
  let cursor = '0';
  do {
    const reply = await call(redis, 'HSCAN', keys.grants, cursor, 'COUNT', 1_000);
    const [next, fields] = Array.isArray(reply) ? (reply as [unknown, unknown]) : [];
    if (!Array.isArray(fields)) return broken(`${keys.grants} is not a hash`);
    cursor = String(next);
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const tenant = String(fields[at]);
      yield {tenant, grants: unpackGrants(keys.grants, tenant, String(fields[at + 1]), plans)};
    }
  } while (cursor !== '0');
}

/** What these tenants have now, in order; nothing is an empty list. */
export const readSomeTenants = async (
  redis: RecordCalls,
  prefix: string,
  tenants: readonly string[],
  plans: Head['plans'],
): Promise<readonly {readonly tenant: string; readonly grants: readonly Grant[]}[]> => {
  const keys = recordKeys(prefix);
  const replies = await all(
    redis,
    tenants.map((tenant) => ['HGET', keys.grants, tenant]),
  );
  return tenants.map((tenant, at) => {
    const reply = replies[at];
    return {tenant, grants: typeof reply === 'string' ? unpackGrants(keys.grants, tenant, reply, plans) : []};
  });
};

/** The name of the whole load; undefined: nothing has been loaded. */
export const readVersion = async (redis: RecordCalls, prefix: string): Promise<string | undefined> => {
  const reply = await call(redis, 'GET', recordKeys(prefix).version);
  return typeof reply === 'string' ? reply : undefined;
};

const packGrants = (grants: readonly Grant[]): string =>
  JSON.stringify(
    grants.map(({plan, user, expires}) => ({
      plan,
      ...(user !== null && {user}),
      ...(expires !== null && {expires: isoOf(expires)}),
    })),
  );

/** An end that no date can say has passed for ever or never comes. */
const isoOf = (moment: number): string | null => {
  if (moment === Number.POSITIVE_INFINITY) return null;
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? '1970-01-01T00:00:00Z' : date.toISOString();
};

/** A grant that is not understood is an error, not left out: leaving it out would take away what was bought. */
const unpackGrants = (key: string, tenant: string, text: string, plans: Head['plans']): readonly Grant[] => {
  const list = parse(text);
  if (!Array.isArray(list)) return broken(`${key}, field ${tenant.slice(0, 100)}: is not a JSON list of grants`);
  return list.map((raw: unknown): Grant => {
    const grant = readGrant(typeof raw === 'object' ? {...raw, tenant} : raw, plans);
    return isFinding(grant) ? broken(`${key}, field ${tenant.slice(0, 100)}: ${describeFinding(grant)}`) : grant;
  });
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const broken = (what: string): never => {
  throw new Unavailable('entitlements', new Error(what));
};

const call = async (redis: RecordCalls, ...command: RecordCommand): Promise<unknown> => {
  try {
    return await redis.call(...command);
  } catch (error) {
    throw new Unavailable('entitlements', error);
  }
};

const all = async (redis: RecordCalls, commands: readonly RecordCommand[]): Promise<readonly unknown[]> => {
  const replies = await redis.pipeline(commands).catch((error) => {
    throw new Unavailable('entitlements', error);
  });
  failOn(replies);
  return replies;
};

const failOn = (replies: readonly unknown[]): void => {
  for (const reply of replies) if (reply instanceof Error) throw new Unavailable('entitlements', reply);
};
