// Is this thing from outside (Redis, the admin port, the command line) a revocation, or a removal of one?
import {type Removal, type Revocation, selectors} from './revocation.ts';

type WithoutId<T> = Omit<T, 'id'>;
/** An element before it has its id, which is made from all the rest. */
export type Unnamed = WithoutId<Revocation> | WithoutId<Removal>;

/** In the order in which they are written, so that the same element is the same text everywhere. */
export const elementKeys = [
  'at',
  'expires',
  'removes',
  ...selectors,
  'before',
  'reason',
  'by',
  'salt',
] as const satisfies readonly (keyof Revocation | keyof Removal)[];
/** The latest moment that a date can be, milliseconds since the epoch; and the same in seconds. */
const latest = {at: 8.64e15, expires: 8.64e15, before: 8.64e12} as const;
const known = new Set<string>(elementKeys);
const longest = 512;

/**
 * The element, or a sentence that says what is wrong with it. Unknown keys are wrong: a misspelt selector beside a right
 * one would else make the revocation wider than was meant.
 */
export const checkElement = (value: unknown): {readonly element: Unnamed} | {readonly fault: string} => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {fault: 'is not an object'};
  const given = value as Record<string, unknown>;
  const checked: Record<string, string | number> = {};
  for (const key of Object.keys(given)) {
    if (!known.has(key)) return {fault: `has an unknown key: the keys are ${elementKeys.join(', ')}`};
  }
  for (const key of elementKeys) {
    const part = Object.hasOwn(given, key) ? given[key] : undefined;
    if (part === undefined) continue;
    if (Object.hasOwn(latest, key)) {
      const most = latest[key as keyof typeof latest];
      if (typeof part !== 'number' || !(part >= 0 && part <= most)) return {fault: `has a ${key} that is no time`};
      checked[key] = part;
      continue;
    }
    if (typeof part !== 'string' || part === '' || part.length > longest) {
      return {fault: `has a ${key} that is not a text of 1 to ${longest} characters`};
    }
    checked[key] = part;
  }
  for (const key of ['at', 'expires']) if (!Object.hasOwn(checked, key)) return {fault: `lacks ${key}`};
  const selects = selectors.some((key) => Object.hasOwn(checked, key));
  const removes = Object.hasOwn(checked, 'removes');
  if (removes && (selects || Object.hasOwn(checked, 'before'))) return {fault: 'removes, and selects somebody too'};
  if (!selects && !removes) {
    return {fault: 'selects nobody in particular: give a token id, session, subject, tenant or provider'};
  }
  return {element: checked as unknown as Unnamed};
};
