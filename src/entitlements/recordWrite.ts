// Redis as the store of record: writing it.
import type {Grant, Snapshot} from '../core/entitlement.ts';
import {
  type RecordCalls,
  type RecordCommand,
  recordCall,
  recordCalls,
  recordKeys,
  recordTransaction,
} from './record.ts';

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
      await recordCalls(redis, [
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
    if (commands.length > 0) await recordCalls(redis, [...commands, ['EXPIRE', staged('grants'), loadingFor]]);
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
    if ((await recordCall(redis, 'EXISTS', staged(part))) === 1) present.add(`new ${part}`);
    if ((await recordCall(redis, 'EXISTS', keys[part])) === 1) present.add(`old ${part}`);
  }
  const swap: RecordCommand[] = [];
  for (const part of parts) {
    if (present.has(`old ${part}`)) swap.push(['RENAME', keys[part], keys.trash(id, part)]);
    if (!present.has(`new ${part}`)) continue;
    swap.push(['RENAME', staged(part), keys[part]], ['PERSIST', keys[part]]);
  }
  await recordTransaction(redis, [...swap, ['SET', keys.version, id], announce(keys.changes, 'all', '1')]);
  // Renamed first and freed in the background: deleting a million fields at once would hold Redis up.
  await recordCalls(redis, [['UNLINK', ...parts.map((part) => keys.trash(id, part))]]);
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
  await recordTransaction(redis, [write, announce(keys.changes, 'tenant', tenant)]);
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
