// What is wrong with entitlements, in a person's words: places, names and kinds, none of them longer than a line.
import type {z} from 'zod';
import {kindWords} from '../core/words/kindWords.ts';
import {knownKeys} from '../core/words/knownKeys.ts';
import {nearest} from '../core/words/nearest.ts';

/** Something that is wrong, and where in the document: `['plans', 'pro', 'features', 0]`. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of a name that nothing has: the names that there are. Looked through when it is told, which most findings are not. */
  readonly known?: ReadonlyMap<string, unknown>;
  /** That name. */
  readonly name?: string;
}

/** A name that is used and not defined. */
export const noSuch = (
  path: readonly PropertyKey[],
  what: 'feature' | 'plan',
  name: string,
  known: ReadonlyMap<string, unknown>,
): Finding => ({path, message: `there is no ${what} ${shownName(name)}`, known, name});

/** More names than this are not looked through for one that is near. */
const mostCompared = 1_000;

const meant = ({known, name}: Finding): string => {
  const near = known === undefined || known.size > mostCompared ? undefined : nearest(name ?? '', [...known.keys()]);
  return near === undefined ? '' : `; did you mean ${shownName(near)}?`;
};

const longestName = 64;

/** A name as a message shows it: whoever writes it may have made it long, or put a line break into it. */
export const shownName = (name: string): string => JSON.stringify(cut(name));

/** What is wrong with an object that names something twice. */
export const saidTwice = ({name}: {readonly name: string}): string =>
  `${shownName(name)} stands here for the second time: keys must be unique`;

const cut = (name: string): string => (name.length > longestName ? `${name.slice(0, longestName)}…` : name);

const kinds: Readonly<Record<string, string>> = {...kindWords, null: 'nothing', undefined: 'nothing'};

/** Given to every parse: what a schema knows, for `toFinding` to compare an unknown key with. */
export const keyWords: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'unrecognized_keys' ? knownKeys(issue.inst).join('\n') : undefined;

/** An issue of the schema library, in words where it has none of ours. */
export const toFinding = (issue: z.core.$ZodIssue | undefined): Finding => ({
  path: issue?.path ?? [],
  message: issue === undefined ? 'is not understood' : (inWords(issue) ?? issue.message),
});

const inWords = (issue: z.core.$ZodIssue): string | undefined => {
  if (issue.code === 'unrecognized_keys') {
    const [key = '', ...others] = issue.keys;
    const near = others.length > 0 ? undefined : nearest(key, issue.message.split('\n'));
    const hint = near === undefined ? '' : `; did you mean ${shownName(near)}?`;
    return `has ${issue.keys.slice(0, 5).map(shownName).join(', ')}, which ${others.length === 0 ? 'is no setting' : 'are no settings'} here${hint}`;
  }
  const [, expected = '', received = ''] = /^Invalid input: expected (\w+), received (\w+)$/.exec(issue.message) ?? [];
  const kind = kinds[expected];
  if (kind === undefined) return undefined;
  if (received === 'undefined') return `is missing: it must be ${kind}`;
  const remedy = expected === 'string' && received === 'number' ? ': put it in quotes' : '';
  return `must be ${kind}, not ${kinds[received] ?? 'that'}${remedy}`;
};

/** `plans.pro.features[0]: there is no feature "x"`. */
export const describeFinding = (finding: Finding): string => {
  const {path} = finding;
  const message = finding.message + meant(finding);
  const where = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${plainName(String(part))}`)).join('');
  return where === '' ? message : `${where.replace(/^\./, '')}: ${message}`;
};

/** The same, without quotes where it needs none. */
export const plainName = (name: string): string => {
  const shown = shownName(name);
  return shown === `"${name}"` ? name : shown;
};
