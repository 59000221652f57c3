// The stream in Redis on which each write to the record announces itself.
import type {RecordCalls} from './record.ts';

/** What has changed: a tenant by its name, or with another field everything. */
export interface Entry {
  readonly id: string;
  readonly field: string;
  readonly value: string;
}

/** Milliseconds for which one read waits for changes. */
const block = 1_000;

/** The id of the newest entry; before all of them where there is none. */
export const newestIn = async (calls: Pick<RecordCalls, 'call'>, key: string): Promise<string> => {
  const [entry] = entriesOf(await calls.call('XREVRANGE', key, '+', '-', 'COUNT', 1));
  return entry?.id ?? '0-0';
};

/** `calls`: a connection of its own, since reading blocks. */
export const makeChangeStream = (calls: Pick<RecordCalls, 'call'>, key: string) => ({
  newest: () => newestIn(calls, key),
  /** Whether entries after `at` may be gone: the stream was trimmed beyond it, or is another one than it was. */
  async missed(at: string): Promise<boolean> {
    const [oldest] = entriesOf(await calls.call('XRANGE', key, '-', '+', 'COUNT', 1));
    const last = await newestIn(calls, key);
    if (at === '0-0') return false;
    return oldest === undefined || isAfter(oldest.id, at) || isAfter(at, last);
  },
  /** Those after `at`; none where nothing came for a while. */
  async next(at: string): Promise<readonly Entry[]> {
    const reply = await calls.call('XREAD', 'COUNT', 500, 'BLOCK', block, 'STREAMS', key, at);
    const [stream] = Array.isArray(reply) ? reply : [];
    return Array.isArray(stream) ? entriesOf(stream[1]) : [];
  },
});

const entriesOf = (reply: unknown): readonly Entry[] => {
  if (!Array.isArray(reply)) return [];
  return reply.map((entry): Entry => {
    const [id, fields] = Array.isArray(entry) ? entry : [];
    const [field, value] = Array.isArray(fields) ? fields : [];
    return {id: String(id), field: String(field), value: String(value)};
  });
};

/** Stream ids are `<ms>-<n>`. */
const isAfter = (a: string, b: string): boolean => {
  const [aTime = '0', aCount = '0'] = a.split('-');
  const [bTime = '0', bCount = '0'] = b.split('-');
  const difference = BigInt(aTime) - BigInt(bTime) || BigInt(aCount) - BigInt(bCount);
  return difference > 0n;
};
