// Entries of a Redis Stream, as replies hold them.

/** Ours have one field only, whose value is a packed text. */
export interface StreamEntry {
  /** `<milliseconds>-<number>`, rising. */
  readonly id: string;
  readonly value: string;
}

/** The entries of an XRANGE reply; what is no entry of ours has an empty value. */
export const entriesOf = (reply: unknown): readonly StreamEntry[] => {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry): StreamEntry[] => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || !/^\d{1,20}-\d{1,20}$/.test(entry[0])) return [];
    const value: unknown = Array.isArray(entry[1]) && entry[1][0] === 'm' ? entry[1][1] : '';
    return [{id: entry[0], value: typeof value === 'string' ? value : ''}];
  });
};

/** True if the entry named `a` was added after the one named `b`. */
export const isAfter = (a: string, b: string): boolean => {
  const [aTime = '0', aCount = '0'] = a.split('-');
  const [bTime = '0', bCount = '0'] = b.split('-');
  return (BigInt(aTime) - BigInt(bTime) || BigInt(aCount) - BigInt(bCount)) > 0n;
};
