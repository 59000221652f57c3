// Makes another input of one: bytes, words of the target, long repetitions, and JSON as JSON.
import type {Random} from './random.ts';

/** Texts that have been trouble somewhere, for all targets. */
const oddTexts = [
  '\0', '\r\n', '\t', ' ', '"', "'", '\\', '/', '//', '..', '%', '%%', '%2e', '%2F', '%00', '%c0%ae', '%25', '%zz',
  ';', ',', '=', '&', '#', '?', '@', ':', '[', ']', '{', '}', '*', '-', '+', '~', '\u00a0', '\u200b', '\ufeff', '\u2024',
  '\uff0e', '\uff0f', '\u017f', '\u212a', '\u0130', '\ud800', '\u{1f600}', 'null', 'true', 'false', '__proto__',
  'constructor', 'hasOwnProperty', 'NaN', 'Infinity', '-1', '0', '-0', '1e400', '9007199254740993', '99999999999999999999',
  '0x10', '1e9', '2026-01-31T12:00:00Z', 'http://', 'https://',
]; // biome-ignore format: a table

/** Values that have been trouble as members of JSON. */
const oddValues: readonly unknown[] = [
  null, true, false, 0, -0, -1, 1.5, 1e308, 2 ** 53, '', ' ', '0', 'true', 'false', 'null', '__proto__', '\ud800', [], {},
  [null], [[]], [''], {'': ''}, 'x'.repeat(5_000), Array.from({length: 2_000}, () => 'x'),
]; // biome-ignore format: a table

const mostRounds = 5;

/** Another input, at most `longest` bytes long, out of `input` and perhaps `other`. */
export const mutated = (
  input: Buffer,
  other: Buffer,
  words: readonly string[],
  longest: number,
  random: Random,
): Buffer => {
  let made = input;
  for (let rounds = 1 + random.below(mostRounds); rounds > 0; rounds--) {
    const asJson = random.below(3) === 0 ? withOtherJson(made, random) : undefined;
    made = asJson ?? random.pick(operations)(made, other, words, random, longest);
  }
  return made.subarray(0, longest);
};

type Operation = (input: Buffer, other: Buffer, words: readonly string[], random: Random, longest: number) => Buffer;

/** Two places of it, the first not behind the second. */
const rangeOf = ({length}: Buffer, random: Random): readonly [number, number] => {
  const a = random.below(length + 1);
  const b = random.below(4) === 0 ? random.below(length + 1) : Math.min(length, a + random.below(16));
  return a <= b ? [a, b] : [b, a];
};

const spliced = (input: Buffer, start: number, end: number, between: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, start), between, input.subarray(end)]);

const wordOf = (words: readonly string[], random: Random): Buffer =>
  Buffer.from(random.pick(words.length > 0 && random.below(3) > 0 ? words : oddTexts));

const operations: readonly Operation[] = [
  // One bit, one byte.
  (input, _other, _words, random) => {
    if (input.length === 0) return Buffer.from([random.below(256)]);
    const made = Buffer.from(input);
    const at = random.below(made.length);
    made[at] = random.below(2) === 0 ? (made[at] as number) ^ (1 << random.below(8)) : random.below(256);
    return made;
  },
  // A word between, or instead.
  (input, _other, words, random) => {
    const [start, end] = rangeOf(input, random);
    return spliced(input, start, random.below(2) === 0 ? start : end, wordOf(words, random));
  },
  // Less.
  (input, _other, _words, random) => spliced(input, ...rangeOf(input, random), Buffer.alloc(0)),
  // A part once more, elsewhere.
  (input, _other, _words, random) => {
    const [start, end] = rangeOf(input, random);
    const at = random.below(input.length + 1);
    return spliced(input, at, at, input.subarray(start, end));
  },
  // A part, or a word, until it is long: what costs more than it should shows itself only so.
  (input, _other, words, random, longest) => {
    const [start, end] = rangeOf(input, random);
    const piece = random.below(2) === 0 && end > start ? input.subarray(start, end) : wordOf(words, random);
    const room = random.below(6) === 0 ? longest : 64;
    const times = 1 + random.below(Math.max(1, Math.floor((room - input.length) / piece.length)));
    return spliced(input, end, end, Buffer.alloc(piece.length * times, piece));
  },
  // The beginning of this, the end of another.
  (input, other, _words, random) => {
    const cut = random.below(input.length + 1);
    return Buffer.concat([input.subarray(0, cut), other.subarray(random.below(other.length + 1))]);
  },
  // A number, a little beside.
  (input, _other, _words, random) => {
    const text = input.toString('latin1');
    const numbers = [...text.matchAll(/\d+/g)];
    if (numbers.length === 0) return input;
    const {0: digits, index} = random.pick(numbers);
    const next = random.pick([Number(digits) + 1, Number(digits) - 1, -Number(digits), Number(digits) * 2 ** 31, 0]);
    return spliced(input, index, index + digits.length, Buffer.from(String(next)));
  },
];

/** The JSON that the input ends with, one thing in it changed; undefined where there is none. */
const withOtherJson = (input: Buffer, random: Random): Buffer | undefined => {
  const start = input.findIndex((byte) => byte === 0x7b || byte === 0x5b);
  if (start < 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(input.toString('utf8', start));
  } catch {
    return undefined;
  }
  const holders = holdersIn(value, []);
  if (holders.length === 0) return undefined;
  const holder = random.pick(holders);
  const keys = Object.keys(holder);
  const key = keys.length > 0 && random.below(8) > 0 ? random.pick(keys) : String(random.pick(oddTexts));
  const choice = random.below(5);
  if (choice === 0) delete holder[key];
  else if (choice === 1)
    holder[key] = random.pick(holders) === value ? [holder[key]] : structuredClone(random.pick(holders));
  else if (choice === 2) holder[key] = nested(holder[key], random.below(2) === 0 ? 3 : 500);
  else holder[key] = random.pick(oddValues);
  try {
    return Buffer.concat([input.subarray(0, start), Buffer.from(JSON.stringify(value))]);
  } catch {
    return undefined;
  }
};

type Holder = Record<string, unknown>;

const holdersIn = (value: unknown, into: Holder[]): Holder[] => {
  if (typeof value !== 'object' || value === null || into.length > 200) return into;
  into.push(value as Holder);
  for (const member of Object.values(value)) holdersIn(member, into);
  return into;
};

const nested = (value: unknown, depth: number): unknown => {
  let made = value;
  for (let level = 0; level < depth; level++) made = level % 2 === 0 ? [made] : {a: made};
  return made;
};
