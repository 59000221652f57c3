// Redis as the store of record: reading it.
import type {z} from 'zod';
import type {Catalog, Grant} from '../core/entitlement/entitlement.ts';
import {Unavailable} from '../core/unavailable.ts';
import {namedTwice} from '../core/words/jsonTwice.ts';
import {featureShape, flagShape, isFinding, planShape, readGrant} from './document.ts';
import type {Head} from './overlay.ts';
import {type RecordCalls, recordCall, recordCalls, recordKeys} from './record.ts';
import type {TenantGrants} from './source.ts';
import {describeFinding, saidTwice, shownName, toFinding} from './words.ts';

/** What the record says of features, plans and flags. Throws Unavailable if it cannot be understood. */
export const readHead = async (redis: RecordCalls, prefix: string): Promise<Head> => {
  const keys = recordKeys(prefix);
  const read = async <T>(part: 'features' | 'plans' | 'flags', shape: Shape<T>): Promise<Map<string, T>> => {
    const reply = await recordCall(redis, 'HGETALL', keys[part]);
    const found = new Map<string, T>();
    if (!Array.isArray(reply)) return broken(`${keys[part]} is not a hash`);
    for (let at = 0; at + 1 < reply.length; at += 2) {
      const value = shape.safeParse(parse(keys[part], String(reply[at]), String(reply[at + 1])));
      if (!value.success) {
        const why = describeFinding(toFinding(value.error.issues[0]));
        return broken(`${keys[part]}, field ${shownName(String(reply[at]))}: ${why}`);
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
  safeParse(value: unknown): {success: true; data: T} | {success: false; error: z.ZodError};
}

/** Tenants of a page: a few milliseconds of checking. */
const pageLength = 500;

/** All grants, a page of tenants at a time; a tenant that changes meanwhile may come twice. */
export async function* readTenants(
  redis: RecordCalls,
  prefix: string,
  plans: Head['plans'],
  features: Head['features'] = new Map(),
): AsyncGenerator<TenantGrants> {
  const keys = recordKeys(prefix);
  let cursor = '0';
  do {
    const reply = await recordCall(redis, 'HSCAN', keys.grants, cursor, 'COUNT', pageLength);
    const [next, fields] = Array.isArray(reply) ? (reply as [unknown, unknown]) : [];
    if (!Array.isArray(fields)) return broken(`${keys.grants} is not a hash`);
    cursor = String(next);
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const tenant = String(fields[at]);
      yield {tenant, grants: unpackGrants(keys.grants, tenant, String(fields[at + 1]), {features, plans})};
    }
  } while (cursor !== '0');
}

/** What these tenants have now, in order; nothing is an empty list. */
export const readSomeTenants = async (
  redis: RecordCalls,
  prefix: string,
  tenants: readonly string[],
  plans: Head['plans'],
  features: Head['features'] = new Map(),
): Promise<readonly TenantGrants[]> => {
  const {changes, fault} = await readUnderstood(redis, prefix, tenants, {features, plans});
  if (fault !== undefined) throw fault;
  return changes;
};

/** What was read of some tenants: of those that can be understood, and which cannot. */
export interface Understood {
  readonly changes: readonly TenantGrants[];
  readonly broken: readonly string[];
  /** Of the first of these; undefined where there is none. */
  readonly fault: Unavailable | undefined;
}

/** The same, and a tenant that cannot be understood keeps no other from being read. */
export const readUnderstood = async (
  redis: RecordCalls,
  prefix: string,
  tenants: readonly string[],
  catalog: Catalog,
): Promise<Understood> => {
  const keys = recordKeys(prefix);
  const replies = await recordCalls(
    redis,
    tenants.map((tenant) => ['HGET', keys.grants, tenant]),
  );
  const changes: TenantGrants[] = [];
  const broken: string[] = [];
  let fault: Unavailable | undefined;
  for (const [at, tenant] of tenants.entries()) {
    const reply = replies[at];
    try {
      const grants = typeof reply === 'string' ? unpackGrants(keys.grants, tenant, reply, catalog) : [];
      changes.push({tenant, grants});
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      broken.push(tenant);
      fault ??= error;
    }
  }
  return {changes, broken, fault};
};

/** What one tenant has, and its field as it stands ('': none), by which a change can tell whether somebody else came first. */
export const readTenant = async (
  redis: RecordCalls,
  prefix: string,
  tenant: string,
  catalog: Catalog,
): Promise<{readonly grants: readonly Grant[]; readonly field: string}> => {
  const keys = recordKeys(prefix);
  const reply = await recordCall(redis, 'HGET', keys.grants, tenant);
  if (typeof reply !== 'string') return {grants: [], field: ''};
  return {grants: unpackGrants(keys.grants, tenant, reply, catalog), field: reply};
};

/** The name of the whole load; undefined: nothing has been loaded. */
export const readVersion = async (redis: RecordCalls, prefix: string): Promise<string | undefined> => {
  const reply = await recordCall(redis, 'GET', recordKeys(prefix).version);
  return typeof reply === 'string' ? reply : undefined;
};

/** A grant that is not understood is an error, not left out: leaving it out would take away what was bought. */
const unpackGrants = (key: string, tenant: string, text: string, catalog: Catalog): readonly Grant[] => {
  const list = parse(key, tenant, text);
  if (!Array.isArray(list)) return broken(`${key}, field ${shownName(tenant)}: is not a JSON list of grants`);
  return list.map((raw: unknown): Grant => {
    const grant = readGrant(typeof raw === 'object' ? {...raw, tenant} : raw, catalog);
    return isFinding(grant) ? broken(`${key}, field ${shownName(tenant)}: ${describeFinding(grant)}`) : grant;
  });
};

const parse = (key: string, field: string, text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const twice = namedTwice(text);
  return twice === undefined ? value : broken(`${key}, field ${shownName(field)}: ${saidTwice(twice)}`);
};

const broken = (what: string): never => {
  throw new Unavailable('entitlements', new Error(what));
};
