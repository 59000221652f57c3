// The file of API keys: YAML -> entries, or everything that is wrong with it and where.
import {type Document, isMap, isScalar, isSeq, LineCounter, parseDocument} from 'yaml';
import {z} from 'zod';
import type {Principal} from '../core/principal.ts';
import {placedFault} from '../core/words/yamlFaults.ts';
import {hashOf, keyId} from './apiKeysForm.ts';

const text = z.string().min(1, 'is empty').max(256, 'is longer than 256 characters');
const texts = z.array(text).max(1_000, 'has more than 1000 items').default([]);
const moment = z
  .union([z.iso.date(), z.iso.datetime({offset: true})], {
    error: 'is not a date: write 2027-01-31 (its first moment, UTC) or 2027-01-31T12:00:00Z',
  })
  .transform((written) => Date.parse(written));

const entrySettings = z.strictObject({
  id: z.string().regex(keyId, 'is not an id: use letters, digits and -, 63 at most'),
  hash: z.string().transform((written, context) => {
    const hash = hashOf(written);
    if (hash !== undefined && /^sha256:/.test(written)) return hash;
    const message =
      'is not a hash: copy it from what `postern keys new` printed, or write sha256: and the SHA-256 of a key';
    context.addIssue({code: 'custom', message});
    return z.NEVER;
  }),
  subject: text,
  tenant: text.optional(),
  roles: texts,
  permissions: texts,
  scopes: texts,
  kind: z.enum(['service', 'user']).default('service'),
  created: moment.optional(),
  expires: moment.optional(),
  disabled: z.boolean().default(false),
});
const fileSettings = z.strictObject({keys: z.array(entrySettings)});

const kinds: Readonly<Record<string, string>> = {object: 'a mapping', array: 'a list', string: 'a text in quotes'};

/** Words for faults whose setting says none itself. */
const wording: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'is required' : `must be ${kinds[issue.expected] ?? 'true or false'}`;
  }
  return issue.code === 'invalid_value' ? `must be ${issue.values.join(' or ')}` : 'is not valid';
};

/** An entry as it stands in the file. */
export type WrittenEntry = z.input<typeof entrySettings>;

/** A key that may be used: whom it stands for, and until when (milliseconds since the epoch). */
export interface ApiKey {
  readonly principal: Principal;
  readonly expires: number;
  readonly disabled: boolean;
}

/** Keys by their hash. */
export type ApiKeys = ReadonlyMap<string, ApiKey>;

/** `4:9: keys[0].roles: must be a list`. Never a value of the file. */
type Fault = string;

/** Some 5,000 keys: 0.6 s, in a thread of their own (on the 2-core machine of the benchmarks). */
const longestFile = 1_048_576;
const mostFaults = 20;

/** Reads the text of a file. `provider`: what the principals name as theirs. Never throws. */
export const readKeyFile = (
  text: string,
  provider: string,
): {readonly keys: ApiKeys; readonly faults?: never} | {readonly faults: readonly Fault[]; readonly keys?: never} => {
  if (text.length > longestFile) return {faults: ['1:1: is longer than 1 MiB']};
  const lines = new LineCounter();
  const document = parsed(text, lines);
  if (document === undefined) return {faults: ['1:1: cannot be read as YAML: it is nested too deeply']};
  const at = (offset: number): string => {
    const {line, col} = lines.linePos(offset);
    return `${line}:${col}`;
  };
  const [first] = document.errors;
  if (first !== undefined) {
    const {line, column, message} = placedFault(first, text, {what: 'keys', broken: 'is not YAML'});
    return {faults: [`${line}:${column}: ${message}`]};
  }

  // A file that is being written, or that was cut, must not revoke every key.
  if (document.contents === null || isNothing(document.contents)) {
    return {faults: ['1:1: holds no keys: to revoke every key on purpose write `keys: []`']};
  }
  const fault = (path: readonly PropertyKey[], what: string): Fault =>
    `${at(offsetOf(document, path))}: ${pathText(path)}${what}`;
  const read = fileSettings.safeParse(plain(document), {error: wording});
  if (!read.success) {
    const faults = read.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => fault([...issue.path, key], 'is not known here'))
        : [fault(issue.path, issue.message)],
    );
    return {faults: faults.slice(0, mostFaults)};
  }

  const keys = new Map<string, ApiKey>();
  const ids = new Set<string>();
  const faults: Fault[] = [];
  for (const [index, entry] of read.data.keys.entries()) {
    if (ids.has(entry.id)) faults.push(fault(['keys', index, 'id'], 'is the id of another key; give each its own'));
    if (keys.has(entry.hash)) faults.push(fault(['keys', index, 'hash'], 'is the hash of another key; make a new one'));
    ids.add(entry.id);
    keys.set(entry.hash, apiKeyOfEntry(entry, provider));
  }
  return faults.length > 0 ? {faults: faults.slice(0, mostFaults)} : {keys};
};

const apiKeyOfEntry = (entry: z.output<typeof entrySettings>, provider: string): ApiKey => {
  const {id, subject, tenant, roles, permissions, scopes, kind, created, expires, disabled} = entry;
  const principal: Principal = {
    provider,
    kind,
    subject,
    ...(tenant !== undefined && {tenant}),
    roles,
    permissions,
    scopes,
    claims: {},
    tokenId: id,
    ...(created !== undefined && {issuedAt: Math.floor(created / 1_000)}),
    ...(expires !== undefined && {expiresAt: Math.floor(expires / 1_000)}),
    amr: [],
  };
  return {principal, expires: expires ?? Number.POSITIVE_INFINITY, disabled};
};

/** Nothing but comments, or `keys:` with nothing after it: the first entry may be added to it. */
export const holdsNone = (text: string): boolean => {
  const {contents, errors} = parseDocument(text);
  if (errors.length > 0) return false;
  return contents === null || (isNothing(contents) && isMap(contents) && contents.items.length === 1);
};

/** The text with one entry more, comments and all else as they were. The text must be one that can be read. */
export const withEntry = (text: string, entry: WrittenEntry): string => {
  const document = parseDocument(text);
  if (document.contents === null) document.contents = document.createNode({keys: []}) as never;
  const keys = document.get('keys', true);
  if (!isSeq(keys)) document.set('keys', document.createNode([entry]));
  else {
    keys.flow = false;
    keys.add(document.createNode(entry));
  }
  return document.toString({lineWidth: 0});
};

/** The text with other fields in the entry of an id, all else as it was; undefined: there is no such entry. */
export const withChange = (text: string, id: string, fields: Partial<WrittenEntry>): string | undefined => {
  const document = parseDocument(text);
  const keys = document.get('keys', true);
  const entry = isSeq(keys) ? keys.items.find((item) => isMap(item) && item.get('id') === id) : undefined;
  if (!isMap(entry)) return undefined;
  for (const [name, value] of Object.entries(fields)) entry.set(name, value);
  return document.toString({lineWidth: 0});
};

/** The entry of an id as it stands in a text that can be read. */
export const entryIn = (text: string, id: string): WrittenEntry | undefined =>
  entriesIn(text).find((entry) => entry.id === id);

/** All entries of a text that can be read, in its order. */
export const entriesIn = (text: string): readonly WrittenEntry[] =>
  (parseDocument(text).toJS() as {keys?: readonly WrittenEntry[] | null} | null)?.keys ?? [];

const parsed = (text: string, lineCounter: LineCounter): Document | undefined => {
  try {
    return parseDocument(text, {lineCounter, prettyErrors: false, merge: false, logLevel: 'error'});
  } catch {
    return undefined;
  }
};

/** `keys:` with nothing after it. A file without `keys` is another file, and told so. */
const isNothing = (contents: unknown): boolean =>
  isMap(contents) && contents.has('keys') && contents.get('keys') === undefined;

/** Aliases are no values here. */
const plain = (document: Document): unknown => {
  try {
    return document.toJS({maxAliasCount: 0});
  } catch {
    return undefined;
  }
};

/** Where a value stands, or the key of one that is not known, or what is around one that is missing. */
const offsetOf = (document: Document, path: readonly PropertyKey[]): number => {
  for (let length = path.length; length >= 0; length--) {
    const around = length === 0 ? undefined : document.getIn(path.slice(0, length - 1), true);
    const holder = length === 1 ? document.contents : around;
    const key = path[length - 1];
    const pair = isMap(holder)
      ? holder.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key))
      : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length), true);
    const offset = (node as {range?: readonly number[]} | undefined)?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return 0;
};

const pathText = (path: readonly PropertyKey[]): string => {
  const written = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 64)}`))
    .join('')
    .replace(/^\./, '');
  return written === '' ? '' : `${written}: `;
};
