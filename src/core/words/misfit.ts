// What was wanted and what came, in words for the decision log. Computed where something is refused, and nowhere else.
// Names of requirements, issuers, audiences, clients, keys and algorithms; never a person, and never the text of a credential.
import type {Reason} from '../refusals.ts';

/** Why something is refused. `detail`: for operators, never for the client. */
export interface Misfit {
  readonly reason: Reason;
  readonly detail?: string | undefined;
}

const longest = 96;
const mostListed = 5;

/** What moves a terminal's cursor or turns its writing around, and half characters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Of an address the person, also where the `@` is encoded. */
const person = /[^\s@",]+(?:@|%40)/gi;
/** A JWT begins with `{"` in base64url; keys of ours have their prefix. */
const secret = /eyJ[\w.-]*|\bpk_\w+/g;

/** Addresses name people, and whatever is as long as a token, or begins like one, may be one. */
const quoted = (text: string): string => {
  const masked = text
    .slice(0, 4 * longest)
    .replace(unprintable, '\ufffd')
    .replaceAll('"', "'")
    .replace(secret, '…')
    .replace(person, '…@');
  return masked.length > longest ? `"${masked.slice(0, longest)}…"` : `"${masked}"`;
};

/** What a value is, where not even its text may be shown: `a text`, `a list of 2`. */
export const shapeOf = (value: unknown): string => {
  if (typeof value === 'string') return 'a text';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return shownValue(value);
};

/** A value of a token, as it may be shown: a text in quotes, of all else only what it is. */
export const shownValue = (value: unknown): string => {
  if (typeof value === 'string') return quoted(value);
  if (value === undefined) return 'none';
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string') ? shownList(value) : `a list of ${value.length}`;
  }
  if (value === null || typeof value === 'boolean') return `${value}`;
  return typeof value === 'number' ? 'a number' : 'an object';
};

/** `"a", "b" and 3 more`; `none` for an empty list. */
export const shownList = (values: readonly string[]): string => {
  if (values.length === 0) return 'none';
  const shown = values.slice(0, mostListed).map(quoted).join(', ');
  return values.length > mostListed ? `${shown} and ${values.length - mostListed} more` : shown;
};

/** `aud: wanted "orders-api", got "web"`. */
export const wantedGot = (what: string, wanted: string, got: unknown): string =>
  `${what}: wanted ${wanted}, got ${shownValue(got)}`;

const mostCompared = 50;

/** What people overlook: `: they differ only by case`; '' where none of both is nearly one of the other. */
export const nearMiss = (wanted: readonly string[], got: unknown): string => {
  const named: readonly unknown[] = Array.isArray(got) ? got.slice(0, mostCompared) : [got];
  const texts = named.filter((one) => typeof one === 'string' && one.length <= longest);
  for (const [by, plain] of overlooked) {
    const plainly = new Set(wanted.slice(0, mostCompared).map(plain));
    if (texts.some((one) => plainly.has(plain(one as string)))) return `: they differ only by ${by}`;
  }
  return '';
};
const overlooked: readonly (readonly [by: string, plain: (text: string) => string])[] = [
  ['the slash at the end', (text) => text.replace(/\/$/, '')],
  ['case', (text) => text.toLowerCase()],
  ['white space', (text) => text.replace(/\s/g, '')],
];

/** Of a tenant; `odd`: what the claim is instead of a text. */
export const tenantMisfit = (wanted: string, got: string | undefined, odd: string | undefined): string =>
  wantedGot('tenant', wanted, got) + (odd === undefined ? '' : `: the claim is ${odd}`);

/** A moment of a token in seconds beside `now` in milliseconds: `3600 s ago`, `12 s ahead`. */
export const distance = (seconds: unknown, now: number): string => {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return shapeOf(seconds);
  const ago = Math.round(now / 1_000 - seconds);
  return ago >= 0 ? `${ago} s ago` : `${-ago} s ahead`;
};
