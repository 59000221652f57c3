// Texts cut, replaced and joined, each in one go over it, and paid for before it is made.
import {stepsOf} from './meter.ts';

type Spend = (steps: number) => void;

/** At most so many pieces, of which the last holds the rest; less than 0: all. Without a separator: the characters. */
export const pieces = (text: string, separator: string, most: bigint): string[] => {
  if (most === 0n) return [];
  if (most === 1n) return [text];
  const all = separator === '' ? [...text] : text.split(separator);
  if (most < 0n || BigInt(all.length) <= most) return all;
  const last = Number(most) - 1;
  return [...all.slice(0, last), all.slice(last).join(separator)];
};

/** The first so many are replaced; less than 0: all. Nothing is found before each character and at the end. */
export const replaced = (text: string, old: string, made: string, most: bigint, spend: Spend): string => {
  const between = old === '' ? ['', ...text, ''] : text.split(old);
  const found = between.length - 1;
  const times = most < 0n || BigInt(found) < most ? found : Number(most);
  spend(between.length + stepsOf(times * made.length));
  if (times === 0) return text;
  const done = between.slice(0, times + 1).join(made);
  return times === found ? done : `${done}${old}${between.slice(times + 1).join(old)}`;
};

export const joined = (list: Iterable<unknown>, separator: string, spend: Spend): string => {
  const texts: string[] = [];
  for (const text of list) {
    if (typeof text !== 'string') throw new Error('a member is no text');
    spend(1 + stepsOf(text.length + separator.length));
    texts.push(text);
  }
  return texts.join(separator);
};
