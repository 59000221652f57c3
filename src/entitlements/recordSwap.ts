// Redis as the store of record: one whole takes the place of another in one step, or not at all; and back again.
import {Unavailable} from '../core/unavailable.ts';
import {type Counts, type RecordCalls, recordCall, recordKeys, recordParts} from './record.ts';

/** The changes that are kept: instances that were away for longer load all anew. */
export const changesKept = 10_000;
/** Milliseconds for which what was replaced is kept. */
const keptFor = 3_600_000;

// Scripts, since a transaction does not look before it acts: a RENAME that fails in it leaves the ones before it done. Here
// everything is looked at first, and whatever could be refused (memory, rights, a key of another type) comes before the
// first RENAME.

const commitScript = `
local version = redis.call('GET', KEYS[13])
if version == ARGV[1] then return 'done' end
for part = 1, 4 do
  local length = redis.call('HLEN', KEYS[part])
  if length ~= tonumber(ARGV[1 + part]) then return {part, length} end
end
for part = 1, 4 do redis.call('PERSIST', KEYS[part]) end
redis.call('XADD', KEYS[15], 'MAXLEN', '~', ARGV[7], '*', 'all', '1')
for part = 1, 4 do
  redis.call('UNLINK', KEYS[8 + part])
  redis.call('PEXPIRE', KEYS[8 + part], ARGV[6])
end
redis.call('SET', KEYS[14], version or '', 'PX', ARGV[6])
for part = 1, 4 do
  if redis.call('EXISTS', KEYS[4 + part]) == 1 then
    redis.call('RENAME', KEYS[4 + part], KEYS[8 + part])
    redis.call('PEXPIRE', KEYS[8 + part], ARGV[6])
  end
  if redis.call('EXISTS', KEYS[part]) == 1 then redis.call('RENAME', KEYS[part], KEYS[4 + part]) end
end
redis.call('SET', KEYS[13], ARGV[1])
return 'done'`;

const restoreScript = `
local version = redis.call('GET', KEYS[14])
if not version or version == '' then return 'nothing' end
local counts = {string.match(version, ';features=(%d+);plans=(%d+);flags=(%d+);tenants=(%d+)$')}
for part = 1, 4 do
  local length = redis.call('HLEN', KEYS[8 + part])
  local most = tonumber(counts[part] or 0)
  if (part < 4 and length < most) or (most > 0 and length == 0) then return {part, length} end
end
for part = 1, 4 do redis.call('PERSIST', KEYS[8 + part]) end
redis.call('XADD', KEYS[15], 'MAXLEN', '~', ARGV[2], '*', 'all', '1')
redis.call('SET', KEYS[14], redis.call('GET', KEYS[13]) or '', 'PX', ARGV[1])
for part = 1, 4 do
  redis.call('UNLINK', KEYS[part])
  redis.call('PEXPIRE', KEYS[part], ARGV[1])
end
for part = 1, 4 do
  if redis.call('EXISTS', KEYS[4 + part]) == 1 then redis.call('RENAME', KEYS[4 + part], KEYS[part]) end
  if redis.call('EXISTS', KEYS[8 + part]) == 1 then redis.call('RENAME', KEYS[8 + part], KEYS[4 + part]) end
  if redis.call('EXISTS', KEYS[part]) == 1 then
    redis.call('RENAME', KEYS[part], KEYS[8 + part])
    redis.call('PEXPIRE', KEYS[8 + part], ARGV[1])
  end
end
redis.call('SET', KEYS[13], version)
return 'done'`;

const keysOf = (prefix: string, id: string): readonly string[] => {
  const keys = recordKeys(prefix);
  return [
    ...recordParts.map((part) => keys.loading(id, part)),
    ...recordParts.map((part) => keys[part]),
    ...recordParts.map((part) => keys.before(part)),
    keys.version,
    keys.before('version'),
    keys.changes,
  ];
};

const lostOf = (reply: unknown): {readonly at: number; readonly part: string; readonly length: number} | undefined => {
  if (!Array.isArray(reply)) return undefined;
  const [part, length] = reply as [number, number];
  return {at: part - 1, part: recordParts[part - 1] ?? 'something', length};
};

/** Puts what was staged under `id` in the place of everything. Rejects with Unavailable, and nothing has changed then. */
export const commitRecord = async (
  redis: RecordCalls,
  prefix: string,
  {id, version, counts}: {readonly id: string; readonly version: string; readonly counts: Counts},
): Promise<void> => {
  const keys = keysOf(prefix, id);
  const reply = await recordCall(
    redis,
    'EVAL',
    commitScript,
    ...[keys.length, ...keys, version, ...counts, keptFor, changesKept],
  );
  const lost = lostOf(reply);
  if (lost === undefined) return;
  const written = counts[lost.at];
  const what = `Redis has lost some of what was just written to it (${lost.length} of ${written} ${lost.part})`;
  throw new Unavailable(
    'entitlements',
    new Error(`${what}: it evicts, or was restarted; nothing was replaced, load again once it keeps what it gets`),
  );
};

/** Exchanges what is there and what the last load replaced. False: nothing is kept. Rejects with Unavailable. */
export const restoreRecord = async (redis: RecordCalls, prefix: string): Promise<boolean> => {
  const keys = keysOf(prefix, 'restore');
  const reply = await recordCall(redis, 'EVAL', restoreScript, ...[keys.length, ...keys, keptFor, changesKept]);
  const lost = lostOf(reply);
  if (lost === undefined) return reply === 'done';
  throw new Unavailable(
    'entitlements',
    new Error(`what was kept is no longer whole (${lost.length} ${lost.part} are left): nothing was changed`),
  );
};
