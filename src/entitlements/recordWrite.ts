// Redis as the store of record: writing it.
import type {Grant, Snapshot} from '../core/entitlement/entitlement.ts';
import {writtenTerms} from './amounts.ts';
import type {Head} from './overlay.ts';
import {
  type Counts,
  type RecordCalls,
  type RecordCommand,
  recordCall,
  recordCalls,
  recordKeys,
  recordParts,
  recordTransaction,
  versionOf,
} from './record.ts';
import {changesKept, commitRecord} from './recordSwap.ts';

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

/** Grants held in memory before they are written. */
const batch = 20_000;
const tenantsAtOnce = 500;
/** Nothing half-loaded outlives a load that was broken off by more than this, seconds. */
const loadingFor = 3_600;

/** A load under way: beside what is in force, which `commit` replaces at once for whoever reads. */
export interface RecordLoad {
  /** Takes a grant, in any order; a promise when it is time to wait, since a batch is being written. */
  add(grant: Grant): Promise<void> | undefined;
  /**
   * Replaces everything, if `accept` (told of the tenants that were written) does not reject. Rejects with Unavailable if
   * Redis fails or has lost some of what was written; what was there then stays.
   */
  commit(
    head: Head,
    accept?: (tenants: number) => Promise<void>,
  ): Promise<{readonly grants: number; readonly tenants: number}>;
  /** Removes what was written beside. */
  abandon(): Promise<void>;
}

/** Begins to replace everything. `id` names the new whole; `progress` is told the grants written so far. */
export const openLoad = (
  redis: RecordCalls,
  prefix: string,
  id: string,
  progress: (written: number) => void = () => undefined,
): RecordLoad => {
  const keys = recordKeys(prefix);
  const staged = (part: (typeof recordParts)[number]) => keys.loading(id, part);
  let held: Grant[] = [];
  let written = 0;
  /** Fields that were new when they were written: as many must be there in the end, or some were lost meanwhile. */
  const made = {features: 0, plans: 0, flags: 0, grants: 0};
  const put = async (part: (typeof recordParts)[number], fields: readonly string[]): Promise<void> => {
    const [added] = await recordCalls(redis, [
      ['HSET', staged(part), ...fields],
      ['EXPIRE', staged(part), loadingFor],
    ]);
    made[part] += Number(added);
  };

  const flush = async (): Promise<void> => {
    const byTenant = new Map<string, Grant[]>();
    for (const grant of held) {
      const list = byTenant.get(grant.tenant);
      if (list === undefined) byTenant.set(grant.tenant, [grant]);
      else list.push(grant);
    }
    held = [];
    const isFirst = written === 0;
    const tenants = [...byTenant];
    for (let at = 0; at < tenants.length; at += tenantsAtOnce) {
      const page = tenants.slice(at, at + tenantsAtOnce);
      const names = page.map(([tenant]) => tenant);
      const known = isFirst ? [] : await recordCall(redis, 'HMGET', staged('grants'), ...names);
      const fields = page.flatMap(([tenant, grants], place) => [tenant, joined(known, place, packGrants(grants))]);
      await put('grants', fields);
      written += page.reduce((sum, [, grants]) => sum + grants.length, 0);
      progress(written);
    }
  };
  const writeHead = async (head: Head): Promise<void> => {
    for (const part of ['features', 'plans', 'flags'] as const) {
      const fields = [...head[part]].flatMap(([key, value]) => [key, JSON.stringify(value)]);
      for (let at = 0; at < fields.length; at += 1_000) await put(part, fields.slice(at, at + 1_000));
    }
  };
  const swap = async (): Promise<void> => {
    const counts: Counts = [made.features, made.plans, made.flags, made.grants];
    await commitRecord(redis, prefix, {id, version: versionOf(id, counts), counts});
  };

  return {
    add(grant) {
      held.push(grant);
      return held.length < batch ? undefined : flush();
    },
    async commit(head, accept = async () => {}) {
      await flush();
      await writeHead(head);
      await accept(made.grants);
      await swap();
      return {grants: written, tenants: made.grants};
    },
    async abandon() {
      held = [];
      await recordCalls(redis, [['UNLINK', ...recordParts.map(staged)]]);
    },
  };
};

/** Replaces everything by the snapshot. */
export const loadRecord = async (
  redis: RecordCalls,
  prefix: string,
  {grants, ...head}: Snapshot,
  id: string,
  progress?: (written: number) => void,
): Promise<{readonly grants: number; readonly tenants: number}> => {
  const load = openLoad(redis, prefix, id, progress);
  for (const grant of grants) {
    const full = load.add(grant);
    if (full !== undefined) await full;
  }
  return load.commit(head);
};

/** Grants of a tenant whose other grants came in an earlier batch: two JSON lists, neither of them empty, as one. */
const joined = (known: unknown, place: number, list: string): string => {
  const before: unknown = Array.isArray(known) ? known[place] : undefined;
  return typeof before === 'string' ? `${before.slice(0, -1)},${list.slice(1)}` : list;
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
  await recordTransaction(redis, [write, announce(keys.changes, 'tenant', tenant)]);
};

const changeScript = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'tenant', ARGV[1])
return 1`;

/**
 * The same, if nobody else has changed what the tenant has since `before` was read (its field as it stands; '': none).
 * False: somebody has, and nothing was written.
 */
export const changeTenant = async (
  redis: RecordCalls,
  prefix: string,
  tenant: string,
  before: string,
  grants: readonly Grant[],
): Promise<boolean> => {
  const keys = recordKeys(prefix);
  const after = grants.length === 0 ? '' : packGrants(grants);
  const done = await recordCall(
    redis,
    'EVAL',
    changeScript,
    2,
    keys.grants,
    keys.changes,
    tenant,
    before,
    after,
    changesKept,
  );
  return done === 1;
};

const packGrants = (grants: readonly Grant[]): string =>
  JSON.stringify(
    grants.map(({plan, user, expires, ...terms}) => ({
      plan,
      ...(user !== null && {user}),
      ...(expires !== null && {expires: isoOf(expires)}),
      ...writtenTerms(terms),
    })),
  );

/** An end that no date can say has passed for ever or never comes. */
const isoOf = (moment: number): string | null => {
  if (moment === Number.POSITIVE_INFINITY) return null;
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? '1970-01-01T00:00:00Z' : date.toISOString();
};
