// postern keys: makes API keys and shows them once, takes over those that exist by their hash, and changes what is in the file.
import {randomBytes} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {readingFault} from '../core/words/fileFault.ts';
import {apiKeyOf, hashOf, hashOfKey, keyId, secretBytes} from '../providers/apiKeysForm.ts';
import {
  entriesIn,
  entryIn,
  holdsNone,
  readKeyFile,
  type WrittenEntry,
  withChange,
  withEntry,
} from '../providers/keyFile.ts';
import {rewriteFile} from './rewriteFile.ts';

/** As the command line gives them. */
export interface NewKeyOptions {
  readonly id?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly role?: readonly string[];
  readonly permission?: readonly string[];
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly file?: string;
}

const header = '# API keys for Postern: hashes only. `postern keys new --file` adds to this file.\n';

/**
 * Prints the key, alone on the first line of standard output: it is nowhere else, and cannot be had again. With `file` its
 * entry is added there, whole or not at all; else the entry follows, to be added by hand. Exit status 1 if it cannot.
 */
export const newKey = async (options: NewKeyOptions): Promise<void> => {
  const id = options.id ?? randomBytes(4).toString('hex');
  if (!keyId.test(id)) return fail(`--id ${id}: is not an id: use letters, digits and -, 63 at most`);
  const key = apiKeyOf(id, randomBytes(secretBytes));
  const entry = entryOf(options, id, hashOfKey(key));
  const alone = withEntry('', entry);
  const wrong = faultOf(entry, options);
  if (wrong !== undefined) return fail(wrong);

  if (options.file === undefined) {
    process.stdout.write(`${key}\n\n${alone}`);
    process.stderr.write('The key above is shown once. Add the entry below it to the file of the provider.\n');
    return;
  }
  const fault = await rewrite(options.file, adding(entry), true);
  if (fault !== undefined) return fail(`${options.file}: ${fault}`);
  process.stdout.write(`${key}\n`);
  process.stderr.write(`The key is shown once. Its hash is in ${options.file}, as "${id}".\n`);
};

const fail = (why: string): void => {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
};

const entryOf = (options: NewKeyOptions, id: string, hash: string): WrittenEntry => ({
  id,
  hash,
  subject: options.subject ?? id,
  ...(options.tenant !== undefined && {tenant: options.tenant}),
  ...(options.role !== undefined && {roles: [...options.role]}),
  ...(options.permission !== undefined && {permissions: [...options.permission]}),
  ...(options.scope !== undefined && {scopes: [...options.scope]}),
  // To the second, as `iat` is: a revocation refuses what was issued in an earlier one.
  created: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  ...(options.expires !== undefined && {expires: options.expires}),
});

/** What is wrong with an entry, in words of the command line. */
const faultOf = (entry: WrittenEntry, {expires}: NewKeyOptions): string | undefined => {
  const {keys, faults} = readKeyFile(withEntry('', entry), 'new');
  if (faults !== undefined) return faults.map((fault) => fault.replace(/^[\d:]+ keys\[0\]\./, '')).join('\n');
  const [key] = keys.values();
  return (key?.expires ?? 0) <= Date.now()
    ? `--expires ${expires}: is in the past, so the key would never be good: give a later date`
    : undefined;
};

const adding =
  (entry: WrittenEntry): Change =>
  (text) => ({text: withEntry(text, entry)});

/** Takes over a key that exists, by its hash: it stays as it is, and who has it notices nothing. Exit status 1 if it cannot. */
export const addKey = async (options: NewKeyOptions & {readonly hash: string}): Promise<void> => {
  const id = options.id ?? randomBytes(4).toString('hex');
  if (!keyId.test(id)) return fail(`--id ${id}: is not an id: use letters, digits and -, 63 at most`);
  const hash = hashOf(options.hash);
  if (hash === undefined)
    return fail(
      '--hash: is not a SHA-256: write its 64 hex digits or 43 characters of base64url, never the key itself',
    );
  const entry = entryOf(options, id, hash);
  const wrong = faultOf(entry, options);
  if (wrong !== undefined) return fail(wrong);
  if (options.file === undefined) return void process.stdout.write(withEntry('', entry));
  const fault = await rewrite(options.file, adding(entry), true);
  if (fault !== undefined) return fail(`${options.file}: ${fault}`);
  process.stdout.write(`added: ${id}\n`);
};

/** Prints the entries of a file, without their hashes: a line each, or JSON. */
export const listKeys = async ({file, json}: {readonly file: string; readonly json?: boolean}): Promise<void> => {
  const text = await readFile(file, 'utf8').catch((error: Error) => error);
  if (text instanceof Error) return fail(`${file}: ${readingFault(text)}`);
  const {faults} = readKeyFile(text, 'list');
  if (faults !== undefined) return fail(faults.map((fault) => `${file}:${fault}`).join('\n'));
  for (const {hash: _, ...entry} of entriesIn(text)) {
    process.stdout.write(`${json === true ? JSON.stringify(entry) : lineOf(entry)}\n`);
  }
};

const lineOf = ({id, subject, tenant, kind, expires, disabled}: Omit<WrittenEntry, 'hash'>): string => {
  const state = disabled === true ? 'disabled' : isOver(expires) ? 'expired' : 'good';
  const more = [tenant && `tenant=${tenant}`, kind && `kind=${kind}`, expires && `expires=${expires}`].filter(Boolean);
  return [id, state, `subject=${subject}`, ...more].join('  ');
};

const isOver = (expires: string | undefined): boolean => expires !== undefined && Date.parse(expires) <= Date.now();

/** Switches a key off: it is refused within two seconds wherever the file is read. It stays in the file. */
export const disableKey = async (id: string, {file}: {readonly file: string}): Promise<void> => {
  const fault = await rewrite(file, (text) => changed(text, id, {disabled: true}));
  if (fault !== undefined) return fail(`${file}: ${fault}`);
  process.stdout.write(`disabled: ${id}\n`);
};

const changed = (text: string, id: string, fields: Partial<WrittenEntry>): ReturnType<Change> => {
  const next = withChange(text, id, fields);
  if (next !== undefined) return {text: next};
  const known = entriesIn(text).map((entry) => entry.id);
  return {fault: `has no key "${id}"; it has ${known.length === 0 ? 'none' : known.slice(0, 20).join(', ')}`};
};

/**
 * Makes a new key beside one, with its subject and rights under the next id (`ci`, `ci-2`, `ci-3`), and prints it once; the old
 * one is good for `overlap` hours more.
 */
export const rotateKey = async (
  id: string,
  {file, overlap}: {readonly file: string; readonly overlap: string},
): Promise<void> => {
  const hours = Number(overlap);
  if (!/^\d{1,4}$/.test(overlap))
    return fail(`--overlap ${overlap}: is not a number of hours, such as 24; 0 ends the old key at once`);
  let made = '';
  let next = '';
  const fault = await rewrite(file, (text) => {
    const old = entryIn(text, id);
    if (old === undefined) return changed(text, id, {});
    next = nextId(id, new Set(entriesIn(text).map((entry) => entry.id)));
    if (!keyId.test(next)) return {fault: `has no room for another id beside "${id}": make a key by keys new`};
    made = apiKeyOf(next, randomBytes(secretBytes));
    const {disabled: _, expires, ...same} = old;
    const end = new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const ended =
      expires !== undefined && Date.parse(expires) < Date.parse(end) ? text : withChange(text, id, {expires: end});
    return {
      text: withEntry(ended ?? text, {
        ...same,
        id: next,
        hash: hashOfKey(made),
        created: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      }),
    };
  });
  if (fault !== undefined) return fail(`${file}: ${fault}`);
  process.stdout.write(`${made}\n`);
  process.stderr.write(
    `The key is shown once. Its hash is in ${file}, as "${next}"; "${id}" is good for ${hours} h more.\n`,
  );
};

const nextId = (id: string, taken: ReadonlySet<string>): string => {
  const [, base = id, number = '1'] = /^(.*)-(\d{1,4})$/.exec(id) ?? [];
  let at = Number(number) + 1;
  while (taken.has(`${base}-${at}`)) at++;
  return `${base}-${at}`;
};

/** The text of a key file -> the next one, or why not. */
type Change = (
  text: string,
) => {readonly text: string; readonly fault?: never} | {readonly fault: string; readonly text?: never};

/** Changes a file of keys, or makes it if `make` says so; one that is broken stays as it is. Answers what went wrong. */
const rewrite = (file: string, change: Change, make = false): Promise<string | undefined> =>
  rewriteFile(file, (found) => {
    if (found === undefined && !make) return {fault: 'there is no such file; postern keys new makes one'};
    const text = found ?? header;
    const before = holdsNone(text) ? undefined : readKeyFile(text, 'before').faults;
    if (before !== undefined) return {fault: `is broken, mend it first: ${before.join('; ')}`};
    const changed = change(text);
    if (changed.fault !== undefined) return changed;
    const after = readKeyFile(changed.text, 'after').faults;
    return after === undefined ? changed : {fault: after.join('; ')};
  });
