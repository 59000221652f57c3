// What each function of a condition costs, in steps, paid for before it runs: text and lists may come from a client, and
// a function may look at each of their characters or members, or make something as long.
import type {CelEnv, CelFuncGroup, Kinds} from './library.ts';
import {type Meter, stepsOf} from './meter.ts';
import {isZoneAtHand, zoned} from './zones.ts';

/** `first`: what the function is a method of, or its first argument. Spends by itself what it has to look for. */
type Cost = (first: unknown, second: unknown, third: unknown) => number;

export interface CostParts extends Kinds {
  readonly meter: Meter;
  /** How many instructions the program of a pattern has: as many may be tried for each character. */
  readonly instructionsOf: (pattern: string) => number;
}

/** An environment with the same functions, each of which is paid for. */
export const metered = (env: CelEnv, parts: CostParts): CelEnv => {
  const {meter} = parts;
  const costs = costsOf(parts);
  const paid = new Map<string, CelFuncGroup>();
  const pay = (group: CelFuncGroup): CelFuncGroup => {
    const cost = costs[group.name] ?? textsOf;
    return {
      name: group.name,
      [Symbol.iterator]: () => group[Symbol.iterator](),
      call(id, target, args) {
        const [first, second, third] = args;
        meter.spend(1 + (target === undefined ? cost(first, second, third) : cost(target, first, second)));
        return group.call(id, target, args);
      },
    };
  };
  const find = (name: string): CelFuncGroup | undefined => {
    const group = env.funcs.find(name);
    if (group === undefined) return undefined;
    const known = paid.get(name) ?? pay(group);
    paid.set(name, known);
    return known;
  };
  const {namespace, registry, variables} = env;
  const funcs = {find, [Symbol.iterator]: () => env.funcs[Symbol.iterator]()};
  // The library's types have a brand of their own, which nothing asks for.
  return {namespace, registry, variables, funcs} as unknown as CelEnv;
};

const textOf = (value: unknown): number =>
  typeof value === 'string' || value instanceof Uint8Array ? stepsOf(value.length) : 0;

/** Of all that is not named below: what it is given is looked at, or copied, once. */
const textsOf: Cost = (first, second) => textOf(first) + textOf(second);

/** Looking for a text within another: `aaaa...` for `aa...b...aa` looks at each place many times. */
const searchOf: Cost = (text, part) => textOf(text) + stepsOf((lengthOf(text) * lengthOf(part)) / 100);
const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

/** A moment is written in a zone; one that was not asked for lately is made ready before, and a client may name many. */
const zoneSteps = 50;
const newZoneSteps = 1_000;
const inZone: Cost = (_, zone) =>
  zone === undefined ? 0 : typeof zone === 'string' && isZoneAtHand(zone) ? zoneSteps : newZoneSteps;

/** Of each that `format` writes: some of its formats are made anew each time. */
const formatSteps = 300;

const costsOf = ({meter, isList, isMap, instructionsOf}: CostParts): Readonly<Record<string, Cost>> => {
  /** All that is in it, deep down, counted as it is looked at. */
  const spendOn = (value: unknown): void => {
    meter.spend(1 + textOf(value));
    if (isList(value)) for (const member of value) spendOn(member);
    if (isMap(value)) {
      for (const [key, member] of value) {
        spendOn(key);
        spendOn(member);
      }
    }
  };
  const sizeOf = (value: unknown): number => (isList(value) || isMap(value) ? value.size : 0);
  const equal: Cost = (first, second) => {
    if (sizeOf(first) > 0 && sizeOf(second) > 0) spendOn(first);
    return Math.min(textOf(first), textOf(second));
  };
  return {
    '_==_': equal,
    '_!=_': equal,
    '@in': (item, range) => {
      // A map is asked for a key, but one that is a number is looked for among all.
      if (isMap(range)) return typeof item === 'string' ? 0 : range.size;
      if (sizeOf(item) > 0) spendOn(range);
      return sizeOf(range) * (1 + textOf(item));
    },
    '_+_': (first, second) => textsOf(first, second, undefined) + sizeOf(first) + sizeOf(second),
    contains: searchOf,
    indexOf: searchOf,
    lastIndexOf: searchOf,
    split: searchOf,
    replace: searchOf,
    matches: (text, pattern) =>
      typeof pattern === 'string' ? stepsOf(lengthOf(text) * instructionsOf(pattern) * 4) : 0,
    format: (text, members) => {
      spendOn(members);
      return textOf(text) + sizeOf(members) * formatSteps;
    },
    ...Object.fromEntries(zoned.map((name) => [name, inZone])),
  };
};
