// Entitlements as Frontegg keeps them: the whole snapshot, fetched when its offset changes.
import {setImmediate} from 'node:timers/promises';
import {z} from 'zod';
import type {Feature, Flag, Grant, Plan, Snapshot} from '../../core/entitlement.ts';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import type {Condition, TargetingRule} from '../../core/targeting.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {SnapshotSource} from '../../entitlements/source.ts';
import {makeFronteggApi} from './api.ts';
import type {FronteggSourceSettings} from './settings.ts';

const dependency = 'entitlements';
const folder = '/entitlements/api/v1';

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
    // As many as there are tenants and users: looked at below, in the gaps.
    entitlements: z.array(anything),
    featureFlags: z.array(z.tuple([key, z.boolean(), anything, treatment, treatment, rules], anything)),
  }),
});
const offsetShape = z.object({snapshotOffset: z.number()});

type Reply = z.output<typeof replyShape>;
type Rules = z.output<typeof rules>;

/**
 * The source `frontegg`. Asks for the offset first; any other than the known one, a lower one too, means another
 * snapshot. What is malformed is an outage, so that the last good snapshot serves on.
 */
export const makeFronteggSource = (
  settings: FronteggSourceSettings,
  parts: {readonly call: RemoteCall; readonly now: () => number},
): SnapshotSource => {
  const api = makeFronteggApi(settings, parts);
  const {timeout, maxBytes} = settings;
  return {
    name: 'frontegg',
    where: 'the snapshot of Frontegg',
    async load(known) {
      if (known !== undefined) {
        const answer = await api.call(dependency, `${folder}/vendor-entitlements-snapshot-offset`, {timeout});
        if (versionOf(jsonOf(dependency, answer, offsetShape)) === known) return 'unchanged';
      }
      const answer = await api.call(dependency, `${folder}/vendor-entitlements`, {timeout, maxBytes});
      const reply = jsonOf(dependency, answer, replyShape);
      return {version: versionOf(reply), snapshot: await snapshotOf(reply)};
    },
  };
};

const versionOf = ({snapshotOffset}: {readonly snapshotOffset: number}): string => `offset:${snapshotOffset}`;

const snapshotOf = async ({data}: Reply): Promise<Snapshot> => {
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

  return {features, plans, flags, grants: await grantsOf(data.entitlements)};
};

/** A feature may have several flags, and any of them may open it: a plan that is granted to nobody says the same. */
const planOf = (feature: string, {on, default: otherwise, off, rules: flagRules}: Flag): Plan =>
  on ? {features: [feature], default: otherwise, rules: flagRules} : {features: [feature], default: off, rules: []};

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

/** Rows between two pauses: checking a million of them must not hold up decisions. */
const stride = 10_000;

const grantsOf = async (rows: readonly unknown[]): Promise<Iterable<Grant>> => {
  for (let at = 0; at < rows.length; at++) {
    if (!isRow(rows[at]))
      throw new Unavailable(dependency, new Error(`its entitlement ${at} has not the expected shape`));
    if (at % stride === stride - 1) await setImmediate();
  }
  const checked = rows as readonly Row[];
  return {
    *[Symbol.iterator]() {
      for (const [plan, tenant, user, end] of checked) {
        yield {plan, tenant, user: user || null, expires: end === null || end === undefined ? null : Date.parse(end)};
      }
    },
  };
};

/** Plan, tenant, user or nobody, ISO date or never. */
type Row = readonly [string, string, (string | null)?, (string | null)?];

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNone = (value: unknown): boolean => value === null || value === undefined || isText(value);

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) && isText(row[0]) && isText(row[1]) && isTextOrNone(row[2]) && isTextOrNone(row[3]);
