// Entitlements as people and services write them: the model of the file, the HTTP answer and the Redis values.
import {z} from 'zod';
import type {Catalog, Feature, Flag, Grant, Plan, Snapshot} from '../core/entitlement/entitlement.ts';
import {isObject} from '../core/isObject.ts';
import {
  addShape,
  amountFindings,
  graceShape,
  limitsShape,
  measureShape,
  termsFindings,
  valuesShape,
} from './amounts.ts';
import {type Finding, keyWords, noSuch, toFinding} from './words.ts';

const key = z.string().min(1, 'is empty').max(256, 'is longer than 256 characters');
const strings = z.array(z.string().max(1_024));
const number = z.number();
const moment = z.union([z.iso.datetime({offset: true}), z.iso.date(), z.number()]);

/** The value that each operator compares with. A typing error here would be a rule that never matches. */
const shapes = {
  in_list: z.strictObject({list: strings}),
  starts_with: z.strictObject({list: strings}),
  ends_with: z.strictObject({list: strings}),
  contains: z.strictObject({list: strings}),
  matches: z.strictObject({string: z.string().max(1_024)}),
  equal: z.strictObject({number}),
  greater_than: z.strictObject({number}),
  greater_than_equal: z.strictObject({number}),
  lower_than: z.strictObject({number}),
  lower_than_equal: z.strictObject({number}),
  between_numeric: z.strictObject({start: number, end: number}),
  is: z.strictObject({boolean: z.boolean()}),
  on: z.strictObject({date: moment}),
  on_or_after: z.strictObject({date: moment}),
  on_or_before: z.strictObject({date: moment}),
  between_date: z.strictObject({start: moment, end: moment}),
};

const condition = z
  .strictObject({
    attribute: key,
    op: z.enum(Object.keys(shapes) as [keyof typeof shapes, ...(keyof typeof shapes)[]]),
    negate: z.boolean().prefault(false),
    value: z.record(z.string(), z.unknown()),
  })
  .superRefine(({op, value}, context) => {
    for (const issue of shapes[op].safeParse(value).error?.issues ?? []) {
      context.addIssue({code: 'custom', path: ['value', ...issue.path], message: `${op}: ${issue.message}`});
    }
  });

const targetingRule = z.strictObject({
  logic: z.enum(['and', 'or']).prefault('and'),
  conditions: z.array(condition).max(100),
  treatment: z.boolean(),
});
const rules = z.array(targetingRule).max(1_000).prefault([]);

/** What a feature, a plan and a flag look like. */
export const featureShape = z.strictObject({permissions: z.array(key).prefault([]), ...measureShape});
export const planShape = z.strictObject({
  features: z.array(key),
  default: z.boolean().prefault(false),
  rules,
  rank: z.number('is not a number: write 10 for the least of your plans, 20 for the next').exactOptional(),
  values: valuesShape,
  limits: limitsShape,
  hidden: z.boolean().exactOptional(),
});
export const flagShape = z.strictObject({
  on: z.boolean(),
  default: z.boolean().prefault(false),
  off: z.boolean().prefault(false),
  rules,
});

/** An ISO date (midnight UTC) or date and time with its zone -> milliseconds since the epoch; null stays: never. */
export const endShape = z
  .union([z.iso.datetime({offset: true}), z.iso.date(), z.null()], {
    error: 'is not a date: write 2027-01-31, 2027-01-31T12:00:00Z, or null for never',
  })
  .transform((text) => (text === null ? null : Date.parse(text)));

export const grantShape = z.strictObject({
  plan: key,
  tenant: key,
  user: key.nullable().prefault(null),
  expires: endShape.prefault(null),
  grace: graceShape,
  values: valuesShape,
  add: addShape,
  limits: limitsShape,
});

/**
 * Names that people give, each with what has it. Own entries only, and all of them: of a record the schema library leaves
 * out `__proto__` without a word.
 */
const named = <T>(shape: z.ZodType<T>, example: string) =>
  z
    .custom<object>((value) => isObject(value), {
      error: `is not a mapping: write ${example}`,
      abort: true,
    })
    .transform((value, context): ReadonlyMap<string, T> => {
      const found = new Map<string, T>();
      for (const [name, raw] of Object.entries(value)) {
        const issues = [
          ...(key.safeParse(name).error?.issues ?? []),
          ...add(found, name, shape.safeParse(raw, {error: keyWords})),
        ];
        for (const {path, ...issue} of issues) {
          context.addIssue({
            code: 'custom',
            path: [name, ...path],
            message: toFinding({path, ...issue} as (typeof issues)[number]).message,
          });
        }
      }
      return found;
    });

const add = <T>(found: Map<string, T>, name: string, read: z.ZodSafeParseResult<T>): readonly z.core.$ZodIssue[] => {
  if (read.success) found.set(name, read.data);
  return read.error?.issues ?? [];
};

const documentShape = z.strictObject({
  features: named(
    z
      .unknown()
      .transform((value) => value ?? {})
      .pipe(featureShape),
    'features: {orders: {}}',
  ).prefault({}),
  plans: named(planShape, 'plans: {pro: {features: [orders]}}').prefault({}),
  grants: z.array(z.unknown()).nullable().prefault([]),
  flags: named(flagShape, 'flags: {orders: {on: true}}').nullable().prefault({}),
  grantCount: z.int().min(0).optional(),
});

/** `whole`: the document says how many grants it has, and has them. */
export type Read = {readonly snapshot: Snapshot; readonly whole: boolean} | {readonly findings: readonly Finding[]};

/** In a log, more would not help whoever repairs it. */
const mostFindings = 20;
/** Grants checked before others have their turn on the event loop. */
const batch = 5_000;

/** Names that nothing defines, which would silently entitle nobody, and amounts that fit nothing. */
export const definitionFindings = (
  features: ReadonlyMap<string, Feature>,
  plans: ReadonlyMap<string, Plan>,
  flags: ReadonlyMap<string, Flag>,
): Finding[] => [...danglingNames(features, plans, flags), ...amountFindings(features, plans)];

/** Looks for names that nothing defines. */
export const danglingNames = (
  features: ReadonlyMap<string, Feature>,
  plans: ReadonlyMap<string, Plan>,
  flags: ReadonlyMap<string, Flag>,
): Finding[] => {
  const findings: Finding[] = [];
  for (const [plan, {features: named}] of plans) {
    for (const [at, feature] of named.entries()) {
      if (!features.has(feature)) {
        findings.push(noSuch(['plans', plan, 'features', at], 'feature', feature, features));
      }
    }
  }
  for (const flag of flags.keys()) {
    if (!features.has(flag)) findings.push(noSuch(['flags', flag], 'feature', flag, features));
  }
  return findings;
};

/** One grant, checked: the grant, or what is wrong with it. */
export const readGrant = (raw: unknown, {features, plans}: Catalog): Grant | Finding => {
  const read = grantShape.safeParse(raw, {error: keyWords});
  if (!read.success) return toFinding(read.error.issues[0]);
  const plan = plans.get(read.data.plan);
  if (plan === undefined) return noSuch(['plan'], 'plan', read.data.plan, plans);
  const {values, add, limits} = read.data;
  // Most grants have no terms of their own, and there are many.
  if (values === undefined && add === undefined && limits === undefined) return read.data;
  const [wrong] = termsFindings(features, plan, read.data);
  return wrong ?? read.data;
};

export const isFinding = (value: Grant | Finding): value is Finding => 'message' in value;

/** Checks a document; tells the first `most` findings. Lets others have their turn between batches of grants. Never rejects. */
export const readDocument = async (raw: unknown, most = mostFindings): Promise<Read> => {
  const read = documentShape.safeParse(raw, {error: keyWords});
  if (!read.success) return {findings: read.error.issues.slice(0, most).map(toFinding)};
  const features = read.data.features;
  const plans = read.data.plans;
  const flags = read.data.flags ?? new Map<string, Flag>();
  const findings = definitionFindings(features, plans, flags);

  const grants: Grant[] = [];
  for (const [at, rawGrant] of (read.data.grants ?? []).entries()) {
    const grant = readGrant(rawGrant, {features, plans});
    if (isFinding(grant)) findings.push({...grant, path: ['grants', at, ...grant.path]});
    else grants.push(grant);
    if (findings.length >= most) break;
    if (at % batch === batch - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const {grantCount} = read.data;
  if (findings.length === 0 && grantCount !== undefined && grantCount !== grants.length) {
    findings.push({path: ['grantCount'], message: notAll(grantCount, grants.length)});
  }
  if (findings.length > 0) return {findings: findings.slice(0, most)};
  return {snapshot: {features, plans, flags, grants}, whole: grantCount !== undefined};
};

export const notAll = (said: number, found: number): string =>
  `is ${said}, and there are ${found} grants: something is missing, or the number is to be changed`;
