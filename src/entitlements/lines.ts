// Entitlements as JSON lines: one feature, plan, flag or grant a line, so that a million grants are read piece by piece.
import {z} from 'zod';
import type {Feature, Flag, Grant, Plan, Snapshot} from '../core/entitlement.ts';
import {danglingNames, type Finding, featureShape, flagShape, isFinding, planShape, readGrant} from './document.ts';

const key = z.string().min(1).max(256);
const definition = z.union([
  z.strictObject({feature: key, permissions: featureShape.shape.permissions}),
  z.strictObject({plan: key, ...planShape.shape}),
  z.strictObject({flag: key, ...flagShape.shape}),
]);

export interface LineFinding extends Finding {
  readonly line: number;
}

const longestLine = 1_048_576;
const mostFindings = 20;
const batch = 5_000;

/**
 * Reads lines such as `{"feature": "orders"}`, `{"plan": "pro", "features": ["orders"]}`, `{"flag": "beta", "on": true}`
 * and `{"grant": "pro", "tenant": "t1", "expires": null}`. A plan stands before the grants of it; empty lines are
 * skipped. Lets others have their turn on the event loop. Never rejects.
 */
export const readLines = async (
  bytes: Buffer,
): Promise<{readonly snapshot: Snapshot} | {readonly findings: readonly LineFinding[]}> => {
  const features = new Map<string, Feature>();
  const plans = new Map<string, Plan>();
  const flags = new Map<string, Flag>();
  const grants: Grant[] = [];
  const findings: LineFinding[] = [];

  let line = 0;
  for (let start = 0; start < bytes.length && findings.length < mostFindings; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    line += 1;
    const finding = end - start > longestLine ? {path: [], message: 'is longer than 1 MiB'} : take(start, end);
    if (finding !== undefined) findings.push({...finding, line});
    start = end + 1;
    if (line % batch === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (findings.length === 0) {
    findings.push(...danglingNames(features, plans, flags).map((finding) => ({...finding, line})));
  }
  return findings.length > 0 ? {findings} : {snapshot: {features, plans, flags, grants}};

  function take(start: number, end: number): Finding | undefined {
    const text = bytes.toString('utf8', start, end).trim();
    if (text === '') return undefined;
    const raw = parse(text);
    if (raw === undefined) return {path: [], message: 'is not a JSON object'};
    if (Object.hasOwn(raw, 'grant')) {
      const {grant: plan, ...rest} = raw;
      const grant = readGrant({...rest, plan}, plans);
      if (isFinding(grant)) return grant;
      grants.push(grant);
      return undefined;
    }
    const read = definition.safeParse(raw);
    if (!read.success) return {path: [], message: 'is neither a feature, a plan, a flag nor a grant as documented'};
    if ('feature' in read.data) return define(features, read.data.feature, {permissions: read.data.permissions});
    if ('plan' in read.data) {
      const {plan, ...rest} = read.data;
      return define(plans, plan, rest);
    }
    const {flag, ...rest} = read.data;
    return define(flags, flag, rest);
  }
};

const define = <V>(known: Map<string, V>, name: string, value: V): Finding | undefined => {
  if (known.has(name)) return {path: [], message: `"${name}" stands here for the second time`};
  known.set(name, value);
  return undefined;
};

const parse = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};
