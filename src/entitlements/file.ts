// Entitlements from a file: YAML, JSON, or JSON lines for very many grants; read again when it changes.
import {createHash} from 'node:crypto';
import {readFile, stat} from 'node:fs/promises';
import {LineCounter, parseDocument} from 'yaml';
import {Unavailable} from '../core/unavailable.ts';
import {describeFinding, type Finding, type Read, readDocument} from './document.ts';
import {readLines} from './lines.ts';
import type {SnapshotSource} from './source.ts';

/** Reading YAML takes long and holds up everything else meanwhile. */
const longestYaml = 8 * 1_048_576;
/** How often is looked whether the file is another one, milliseconds. */
const lookEvery = 1_000;

/**
 * The source `file`. `path`: `.json`, `.jsonl` (a line for each feature, plan, flag and grant; read piece by piece), else
 * YAML up to 8 MiB. Looks at what the path leads to, so a swapped symbolic link (ConfigMap) is a change like any other;
 * a changed file is loaded within 2 s.
 */
export const makeFileSource = (path: string): SnapshotSource => {
  // What was loaded last, so that an untouched file is not read again.
  let last: {readonly print: string; readonly version: string} | undefined;

  return {
    name: 'file',
    async load(known) {
      const print = await fingerprint(path).catch((error: Error) => broken(`cannot be read: ${error.message}`));
      if (last !== undefined && last.print === print && last.version === known) return 'unchanged';
      const bytes = await readFile(path).catch((error: Error) => broken(`cannot be read: ${error.message}`));
      const version = createHash('sha256').update(bytes).digest('base64url');
      if (version === known) {
        last = {print, version};
        return 'unchanged';
      }
      const read = await parse(bytes);
      if ('message' in read) return broken(read.message);
      last = {print, version};
      return {version, snapshot: read.snapshot};
    },
    watch(changed) {
      let seen: string | undefined;
      const look = async () => {
        const now = await fingerprint(path).catch(() => 'gone');
        if (seen !== undefined && now !== seen) changed();
        seen = now;
      };
      void look();
      const timer = setInterval(look, lookEvery).unref();
      return () => clearInterval(timer);
    },
  };

  function broken(what: string): never {
    throw new Unavailable('entitlements', new Error(`${path} ${what}`));
  }

  async function parse(bytes: Buffer): Promise<{readonly snapshot: ReadSnapshot} | {readonly message: string}> {
    if (path.endsWith('.jsonl')) {
      const read = await readLines(bytes);
      return 'snapshot' in read
        ? read
        : {message: summary(read.findings.map((finding) => `line ${finding.line}: ${describeFinding(finding)}`))};
    }
    const text = bytes.toString('utf8');
    if (path.endsWith('.json')) {
      const json = parseJson(text);
      if ('message' in json) return json;
      return told(await readDocument(json.value), text);
    }
    if (bytes.length > longestYaml) {
      return {message: `has ${bytes.length} bytes, and YAML is read up to ${longestYaml}: write it as .json or .jsonl`};
    }
    const yaml = parseYaml(text);
    return 'message' in yaml ? yaml : told(await readDocument(yaml.value), text);
  }
};

type ReadSnapshot = Extract<Read, {readonly snapshot: unknown}>['snapshot'];

const fingerprint = async (path: string): Promise<string> => {
  const {dev, ino, size, mtimeNs} = await stat(path, {bigint: true});
  return `${dev} ${ino} ${size} ${mtimeNs}`;
};

const parseJson = (text: string): {readonly value: unknown} | {readonly message: string} => {
  try {
    return {value: JSON.parse(text)};
  } catch (error) {
    return {message: `is not JSON: ${(error as Error).message.slice(0, 200)}`};
  }
};

const parseYaml = (text: string): {readonly value: unknown} | {readonly message: string} => {
  try {
    const document = parseDocument(text, {uniqueKeys: true, prettyErrors: true});
    const first = document.errors[0];
    if (first !== undefined) return {message: `is not YAML: ${first.message.split('\n', 1)[0]}`};
    return {value: document.toJS({maxAliasCount: 1_000}) ?? {}};
  } catch (error) {
    // Aliases that multiply, or more nesting than the stack holds.
    return {message: `is not YAML that can be read: ${(error as Error).message.slice(0, 200)}`};
  }
};

/** The findings with line and column, found by reading the text once more: JSON is YAML too. */
const told = (read: Read, text: string): {readonly snapshot: ReadSnapshot} | {readonly message: string} => {
  if ('snapshot' in read) return read;
  if (text.length > longestYaml) return {message: summary(read.findings.map(describeFinding))};
  const lines = new LineCounter();
  const document = parseDocument(text, {lineCounter: lines});
  const place = ({path}: Finding): string => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as {range?: [number, number, number]} | undefined;
      if (node?.range === undefined) continue;
      const {line, col} = lines.linePos(node.range[0]);
      return `${line}:${col}`;
    }
    return '1:1';
  };
  return {message: summary(read.findings.map((finding) => `${place(finding)} ${describeFinding(finding)}`))};
};

const summary = (findings: readonly string[]): string => `is wrong: ${findings.join('; ')}`;
