// Decisions to be made into cases: a decision log in a file or on standard input, or a running process.
import {createReadStream} from 'node:fs';
import {createInterface} from 'node:readline';
import {pathText} from '../../../config/findings.ts';
import {findingsOf, wording} from '../../../config/issues.ts';
import type {Settings} from '../../../config/schema.ts';
import {readingFault} from '../../../core/words/fileFault.ts';
import {type DecisionLine, decisionLine} from '../../../observe/decisionLineSchema.ts';
import {adminCall} from '../../adminCall.ts';
import {CommandError} from '../../settings.ts';

/** A decision, and where it stood: `decisions.jsonl:7`. */
export interface ReadDecision {
  readonly where: string;
  readonly line: DecisionLine;
}

/** Oldest first. Throws CommandError that names each line that cannot be read, up to ten. */
export const readDecisions = async (from: string, admin: Settings['admin']): Promise<readonly ReadDecision[]> => {
  if (from === 'admin' || /^https?:\/\//.test(from)) return ofProcess(adminAt(from, admin));
  return ofLog(from);
};

/** Lines of other things (a start, a reload) are in a log, too; what is JSON and has no `decision` is one of them. */
const ofLog = async (file: string): Promise<readonly ReadDecision[]> => {
  const shown = file === '-' ? 'standard input' : file;
  const input = file === '-' ? process.stdin : createReadStream(file, 'utf8');
  const lines = createInterface({input, crlfDelay: Number.POSITIVE_INFINITY});
  const read: ReadDecision[] = [];
  const faults: string[] = [];
  let number = 0;
  try {
    for await (const text of lines) {
      number += 1;
      if (text.trim() === '') continue;
      const line = lineOf(text);
      if (line === undefined) continue;
      if (typeof line === 'string') faults.push(`${shown}:${number}: ${line}`);
      else read.push({where: `${shown}:${number}`, line});
      if (faults.length >= mostFaults) break;
    }
  } catch (error) {
    throw new CommandError(`${shown}: ${readingFault(error)}`);
  }
  if (faults.length > 0) throw new CommandError(faults.join('\n'));
  return read;
};

const mostFaults = 10;

/** The decision; a sentence where it cannot be read; undefined where the line is about something else. */
const lineOf = (text: string): DecisionLine | string | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not JSON: ${(error as Error).message.slice(0, 120)}; a decision log has a JSON object a line`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
  if (!Object.hasOwn(value, 'outcome') || !Object.hasOwn(value, 'decision')) return undefined;
  const {v} = value as {v?: unknown};
  if (v !== undefined && v !== 1) return `is of version ${JSON.stringify(v)}, and this Postern reads version 1`;
  const parsed = decisionLine.safeParse({v: 1, ...value}, {error: wording});
  if (parsed.success) return parsed.data;
  const [found] = findingsOf(parsed.error.issues, value, () => 'is not known here');
  return found === undefined ? 'is no decision' : `${pathText(found.path)}: ${found.message}`;
};

/** What a running process keeps, page by page. */
const ofProcess = async (admin: Settings['admin']): Promise<readonly ReadDecision[]> => {
  const read: ReadDecision[] = [];
  for (let before = ''; ; ) {
    const path = `/decisions?limit=1000${before === '' ? '' : `&before=${before}`}`;
    const page = (await adminCall(admin, 'GET', path)) as {decisions: DecisionLine[]; next?: string};
    read.push(...page.decisions.map((line) => ({where: `decision ${line.decision}`, line})));
    if (page.next === undefined) return read.reverse();
    before = page.next;
  }
};

/** The address that is named instead of the one in the configuration; the token is that of the configuration. */
const adminAt = (from: string, admin: Settings['admin']): Settings['admin'] => {
  if (from === 'admin') return admin;
  const url = URL.parse(from);
  if (url === null || url.protocol !== 'http:') {
    throw new CommandError(`--record: "${from}" is no address of an admin port: write http://127.0.0.1:9190`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {...admin, listen: {kind: 'tcp', host, port: Number(url.port || 80)}};
};
