// Entitlements as JSON lines: one feature, plan, flag or grant a line, so that a million grants are read piece by piece.
import {z} from 'zod';
import type {Feature, Flag, Grant, Plan, Snapshot} from '../core/entitlement/entitlement.ts';
import {isObject} from '../core/isObject.ts';
import {namedTwice} from '../core/words/jsonTwice.ts';
import {definitionFindings, featureShape, flagShape, isFinding, notAll, planShape, readGrant} from './document.ts';
import type {Head} from './overlay.ts';
import {type Finding, keyWords, saidTwice, shownName, toFinding} from './words.ts';

const key = z.string().min(1).max(256);
const begin = z.strictObject({ends: z.literal(true)});
const end = z.strictObject({end: z.int().min(0)});
const feature = z.strictObject({feature: key, ...featureShape.shape});
const plan = z.strictObject({plan: key, ...planShape.shape});
const flag = z.strictObject({flag: key, ...flagShape.shape});

export interface LineFinding extends Finding {
  readonly line: number;
}

/** Reads one line after another, in order. */
export interface LineReader {
  /** The grant of the line, if it holds a good one; what else it holds is kept in `head`. `undefined`: too long a line. */
  take(line: string | undefined): Grant | undefined;
  /** Looks for names that no line has defined. */
  end(): void;
  /** What is wrong so far, the first `most` of it. */
  readonly findings: readonly LineFinding[];
  readonly head: Head;
  /** There was a line `{"end": 3}`, and there were so many grants. */
  whole(): boolean;
}

const longestLine = 1_048_576;
const usualMost = 20;

/**
 * Reads lines such as `{"feature": "orders"}`, `{"plan": "pro", "features": ["orders"]}`, `{"flag": "beta", "on": true}`
 * and `{"grant": "pro", "tenant": "t1", "expires": null}`. A plan stands before the grants of it; empty lines are skipped.
 * `{"end": 3}`, the last line, says how many grants there are; `{"ends": true}`, anywhere above, that there is such a line.
 */
export const makeLineReader = (most = usualMost): LineReader => {
  const features = new Map<string, Feature>();
  const plans = new Map<string, Plan>();
  const flags = new Map<string, Flag>();
  const findings: LineFinding[] = [];
  /** Where each was defined: `plans pro` -> line. */
  const places = new Map<string, number>();
  let line = 0;
  let grants = 0;
  let ends: number | undefined;
  let promised = false;

  const report = (finding: Finding, at = line): undefined => {
    if (findings.length < most) findings.push({...finding, line: at});
  };
  const define = <V>(part: keyof Head, known: Map<string, V>, name: string, value: V): undefined => {
    if (known.has(name)) return report({path: [], message: `${shownName(name)} stands here for the second time`});
    known.set(name, value);
    places.set(`${part} ${name}`, line);
  };

  const checked = <T>(shape: z.ZodType<T>, raw: object): T | undefined => {
    const read = shape.safeParse(raw, {error: keyWords});
    return read.success ? read.data : report(toFinding(read.error.issues[0]));
  };

  return {
    findings,
    head: {features, plans, flags},
    take(text) {
      line += 1;
      if (text === undefined || text.length > longestLine) return report({path: [], message: 'is longer than 1 MiB'});
      if (text.trim() === '') return undefined;
      const raw = parse(text);
      if (raw === undefined) return report({path: [], message: 'is not a JSON object'});
      const twice = namedTwice(text);
      if (twice !== undefined) return report({path: [], message: saidTwice(twice)});
      if (ends !== undefined) return report({path: [], message: 'stands after the line with `end`, which is the last'});
      if (Object.hasOwn(raw, 'grant')) {
        const {grant: granted, ...rest} = raw;
        const grant = readGrant({...rest, plan: granted}, {features, plans});
        grants += 1;
        return isFinding(grant) ? report(grant) : grant;
      }
      if (begin.safeParse(raw).success) {
        promised = true;
        return undefined;
      }
      const last = end.safeParse(raw);
      if (last.success) {
        ends = last.data.end;
        if (ends !== grants) report({path: ['end'], message: notAll(ends, grants)});
        return undefined;
      }
      if (Object.hasOwn(raw, 'feature')) {
        const read = checked(feature, raw);
        if (read === undefined) return undefined;
        const {feature: name, ...rest} = read;
        return define('features', features, name, rest);
      }
      if (Object.hasOwn(raw, 'plan')) {
        const read = checked(plan, raw);
        if (read === undefined) return undefined;
        const {plan: name, ...rest} = read;
        return define('plans', plans, name, rest);
      }
      if (Object.hasOwn(raw, 'flag')) {
        const read = checked(flag, raw);
        if (read === undefined) return undefined;
        const {flag: name, ...rest} = read;
        return define('flags', flags, name, rest);
      }
      return report({path: [], message: 'is neither a feature, a plan, a flag nor a grant as documented'});
    },
    whole: () => ends !== undefined,
    end() {
      if (promised && ends === undefined) {
        report({path: [], message: 'is the last one, and there is no line with `end`: the rest is missing'});
      }
      for (const finding of definitionFindings(features, plans, flags)) {
        report(finding, places.get(`${String(finding.path[0])} ${String(finding.path[1])}`));
      }
    },
  };
};

const chunkLength = 262_144;

/** Reads all lines of a text. Lets others have their turn on the event loop. Never rejects. */
export const readLines = async (
  bytes: Buffer,
  most = usualMost,
): Promise<{readonly snapshot: Snapshot; readonly whole: boolean} | {readonly findings: readonly LineFinding[]}> => {
  const reader = makeLineReader(most);
  const grants: Grant[] = [];
  for await (const lines of linesOf(chunksOf(bytes))) {
    for (const line of lines) {
      const grant = reader.take(line);
      if (grant !== undefined) grants.push(grant);
    }
    if (reader.findings.length >= most) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  reader.end();
  return reader.findings.length > 0
    ? {findings: reader.findings}
    : {snapshot: {...reader.head, grants}, whole: reader.whole()};
};

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkLength) yield bytes.subarray(at, at + chunkLength);
}

const nothing = Buffer.alloc(0);

/** The lines that each piece of a text completes; `undefined` for one that is too long to be kept. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<readonly (string | undefined)[]> {
  let begun: Buffer = nothing;
  let tooLong = false;
  const add = (piece: Buffer): void => {
    tooLong ||= begun.length + piece.length > longestLine;
    begun = tooLong ? nothing : begun.length === 0 ? piece : Buffer.concat([begun, piece]);
  };
  const finish = (): string | undefined => {
    const line = tooLong ? undefined : begun.toString('utf8');
    begun = nothing;
    tooLong = false;
    return line;
  };
  for await (const chunk of chunks) {
    const lines: (string | undefined)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      lines.push(finish());
      start = end + 1;
    }
    add(chunk.subarray(start));
    yield lines;
  }
  if (tooLong || begun.length > 0) yield [finish()];
}

const parse = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};
