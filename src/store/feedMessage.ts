// A message of the feed as text, and back: whatever is not exactly one is none.
import type {Drop, FeedMessage} from '../core/revocation.ts';
import {checkRevocation} from '../core/revocationCheck.ts';

/** Longer ones are not ours. */
const longest = 8_192;

/** `at`: when it was published, milliseconds since the epoch. */
export const packMessage = (message: FeedMessage, at: number): string => JSON.stringify({at, ...message});

export const unpackMessage = (text: string): {readonly message: FeedMessage; readonly at: number} | undefined => {
  if (text.length > longest) return undefined;
  const raw = parse(text);
  if (raw === undefined || typeof raw.at !== 'number' || !Number.isFinite(raw.at)) return undefined;
  if (raw.kind === 'revoke') {
    const checked = checkRevocation(raw.revocation);
    return 'fault' in checked ? undefined : {at: raw.at, message: {kind: 'revoke', revocation: checked.revocation}};
  }
  const drop = raw.kind === 'drop' ? dropOf(raw.drop) : undefined;
  return drop === undefined ? undefined : {at: raw.at, message: {kind: 'drop', drop}};
};

const dropOf = (raw: unknown): Drop | undefined => {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const {tenant, subject} = raw as Record<string, unknown>;
  const isName = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 512;
  // A drop that is misread as wider costs a fetch; one that is misread as narrower would leave what was to go.
  return {...(isName(tenant) && {tenant}), ...(isName(subject) && {subject})};
};

const parse = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};
