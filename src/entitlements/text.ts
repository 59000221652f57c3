// Entitlements from the text of a file: YAML, JSON or JSON lines by its name; what is wrong, with its place.

import {type Alias, type Document, isAlias, isScalar, LineCounter, parseDocument, type Scalar, visit} from 'yaml';
import type {Snapshot} from '../core/entitlement/entitlement.ts';
import {jsonFault} from '../core/words/jsonFault.ts';
import {namedTwice} from '../core/words/jsonTwice.ts';
import {makePlaceAt} from '../core/words/place.ts';
import {placedFault} from '../core/words/yamlFaults.ts';
import {type Read, readDocument} from './document.ts';
import {readLines} from './lines.ts';
import {describeFinding, type Finding, saidTwice, shownName} from './words.ts';

/** Something that is wrong. Without a line: with the whole. Both count from 1. */
export interface Fault {
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

export type ReadText = {readonly snapshot: Snapshot; readonly whole: boolean} | {readonly faults: readonly Fault[]};

const mostAliases = 1_000;
/** Of those, keys. */
const mostAliasKeys = 20;
/** Reading YAML takes long and holds up everything else meanwhile. */
const longestYaml = 8 * 1_048_576;

/** Reads by the end of `name`: `.jsonl`, `.json`, else YAML. Tells the first `most` faults. Never rejects. */
export const readText = async (name: string, bytes: Buffer, most?: number): Promise<ReadText> => {
  if (name.endsWith('.jsonl')) {
    const read = await readLines(bytes, most);
    return 'snapshot' in read ? read : {faults: read.findings.map(faultOfLine)};
  }
  const text = bytes.toString('utf8');
  if (name.endsWith('.json')) {
    const json = parseJson(text);
    return 'faults' in json ? json : placed(await readDocument(json.value, most), text);
  }
  if (bytes.length > longestYaml) {
    const message = `has ${bytes.length} bytes, and YAML is read up to ${longestYaml}: write it as .json or .jsonl`;
    return {faults: [{message}]};
  }
  const yaml = parseYaml(text);
  return 'faults' in yaml ? yaml : placed(await readDocument(yaml.value, most), text);
};

export const faultOfLine = ({line, ...finding}: Finding & {readonly line: number}): Fault => ({
  line,
  message: describeFinding(finding),
});

type Parsed = {readonly value: unknown} | {readonly faults: readonly Fault[]};

const parseJson = (text: string): Parsed => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {faults: [{message: jsonFault(error, text)}]};
  }
  const twice = namedTwice(text);
  return twice === undefined
    ? {value}
    : {faults: [{line: twice.line, column: twice.column, message: saidTwice(twice)}]};
};

const parseYaml = (text: string): Parsed => {
  try {
    // Names given twice are told below: the library compares each key with all others of its mapping, and as it was written.
    const document = parseDocument(text, {uniqueKeys: false, prettyErrors: false, logLevel: 'error'});
    const [first] = document.errors;
    if (first !== undefined) {
      return {faults: [placedFault(first, text, {what: 'entitlements', broken: 'is not YAML'})]};
    }
    const twice = keyTwice(document);
    if (twice !== undefined) {
      const {line, column} = makePlaceAt(text)(twice.at);
      const where = `line ${line}, column ${column}`;
      const message = `is not YAML: keys must be unique, and ${shownName(twice.name)} stands at ${where} for the second time`;
      return {faults: [{message}]};
    }
    return {value: document.toJS({maxAliasCount: mostAliases}) ?? {}};
  } catch (error) {
    const multiply = /alias/i.test(String(error));
    const why = multiply ? 'Excessive aliases multiply what stands there' : 'it is nested more deeply than can be read';
    return {faults: [{message: `is not YAML that can be read: ${why}; write it out`}]};
  }
};

/** The first key that has the name of another in its mapping, whatever way each is written: the last would count. */
const keyTwice = (document: Document): {readonly name: string; readonly at: number} | undefined => {
  let found: {readonly name: string; readonly at: number} | undefined;
  let aliases = 0;
  const resolved = (key: Alias): unknown => {
    aliases += 1;
    // Each is looked for from the top of the document.
    if (aliases > mostAliasKeys) throw new Error('Excessive aliases as keys');
    return key.resolve(document);
  };
  visit(document, {
    Map(_, {items}) {
      const names = new Set<string>();
      for (const {key} of items) {
        const node = isAlias(key) ? resolved(key) : key;
        const name = isScalar(node) ? String(node.value ?? '') : JSON.stringify(node ?? '');
        if (names.has(name)) {
          found = {name, at: (key as Partial<Scalar>).range?.[0] ?? 0};
          return visit.BREAK;
        }
        names.add(name);
      }
      return undefined;
    },
  });
  return found;
};

/** The findings with line and column, found by reading the text once more: JSON is YAML too. */
const placed = (read: Read, text: string): ReadText => {
  if ('snapshot' in read) return read;
  if (text.length > longestYaml) return {faults: read.findings.map((finding) => ({message: describeFinding(finding)}))};
  const lines = new LineCounter();
  const document = parseDocument(text, {lineCounter: lines});
  const faultOf = (finding: Finding): Fault => {
    const message = describeFinding(finding);
    for (let depth = finding.path.length; depth >= 0; depth--) {
      const node = document.getIn(finding.path.slice(0, depth), true) as {range?: [number, number, number]} | undefined;
      if (node?.range === undefined) continue;
      const {line, col} = lines.linePos(node.range[0]);
      return {line, column: col, message};
    }
    return {line: 1, column: 1, message};
  };
  return {faults: read.findings.map(faultOf)};
};
