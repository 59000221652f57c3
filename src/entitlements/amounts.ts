// Values and limits as people and services write them: their shapes, and what is wrong with them.
import {z} from 'zod';
import {type Measure, units, unlimited} from '../core/entitlement/amount.ts';
import {measureOf} from '../core/entitlement/amounts.ts';
import type {Feature, Limits, Plan, Terms, Values} from '../core/entitlement/entitlement.ts';
import {isObject} from '../core/isObject.ts';
import {type Finding, noSuch, plainName, shownName} from './words.ts';

/** Of one plan or grant, each of `values`, `add` and `limits`: a mistake must not fill the memory. */
const mostAmounts = 256;
const mostItems = 256;
const longestItem = 256;
const longestText = 1_024;
const greatest = Number.MAX_SAFE_INTEGER;

/** A mapping whose entries are looked at when its features are known (`termsFindings`). */
const mappingOf = <Mapping>(example: string) =>
  z
    .custom<Mapping>(isObject, {error: `is not a mapping of features: write ${example}`, abort: true})
    .refine((value) => Object.keys(value as object).length <= mostAmounts, `has more than ${mostAmounts} entries`);

export const valuesShape = mappingOf<Values>('{seats: 50, regions: [eu, us]}').exactOptional();
export const limitsShape = mappingOf<Limits>('{api: 600}').exactOptional();
export const addShape = mappingOf<Readonly<Record<string, number>>>('{seats: 10}').exactOptional();

/** What a feature is sold in. */
export const measureShape = {
  value: z.enum(['number', 'text', 'list'], 'is not what a value can be: write number, text or list').exactOptional(),
  limit: z
    .strictObject(
      {per: z.enum(units, `is not a unit: write ${units.slice(0, -1).join(', ')} or ${units.at(-1)}`)},
      {error: (issue) => (issue.code === 'invalid_type' ? 'is not a limit: write {per: minute}' : undefined)},
    )
    .exactOptional(),
};

const days = 86_400_000;
const spans = {d: days, h: 3_600_000, m: 60_000, s: 1_000, ms: 1} as const;
const longestGrace = 3_660 * days;
const graceFault = 'is not a duration: write a whole number and a unit, such as 12h or 7d';

/** `12h 7d` -> milliseconds. */
export const graceShape = z
  .string(graceFault)
  .regex(/^\d{1,13}(ms|s|m|h|d)$/, graceFault)
  .transform((text) => Number.parseInt(text, 10) * spans[/[a-z]+$/.exec(text)?.[0] as keyof typeof spans])
  .refine((span) => span <= longestGrace, 'is longer than ten years (3660d)')
  .exactOptional();

/** Milliseconds -> the same as it is written: `7d`. */
const writtenGrace = (span: number): string => {
  const [unit, length] = Object.entries(spans).find(([, each]) => span % each === 0) ?? ['ms', 1];
  return `${span / length}${unit}`;
};

/** The terms of a grant as they are written; nothing for those that it has not. */
export const writtenTerms = ({grace, values, add, limits}: Terms) => ({
  ...(grace !== undefined && {grace: writtenGrace(grace)}),
  ...(values !== undefined && {values}),
  ...(add !== undefined && {add}),
  ...(limits !== undefined && {limits}),
});

type Features = ReadonlyMap<string, Feature>;

/** What is wrong with the amounts of a plan, or of a grant of it. */
export function* termsFindings(
  features: Features,
  plan: Pick<Plan, 'features' | 'rank'>,
  {values = {}, add = {}, limits = {}}: Terms,
): Generator<Finding> {
  const entries: (readonly [part: 'values' | 'add' | 'limits', name: string, written: unknown])[] = [
    ...Object.entries(values).map(([name, written]) => ['values', name, written] as const),
    ...Object.entries(add).map(([name, written]) => ['add', name, written] as const),
    ...Object.entries(limits).map(([name, written]) => ['limits', name, written] as const),
  ];
  for (const [part, name, written] of entries) {
    const feature = features.get(name);
    if (feature === undefined) {
      yield noSuch([part, name], 'feature', name, features);
      continue;
    }
    const message = plan.features.includes(name)
      ? misfit(part, name, feature, written)
      : `is of a feature that the plan does not have: add ${plainName(name)} to its features`;
    if (message !== undefined) yield {path: [part, name], message};
  }
}

const misfit = (
  part: 'values' | 'add' | 'limits',
  name: string,
  feature: Feature,
  written: unknown,
): string | undefined => {
  const measure = measureOf(feature);
  if (measure === undefined) {
    const kind = part === 'limits' ? 'limit: {per: minute}' : 'value: number';
    return `is of a feature without amounts: write features: {${plainName(name)}: {${kind}}}`;
  }
  if (part === 'add') {
    return measure === 'number' || measure === 'limit'
      ? amountFault(measure, written, false)
      : `is of a ${measure}, and only numbers and limits can be added to`;
  }
  if (part === 'limits' && measure !== 'limit')
    return `is of a feature with a value (${measure}): write it under values`;
  if (part === 'values' && measure === 'limit') return 'is of a feature with a limit: write it under limits';
  return amountFault(measure, written, true);
};

/** Undefined: it is right. `endless`: it may be `unlimited`. */
const amountFault = (measure: Measure, written: unknown, endless: boolean): string | undefined => {
  switch (measure) {
    case 'list':
      return listFault(written);
    case 'text':
      return typeof written === 'string' && written !== '' && written.length <= longestText
        ? undefined
        : `is not a text of 1 to ${longestText} characters`;
    case 'limit':
      if (endless && written === unlimited) return undefined;
      return Number.isSafeInteger(written) && (written as number) >= 0
        ? undefined
        : `${belowZero(written)}is not a limit: write a whole number from 0${orUnlimited(endless)}`;
    default:
      if (endless && written === unlimited) return undefined;
      return typeof written === 'number' && written >= 0 && written <= greatest
        ? undefined
        : `${belowZero(written)}is not a number from 0 to ${greatest}: write such a one${orUnlimited(endless)}`;
  }
};

const orUnlimited = (endless: boolean): string => (endless ? `, or ${unlimited}` : '');
const belowZero = (written: unknown): string =>
  typeof written === 'number' && written < 0 ? 'is below 0, so it ' : '';

const listFault = (written: unknown): string | undefined => {
  if (!Array.isArray(written)) return 'is not a list: write [eu, us]';
  if (written.length > mostItems) return `is a list of more than ${mostItems} items`;
  const isItem = (item: unknown) => typeof item === 'string' && item !== '' && item.length <= longestItem;
  return written.every(isItem) ? undefined : `is not a list of texts of 1 to ${longestItem} characters each`;
};

/** What is wrong between features and plans. */
export const amountFindings = (features: Features, plans: ReadonlyMap<string, Plan>): Finding[] => {
  const findings: Finding[] = [];
  for (const [name, {value, limit}] of features) {
    if (value !== undefined && limit !== undefined) {
      findings.push({path: ['features', name, 'limit'], message: 'stands beside a value: keep one of the two'});
    }
  }
  const ranked = new Map<string, string>();
  for (const [name, plan] of plans) {
    for (const {path, message} of termsFindings(features, plan, plan)) {
      findings.push({path: ['plans', name, ...path], message});
    }
    // Which of several texts counts is told by the ranks of their plans.
    for (const text of new Set(plan.features)) {
      if (features.get(text)?.value !== 'text') continue;
      const place = ['plans', name, 'rank'];
      if (plan.rank === undefined) {
        findings.push({path: place, message: `is missing, and the text ${shownName(text)} goes by it: write rank: 10`});
        break;
      }
      const key = `${plan.rank} ${text}`;
      const other = ranked.get(key);
      if (other !== undefined) {
        const message = `is that of the plan ${shownName(other)}, too, and the text ${shownName(text)} goes by it: give each its own`;
        findings.push({path: place, message});
        break;
      }
      ranked.set(key, name);
    }
  }
  return findings;
};
