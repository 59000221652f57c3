// What is done to the set of revocations in Redis: each step a script, so that set and marker never disagree.
import {formVersion, longestMember} from './revocationForm.ts';

/**
 * The keys share a slot of a Cluster by their hash tag:
 *
 * - the set itself: a sorted set of packed elements by their ends;
 * - `:mark`: `<version> <random>`, another one with each change. Whoever knows it knows that this is the very Redis that
 *   was read, with all that it had: an empty one, an older one or another one has another;
 * - `:changes`: a short stream that wakes instances up. Each entry names the mark before it (`p`) and after it (`n`), so
 *   that a gap is seen, with the number of elements after it (`c`) and those that were added (`m`);
 * - `:drops`: cached entitlements to be fetched anew, linked in the same way;
 * - `:heard:<mark>`: how many instances have read a change, where its author asks to be told (`a`).
 */
export const keysOf = (prefix: string) => {
  const set = `${prefix}{revocations}`;
  return {set, mark: `${set}:mark`, changes: `${set}:changes`, drops: `${set}:drops`, heard: `${set}:heard:`};
};

/** Milliseconds for which Redis keeps an element beyond its end: clocks differ. */
const late = 600_000;
/** Entries of the stream of changes, about; whoever misses more reads the set. */
const mostChanges = 1_000;
/** Most that one call trims. */
const trimmed = 500;

/** Answers mark, number of members, id of the last change, Redis's time in milliseconds, id of the last drop. */
export const look = `
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)
local drop = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)
local time = redis.call('TIME')
return {redis.call('GET', KEYS[2]) or '', redis.call('ZCARD', KEYS[1]), last[1] and last[1][1] or '0-0',
  time[1] * 1000 + math.floor(time[2] / 1000), drop[1] and drop[1][1] or '0-0'}`;

/**
 * ARGV: mark, whether to be told who has heard, then end and member in turn. Adds what is missing, trims what is past its
 * end by the clock of Redis, and says so in the stream. Without members it shows whether Redis can be written to, for which
 * it sets the mark that is there, or the first one.
 */
export const write = `
local before = redis.call('GET', KEYS[2]) or ''
local version = string.match(before, '^(%d+) ')
if version and tonumber(version) > ${formVersion} then
  return redis.error_reply('NEWER the revocations were written by a newer version')
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local added = {}
for at = 3, #ARGV, 2 do
  if redis.call('ZADD', KEYS[1], ARGV[at], ARGV[at + 1]) == 1 then added[#added + 1] = ARGV[at + 1] end
end
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - ${late}), 'LIMIT', 0, ${trimmed})
if #ended > 0 then redis.call('ZREM', KEYS[1], unpack(ended)) end
local after = '${formVersion} ' .. ARGV[1]
if #added == 0 and #ended == 0 then
  if before == '' then before = after end
  redis.call('SET', KEYS[2], before)
  return {before, now}
end
redis.call('SET', KEYS[2], after)
local entry = {'p', before, 'n', after, 'c', redis.call('ZCARD', KEYS[1]), 'a', ARGV[2]}
for _, member in ipairs(added) do
  entry[#entry + 1] = 'm'
  entry[#entry + 1] = member
end
local told = redis.pcall('XADD', KEYS[3], 'MAXLEN', '~', ${mostChanges}, '*', unpack(entry))
if type(told) == 'table' and told.err then
  redis.call('DEL', KEYS[3])
  redis.call('XADD', KEYS[3], '*', unpack(entry))
end
return {after, now}`;

/** ARGV: score to begin at, how many of that very score to leave out, how many to read. Long members are left out. */
export const page = `
local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
local members = {}
local last, same = ARGV[1], tonumber(ARGV[2])
for at = 1, #found, 2 do
  if string.len(found[at]) <= ${longestMember} then members[#members + 1] = found[at] end
  if found[at + 1] ~= last then
    last = found[at + 1]
    same = 0
  end
  same = same + 1
end
return {#found / 2, last, same, members}`;

/** ARGV: mark, milliseconds for which a drop matters, the drop. */
export const drop = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local before = ''
if last[1] then
  for at = 1, #last[1][2], 2 do if last[1][2][at] == 'n' then before = last[1][2][at + 1] end end
end
local entry = {'p', before, 'n', ARGV[1], 'd', ARGV[3]}
local told = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ${mostChanges}, '*', unpack(entry))
if type(told) == 'table' and told.err then
  redis.call('DEL', KEYS[1])
  redis.call('XADD', KEYS[1], '*', unpack(entry))
end
local time = redis.call('TIME')
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', time[1] * 1000 - ARGV[2]))
return 1`;

/** ARGV: milliseconds. */
export const hear = `
local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return count`;
