// The types of a condition's parts, as far as they are known before it is run.
import type {CelType} from './library.ts';

/** `dyn`: known only when it is run. */
export interface Type {
  readonly name: string;
  /** Of the elements of a list, or the values of a map. */
  readonly of?: Type;
  /** Of JSON: if it is a number at all, it is a decimal. */
  readonly decimal?: true;
  /** Of a map whose members are known: nothing else is in it. */
  readonly members?: Readonly<Record<string, Type>>;
  /** Members must be named in the text itself; `what` they are called in messages. */
  readonly named?: 'request' | 'principal' | 'header' | 'parameter' | 'capture' | 'value';
}

export const scalar = (name: string): Type => ({name});
export const dyn = scalar('dyn');
export const json: Type = {name: 'dyn', decimal: true};
export const bool = scalar('bool');
export const int = scalar('int');
export const uint = scalar('uint');
export const double = scalar('double');
export const text = scalar('string');
export const bytes = scalar('bytes');
export const none = scalar('null_type');
export const timestamp = scalar('google.protobuf.Timestamp');
export const listOf = (of: Type): Type => ({name: 'list', of});
export const mapOf = (of: Type): Type => ({name: 'map', of});

/** The library's own description of a type. */
export const typeOf = (type: CelType): Type => {
  if (type.kind === 'list') return listOf(typeOf(type.element));
  return type.kind === 'map' ? mapOf(typeOf(type.value)) : scalar(type.name);
};

/** Whether a value of the one type may be one of the other. */
export const fits = (given: Type, wanted: Type): boolean => {
  if (given.name === 'dyn' || wanted.name === 'dyn') return true;
  return given.name === wanted.name && fits(given.of ?? dyn, wanted.of ?? dyn);
};

const numbers = new Set(['int', 'uint', 'double']);

/** Whether two values can ever be equal: numbers of all kinds can. */
export const comparable = (one: Type, other: Type): boolean =>
  (numbers.has(one.name) && numbers.has(other.name)) ||
  one.name === 'null_type' ||
  other.name === 'null_type' ||
  (one.name === other.name && (one.of === undefined || comparable(one.of, other.of ?? dyn))) ||
  one.name === 'dyn' ||
  other.name === 'dyn';

/** What both are, or `dyn`. */
export const common = (one: Type, other: Type): Type => {
  if (one.name !== other.name || one.decimal !== other.decimal) return dyn;
  return one.of === undefined ? one : {name: one.name, of: common(one.of, other.of ?? dyn)};
};

/** Of what a list or a map holds; of what nobody knows what it is, nobody knows that either. */
export const memberOf = (type: Type): Type => type.of ?? (type.name === 'dyn' ? type : dyn);

/** What all are; of an empty list nobody knows what it is a list of. */
export const commonOf = ([first = dyn, ...others]: readonly Type[]): Type => others.reduce(common, first);

const words: Readonly<Record<string, string>> = {
  string: 'a text',
  bool: 'true or false',
  int: 'a whole number',
  uint: 'a whole number (unsigned)',
  double: 'a number',
  bytes: 'bytes',
  null_type: 'null',
  list: 'a list',
  map: 'a map',
  dyn: 'something',
  type: 'a type',
  'google.protobuf.Timestamp': 'a moment',
  'google.protobuf.Duration': 'a duration',
};

/** A type in words. */
export const inWords = (type: Type): string => words[type.name] ?? type.name;
