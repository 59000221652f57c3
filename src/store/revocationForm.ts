// An element of the set of revocations as it stands in Redis: its text, sealed; and back, if it is exactly one.
import {hash} from 'node:crypto';
import type {RevocationElement} from '../core/revocation/revocation.ts';
import {checkElement, elementKeys, type Unnamed} from '../core/revocation/revocationCheck.ts';
import type {Seal} from './seal.ts';

/** Longer ones are not ours: five selectors and three other texts of 512 characters, each of which may take six bytes. */
export const longestMember = 32_768;

/** The version that is written here: part of the seal's form, and of the marker beside the set. */
export const formVersion = '1';

const textOf = (element: Unnamed): string => {
  const row = element as unknown as Readonly<Record<string, unknown>>;
  // At a start there are many: a loop takes a third of what a list of entries does.
  const inOrder: Record<string, unknown> = {};
  for (const key of elementKeys) if (row[key] !== undefined) inOrder[key] = row[key];
  return JSON.stringify(inOrder);
};

/**
 * The same content has the same id everywhere: 96 bits of SHA-256, in 24 hexadecimal digits. Somebody types it after a
 * command, so it must not look like an option.
 */
export const named = <T extends Unnamed>(element: T): T & {readonly id: string} => ({
  ...element,
  id: hash('sha256', textOf(element), 'hex').slice(0, 24),
});

/** An element as a text outside Redis, and back; undefined: it is none. */
export const writtenElement = (element: RevocationElement): string => textOf(element);
export const readElement = (text: string): RevocationElement | undefined => {
  const checked = checkElement(parse(text));
  return 'fault' in checked ? undefined : (named(checked.element) as RevocationElement);
};

/** What becomes of a member of the set that this instance reads. */
export type Opened = {readonly element: RevocationElement} | {readonly foreign: 'newer' | 'not ours'};

export interface RevocationForm {
  pack(element: RevocationElement): string;
  /** Whatever its age: who forgets it when is not for the form to say. */
  open(member: string): Opened;
}

const newer = {foreign: 'newer'} as const;
const notOurs = {foreign: 'not ours'} as const;

/** `key`: that of the set, part of what is sealed. */
export const makeRevocationForm = (key: string, seal: Seal): RevocationForm => ({
  pack: (element) => seal.pack(key, textOf(element), element.expires),
  open(member) {
    if (member.length > longestMember) return notOurs;
    const text = seal.open(key, member, Number.NEGATIVE_INFINITY);
    if (text === undefined) return isNewer(member) ? newer : notOurs;
    const checked = checkElement(parse(text));
    return 'fault' in checked ? notOurs : {element: named(checked.element) as RevocationElement};
  },
});

const isNewer = (member: string): boolean => {
  const version = /^(\d{1,4})\.\d{1,16}\./.exec(member)?.[1];
  return version !== undefined && Number(version) > Number(formVersion);
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
