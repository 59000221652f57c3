// Entries of the streams of changes and of drops, as replies hold them, each linked to the one before it.

/** One entry that is ours: what it follows, what it leads to, and its other fields. */
export interface Change {
  readonly before: string;
  readonly after: string;
  /** Members of the set after it; NaN where there is none. */
  readonly count: number;
  /** Its author asks who has read it. */
  readonly asked: boolean;
  readonly members: readonly string[];
  readonly drop: string | undefined;
  /** When Redis took it, milliseconds since the epoch. */
  readonly at: number;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** The id of the last entry, whosever it is; undefined if there is none. */
  readonly last: string | undefined;
}

/** Reads the entries of an XRANGE reply; what is no entry of ours is left out. */
export const changesOf = (reply: unknown): Changes => {
  const entries = (Array.isArray(reply) ? reply : []).filter(
    (entry): entry is [string, unknown] => Array.isArray(entry) && typeof entry[0] === 'string',
  );
  return {changes: entries.flatMap(([id, fields]) => changeOf(id, fields) ?? []), last: entries.at(-1)?.[0]};
};

const changeOf = (id: string, fields: unknown): Change | undefined => {
  if (!Array.isArray(fields) || !fields.every((field): field is string => typeof field === 'string')) return undefined;
  const [p, before = '', n, after = ''] = fields;
  if (p !== 'p' || n !== 'n') return undefined;
  const pairs = Array.from({length: fields.length / 2}, (_, at) => [fields[2 * at], fields[2 * at + 1] ?? ''] as const);
  const named = (name: string) => pairs.find(([key]) => key === name)?.[1];
  return {
    before,
    after,
    count: Number(named('c') ?? Number.NaN),
    asked: named('a') === '1',
    members: pairs.flatMap(([key, value]) => (key === 'm' ? [value] : [])),
    drop: named('d'),
    at: Number.parseInt(id, 10),
  };
};
