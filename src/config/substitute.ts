// `${NAME}` and `${file:/path}` in the strings of the settings.
import {type Finding, keyOfPath, type SettingPath} from './findings.ts';

/** What came from outside the file. Values by the path of the setting that holds them, and where each came from. */
export interface Origins {
  /** Key of a setting's path -> `${NAME}`, as written. */
  readonly at: ReadonlyMap<string, string>;
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

  return {value: await walk(tree, []), origins: {at, values}, findings};
};

/** A message without anything that came from outside the file: such values are replaced by where they came from. */
export const withoutOrigins = (message: string, origins: Origins): string => {
  let clean = message;
  const longestFirst = [...origins.values].sort(([one], [other]) => other.length - one.length);
  for (const [value, written] of longestFirst) {
    // Short values would hit parts of ordinary words; they are only hidden where they are quoted.
    if (value.length >= 4) clean = clean.replaceAll(value, () => written);
    else clean = clean.replaceAll(`"${value}"`, () => `"${written}"`);
  }
  return clean;
};
