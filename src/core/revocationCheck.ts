// Is this thing from outside (the feed, the admin port, the command line) a revocation?
import type {Revocation} from './revocation.ts';

const texts = ['id', 'tokenId', 'sessionId', 'subject', 'tenant', 'provider'] as const;
const numbers = ['before', 'expires'] as const;
const known = new Set<string>([...texts, ...numbers]);
const longest = 512;

/**
 * The revocation, or a sentence that says what is wrong with it. Unknown keys are wrong: a misspelt selector beside a
 * right one would else make the revocation wider than was meant.
 */
export const checkRevocation = (value: unknown): {readonly revocation: Revocation} | {readonly fault: string} => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {fault: 'is not an object'};
  const given = value as Record<string, unknown>;
  const checked: Record<string, string | number> = {};
  for (const [key, part] of Object.entries(given)) {
    if (!known.has(key)) return {fault: `has an unknown key: the keys are ${[...known].join(', ')}`};
    if (part === undefined) continue;
    if ((numbers as readonly string[]).includes(key)) {
      if (typeof part !== 'number' || !Number.isFinite(part)) return {fault: `has a ${key} that is not a number`};
      checked[key] = part;
      continue;
    }
    if (typeof part !== 'string' || part === '' || part.length > longest) {
      return {fault: `has a ${key} that is not a text of 1 to ${longest} characters`};
    }
    checked[key] = part;
  }
  for (const key of numbers) if (!Object.hasOwn(checked, key)) return {fault: `lacks ${key}`};
  const selects = texts.some((key) => key !== 'id' && Object.hasOwn(checked, key));
  if (!selects) return {fault: 'selects nobody in particular: give a token id, session, subject, tenant or provider'};
  return {revocation: checked as unknown as Revocation};
};
