// `${NAME}` and `${file:/path}` in the strings of the settings.
import {type Finding, keyOfPath, type SettingPath, valueAt} from './findings.ts';

/** What came from outside the file. Values by the path of the setting that holds them, and where each came from. */
export interface Origins {
  /** Key of a setting's path -> `${NAME}`, as written. */
  readonly at: ReadonlyMap<string, string>;
  /** Keys of the paths of settings that are one placeholder and nothing else. */
  readonly whole: ReadonlySet<string>;
  /** Value -> `${NAME}`, as written: what must never be printed. */
  readonly values: ReadonlyMap<string, string>;
}

export interface Substituted {
  readonly value: unknown;
  readonly origins: Origins;
  /** Placeholders that could not be filled; their settings are left as they are written. */
  readonly findings: readonly Finding[];
}

/** Where values come from. `readFile` answers the text, or what is wrong with the file. */
export interface Outside {
  variable(name: string): string | undefined;
  readFile(path: string): Promise<{readonly text: string} | {readonly fault: string}>;
}

const placeholder = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Fills the placeholders of every string in a tree of plain values, once: what comes in is not looked at again. */
export const substitute = async (tree: unknown, outside: Outside): Promise<Substituted> => {
  const at = new Map<string, string>();
  const whole = new Set<string>();
  const values = new Map<string, string>();
  const findings: Finding[] = [];

  const fetch = async (name: string): Promise<{readonly text: string} | {readonly fault: string}> => {
    if (name.startsWith('file:')) {
      const path = name.slice('file:'.length);
      return path === '' ? {fault: 'names no file: write ${file:/path}'} : outside.readFile(path);
    }
    if (/^[A-Za-z_][A-Za-z0-9_]*:?[-?=+]/.test(name)) {
      return {fault: 'has a default within ${ }, which is not supported: write ${NAME}, and set it where it runs'};
    }
    if (!variableName.test(name)) {
      return {fault: 'has a ${ that cannot be read: write ${NAME} or ${file:/path}, or $${ for a literal ${'};
    }
    const text = outside.variable(name);
    return text === undefined ? {fault: `needs the environment variable ${name}, which is not set; set it`} : {text};
  };

  const filled = async (text: string, path: SettingPath): Promise<string> => {
    let result = '';
    let end = 0;
    for (const found of text.matchAll(placeholder)) {
      result += text.slice(end, found.index);
      end = found.index + found[0].length;
      if (found[0] === '$${') {
        result += '${';
        continue;
      }
      const got = await fetch(found[1] ?? '');
      if ('fault' in got) {
        findings.push({path, at: 'value', message: got.fault});
        return text;
      }
      at.set(keyOfPath(path), found[0]);
      if (found[0] === text) whole.add(keyOfPath(path));
      if (got.text !== '') values.set(got.text, found[0]);
      result += got.text;
    }
    return result + text.slice(end);
  };

  const walk = async (node: unknown, path: SettingPath): Promise<unknown> => {
    if (typeof node === 'string') return node.includes('${') ? filled(node, path) : node;
    if (Array.isArray(node)) {
      const items: unknown[] = [];
      for (const [index, item] of node.entries()) items.push(await walk(item, [...path, index]));
      return items;
    }
    if (typeof node !== 'object' || node === null) return node;
    const entries: [string, unknown][] = [];
    for (const [key, child] of Object.entries(node)) entries.push([key, await walk(child, [...path, key])]);
    return Object.fromEntries(entries);
  };

  return {value: await walk(tree, []), origins: {at, whole, values}, findings};
};

const otherThanText = (text: string, wants: Finding['wants'] = []): boolean | number | undefined => {
  if (wants.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (wants.includes('number') && /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text)) return Number(text);
  return undefined;
};

/**
 * Reads as true, false or a number what came from outside, and was refused because it is a text. Only where the setting is
 * the placeholder alone: a token of digits stays a text, as its setting takes one.
 *
 * @returns the tree with them; undefined if there are none
 */
export const withoutTexts = (tree: unknown, findings: readonly Finding[], origins: Origins): unknown => {
  let copy: unknown;
  for (const {path, wants} of findings) {
    const text = origins.whole.has(keyOfPath(path)) ? valueAt(tree, path) : undefined;
    const value = typeof text === 'string' ? otherThanText(text, wants) : undefined;
    if (value === undefined) continue;
    copy ??= structuredClone(tree);
    const holder = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>;
    holder[path.at(-1) as string | number] = value;
  }
  return copy;
};

// A word, or a number with or without a unit: our own sentences have such, too. Those are told from what is repeated from
// the file, which stands in quotes, in a path, or after the words that announce it.
const plain = /^\s*([A-Za-z]+|\d+(\.\d+)?[A-Za-z]*)\s*$/;
const announced = `(?:["'/]|the (?:text|segment) )`;

/** A message without anything that came from outside the file: such values are replaced by where they came from. */
export const withoutOrigins = (message: string, origins: Origins): string => {
  let clean = message;
  const longestFirst = [...origins.values].sort(([one], [other]) => other.length - one.length);
  for (const [value, written] of longestFirst) {
    // A switch is no secret, and what a setting takes is often told in its words.
    if (value === 'true' || value === 'false') continue;
    // Short values would hit parts of ordinary words; they are only hidden where they are quoted.
    if (value.length < 4) clean = clean.replaceAll(`"${value}"`, () => `"${written}"`);
    else if (!plain.test(value)) clean = clean.replaceAll(value, () => written);
    // The name of a setting that is suggested is ours as well.
    else if (!clean.startsWith('is not a setting')) {
      const literal = value.replaceAll('.', '\\.');
      clean = clean.replace(new RegExp(`(?<=${announced})${literal}|${literal}(?=["'/])`, 'g'), () => written);
    }
  }
  return clean;
};
