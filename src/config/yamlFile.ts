// A YAML text as plain values, with the place of each: the strict part of YAML that settings need.
import {type Document, isAlias, isMap, isScalar, isSeq, type Node, type ParsedNode, parseDocument} from 'yaml';
import {makePlaceAt, type Place} from '../core/words/place.ts';
import {placedFault} from '../core/words/yamlFaults.ts';
import {type Finding, keyOfPath, type SettingPath} from './findings.ts';

/** A fault of the text itself; `path` where one can be told. */
export interface TextFault extends Place {
  readonly path: SettingPath;
  readonly message: string;
}

export interface YamlFile {
  /** Mappings, lists and scalars; undefined if the text is not a mapping. */
  readonly value: Record<string, unknown> | undefined;
  readonly faults: readonly TextFault[];
  /** Where a finding points: its key or value, or the nearest thing around it that the text has. */
  placeOf(finding: Pick<Finding, 'path' | 'at'>): Place;
}

const longestText = 4_194_304;
const deepest = 32;

/**
 * Reads one YAML document whose root is a mapping. Never throws: what YAML allows and settings do not need (anchors,
 * aliases, merge keys, tags, keys that are not strings, several documents) is a fault, so that a file means one thing.
 */
export const readYaml = (text: string): YamlFile => {
  const offsets = new Map<string, {key: number; value: number}>();
  const faults: TextFault[] = [];
  // The library's own counter stops where its reading does, and errors may stand beyond.
  const placeAt = makePlaceAt(text);
  const placeOf = ({path, at}: Pick<Finding, 'path' | 'at'>): Place => {
    for (let length = path.length; length >= 0; length--) {
      const found = offsets.get(keyOfPath(path.slice(0, length)));
      if (found === undefined) continue;
      // What stands around a setting that is missing is pointed at by its key.
      return placeAt(length < path.length || at === 'key' ? found.key : found.value);
    }
    return {line: 1, column: 1};
  };
  const failed = (message: string, offset = 0, path: SettingPath = []): YamlFile => {
    faults.push({...placeAt(offset), path, message});
    return {value: undefined, faults, placeOf};
  };
  if (text.length > longestText) return failed('is longer than 4 MiB: settings are short, is it the right file?');

  if (openBrackets(text) > 64) return failed('cannot be read as YAML: it is nested too deeply');

  let document: Document.Parsed<ParsedNode>;
  try {
    document = parseDocument(text, {
      prettyErrors: false,
      uniqueKeys: false, // told below, with the name of the setting
      merge: false,
      resolveKnownTags: false,
      logLevel: 'error', // 'silent' would pass over a second document
    });
  } catch {
    return failed('cannot be read as YAML: it is nested too deeply');
  }
  const [error] = document.errors;
  if (error !== undefined) {
    const fault = placedFault(error, text, {what: 'settings', broken: 'cannot be read as YAML'});
    faults.push({...fault, path: []});
    return {value: undefined, faults, placeOf};
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    return failed('is empty: it needs at least providers and rules');
  }
  if (!isMap(root)) return failed('is not a mapping: write settings as "name: value" lines', root.range?.[0] ?? 0);

  const fault = (node: {range?: readonly number[] | null | undefined}, path: SettingPath, message: string): void => {
    faults.push({...placeAt(node.range?.[0] ?? 0), path, message});
  };

  const plain = (node: Node | null, path: SettingPath, keyOffset: number): unknown => {
    const offset = node?.range?.[0] ?? keyOffset;
    const isNothing = node === null || (isScalar(node) && node.source === '' && node.value === null);
    offsets.set(keyOfPath(path), {key: keyOffset, value: isNothing ? keyOffset : offset});
    if (node === null) return null;
    if (isAlias(node)) {
      fault(node, path, aliasFault(node.source, text, path));
      return undefined;
    }
    if ('anchor' in node && node.anchor !== undefined) {
      fault(node, path, 'has an anchor (&): take it out; settings have no anchors and aliases');
    }
    if (node.tag !== undefined) fault(node, path, 'has a tag (!): take it out; write the plain value');
    if (path.length > deepest) {
      fault(node, path, 'is nested too deeply');
      return undefined;
    }
    if (isSeq(node)) return node.items.map((item, index) => plain(item as Node, [...path, index], rangeStart(item)));
    if (!isMap(node)) return isScalar(node) ? node.value : undefined;
    const value: Record<string, unknown> = {};
    for (const {key, value: child} of node.items) {
      const keyName = isScalar(key) && key.value !== null ? scalarText(key) : undefined;
      if (keyName === undefined || (isScalar(key) && (key.tag !== undefined || key.anchor !== undefined))) {
        fault(key as Node, path, 'has a key that is not a plain text');
        continue;
      }
      const childPath = [...path, keyName];
      if (keyName === '<<') {
        fault(key as Node, childPath, 'is a merge key: write the values out; settings have no anchors and aliases');
      } else if (keyName === '__proto__') {
        fault(key as Node, childPath, 'is not a setting');
      } else if (Object.hasOwn(value, keyName)) {
        fault(key as Node, childPath, 'is given twice; keep one');
      } else value[keyName] = plain(child as Node | null, childPath, rangeStart(key));
    }
    return value;
  };
  try {
    const value = plain(root, [], root.range?.[0] ?? 0) as Record<string, unknown>;
    return {value, faults, placeOf};
  } catch {
    return failed('cannot be read as YAML: it is nested too deeply');
  }
};

// Reading takes far longer than linear time where many brackets stay open: such a text is not given to the library.
const openBrackets = (text: string): number => {
  let depth = 0;
  let most = 0;
  for (const character of text) {
    if (character === '[' || character === '{') most = Math.max(most, ++depth);
    else if ((character === ']' || character === '}') && depth > 0) depth--;
  }
  return most;
};

/** Hardly anybody means an alias: `**` and `*.acme.example` want quotes. */
const aliasFault = (source: string, text: string, path: SettingPath): string => {
  if (text.includes(`&${source}`)) return 'is an alias (*): write the value out; settings have no anchors and aliases';
  // Only what is known to be no secret is repeated.
  const shown = path.includes('match') ? `'*${source.slice(0, 64)}'` : "'*...'";
  return `begins with *, which has a meaning of its own in YAML: put it in quotes, ${shown}`;
};

const rangeStart = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0;

/** A key as it is written: `1:` and `true:` are the keys "1" and "true". */
const scalarText = (key: {value: unknown; source?: string}): string =>
  typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
