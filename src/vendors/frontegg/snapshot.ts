// What Frontegg's reply says: its snapshot, read aside (it holds as many rows as there are tenants and users).
import {z} from 'zod';
import type {Feature, Flag, Grant, Plan, Snapshot} from '../../core/entitlement/entitlement.ts';
import type {Condition, TargetingRule} from '../../core/entitlement/targeting.ts';
import {packSnapshot, unpackSnapshot} from '../../entitlements/packed.ts';

/** The body of a reply. */
export interface FronteggJob {
  readonly read: 'frontegg';
  readonly text: string;
}

const treatment = z.enum(['true', 'false']).transform((text) => text === 'true');
// What a condition says is compiled leniently: one that cannot be understood (a nested group, an operator of tomorrow)
// never holds, as in Frontegg's SDK, and must not keep everything else from being taken over.
const rules = z.array(
  z.object({conditionLogic: z.enum(['and', 'or']), conditions: z.array(z.unknown()).max(1_000), treatment}),
);
const key = z.string().min(1).max(1_024);
const keys = z.array(key);
const anything = z.unknown();

const replyShape = z.object({
  snapshotOffset: z.number(),
  data: z.object({
    features: z.array(z.tuple([key, key, keys.nullish()], anything)),
    featureBundles: z.array(z.tuple([key, keys, treatment, rules], anything)),
    // As many as there are tenants and users: looked at below, without a schema.
    entitlements: z.array(anything),
    featureFlags: z.array(z.tuple([key, z.boolean(), anything, treatment, treatment, rules], anything)),
  }),
});
type Reply = z.output<typeof replyShape>;
type Rules = z.output<typeof rules>;

type Said = {readonly offset: number} | {readonly fault: string};

/** The first piece says what comes: a fault, or the offset of a snapshot, whose pieces follow. */
export async function* fronteggPieces({text}: FronteggJob): AsyncGenerator<string> {
  const fault = (what: string) => JSON.stringify({fault: what} satisfies Said);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return yield fault('is not JSON');
  }
  const read = replyShape.safeParse(json);
  if (!read.success) return yield fault('has not the expected shape');
  const wrong = read.data.data.entitlements.findIndex((row) => !isRow(row));
  if (wrong >= 0) return yield fault(`has not the expected shape: its entitlement ${wrong}`);
  yield JSON.stringify({offset: read.data.snapshotOffset} satisfies Said);
  yield* packSnapshot(snapshotOf(read.data));
}

/** What the pieces of `fronteggPieces` say. */
export const fronteggReading = async (
  pieces: AsyncIterable<string>,
): Promise<{readonly offset: number; readonly snapshot: Snapshot} | {readonly fault: string}> => {
  const rest = pieces[Symbol.asyncIterator]();
  const {value: first} = await rest.next();
  const said = JSON.parse(first as string) as Said;
  if ('fault' in said) return said;
  const snapshot = await unpackSnapshot({[Symbol.asyncIterator]: () => rest});
  return snapshot === undefined ? {fault: 'has not the expected shape'} : {...said, snapshot};
};

const snapshotOf = ({data}: Reply): Snapshot => {
  const features = new Map<string, Feature>();
  const keyOf = new Map<string, string>();
  for (const [id, feature, permissions] of data.features) {
    keyOf.set(id, feature);
    features.set(feature, {permissions: [...(features.get(feature)?.permissions ?? []), ...(permissions ?? [])]});
  }

  const plans = new Map<string, Plan>();
  for (const [id, featureIds, otherwise, planRules] of data.featureBundles) {
    // One that is not there keeps its id: left out, a snapshot that has lost its features would pass for a whole one.
    const sold = featureIds.map((feature) => keyOf.get(feature) ?? feature);
    plans.set(id, {features: sold, default: otherwise, rules: planRules.map(ruleOf)});
  }

  const flags = new Map<string, Flag>();
  for (const [feature, on, , otherwise, off, flagRules] of data.featureFlags) {
    const flag: Flag = {on, default: otherwise, off, rules: flagRules.map(ruleOf)};
    if (!flags.has(feature)) flags.set(feature, flag);
    else plans.set(unused(plans, `another flag of ${feature}`), planOf(feature, flag));
  }

  return {features, plans, flags, grants: grantsOf(data.entitlements as readonly Row[])};
};

/** A feature may have several flags, and any of them may open it: a plan that is granted to nobody says the same. */
const planOf = (feature: string, {on, default: otherwise, off, rules: flagRules}: Flag): Plan => ({
  features: [feature],
  unnamed: true,
  ...(on ? {default: otherwise, rules: flagRules} : {default: off, rules: []}),
});

const unused = (plans: ReadonlyMap<string, Plan>, name: string): string => {
  let free = name;
  while (plans.has(free)) free += "'";
  return free;
};

const ruleOf = ({conditionLogic, conditions, treatment: treats}: Rules[number]): TargetingRule => ({
  logic: conditionLogic,
  conditions: conditions.map(conditionOf),
  treatment: treats,
});

const conditionShape = z.object({
  attribute: z.string(),
  op: z.string(),
  negate: z.boolean().nullish(),
  value: z.record(z.string(), z.unknown()),
});

const conditionOf = (raw: unknown): Condition => {
  const read = conditionShape.safeParse(raw);
  if (!read.success) return {attribute: '', op: 'not understood', negate: false, value: {}};
  const {attribute, op, negate, value} = read.data;
  return {attribute, op, negate: negate === true, value};
};

function* grantsOf(rows: readonly Row[]): Generator<Grant> {
  for (const [plan, tenant, user, end] of rows) {
    yield {plan, tenant, user: user || null, expires: end === null || end === undefined ? null : Date.parse(end)};
  }
}

/** Plan, tenant, user or nobody, ISO date or never. */
type Row = readonly [string, string, (string | null)?, (string | null)?];

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNone = (value: unknown): boolean => value === null || value === undefined || isText(value);

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) && isText(row[0]) && isText(row[1]) && isTextOrNone(row[2]) && isTextOrNone(row[3]);
