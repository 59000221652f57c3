// The comparisons that a targeting rule can make, each with its values prepared once.

/** What a `matches` condition runs: a regular expression in linear time, found anywhere in the text. */
export interface Pattern {
  test(text: string): boolean;
}

/** The pattern, or undefined for a source that cannot be understood (or not run in linear time). */
export type CompilePattern = (source: string) => Pattern | undefined;

/** Does the attribute compare so? undefined: the attribute is of another type, so neither that nor its negation holds. */
export type Comparison = (attribute: unknown) => boolean | undefined;

/** The comparison, or undefined if the operator's value is missing or of another type. */
type Operator = (part: (name: string) => unknown, compilePattern: CompilePattern) => Comparison | undefined;

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);

const iso = /^\d{4}-\d{2}-\d{2}(?<time>T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(?<zone>Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Milliseconds since the epoch. A text is ISO 8601; without a zone it is UTC, wherever this runs. A bare number is not a
 * date: it might count seconds as in a token, or milliseconds.
 */
const instant = (value: unknown): number | undefined => {
  if (value instanceof Date) return isNumber(value.getTime()) ? value.getTime() : undefined;
  if (!isText(value)) return undefined;
  const parts = iso.exec(value)?.groups;
  if (parts === undefined) return undefined;
  const time = Date.parse(parts.time !== undefined && parts.zone === undefined ? `${value}Z` : value);
  return isNumber(time) ? time : undefined;
};

/** A rule's own date: besides what `instant` takes, a number of milliseconds, as the vendor's snapshot may have it. */
const ruleInstant = (value: unknown): number | undefined => (isNumber(value) ? value : instant(value));

const ofText =
  (compare: (attribute: string, wanted: string) => boolean): Operator =>
  (part) => {
    const list = part('list');
    if (!isTexts(list)) return undefined;
    return (attribute) => (isText(attribute) ? list.some((wanted) => compare(attribute, wanted)) : undefined);
  };

const ofNumber =
  (compare: (attribute: number, wanted: number) => boolean): Operator =>
  (part) => {
    const wanted = part('number');
    if (!isNumber(wanted)) return undefined;
    return (attribute) => (isNumber(attribute) ? compare(attribute, wanted) : undefined);
  };

const ofDate =
  (compare: (attribute: number, wanted: number) => boolean): Operator =>
  (part) => {
    const wanted = ruleInstant(part('date'));
    if (wanted === undefined) return undefined;
    return (attribute) => {
      const at = instant(attribute);
      return at === undefined ? undefined : compare(at, wanted);
    };
  };

const inList: Operator = (part) => {
  const list = part('list');
  if (!isTexts(list)) return undefined;
  const wanted = new Set<unknown>(list);
  return (attribute) => {
    if (isText(attribute)) return wanted.has(attribute);
    if (!Array.isArray(attribute)) return undefined;
    if (attribute.some((item) => wanted.has(item))) return true;
    return attribute.every(isText) ? false : undefined;
  };
};

const matches: Operator = (part, compilePattern) => {
  const source = part('string');
  if (!isText(source)) return undefined;
  const pattern = compilePattern(source);
  if (pattern === undefined) return undefined;
  return (attribute) => (isText(attribute) ? pattern.test(attribute) : undefined);
};

const is: Operator = (part) => {
  const wanted = part('boolean');
  if (typeof wanted !== 'boolean') return undefined;
  return (attribute) => (typeof attribute === 'boolean' ? attribute === wanted : undefined);
};

const betweenNumeric: Operator = (part) => {
  const [start, end] = [part('start'), part('end')];
  if (!isNumber(start) || !isNumber(end)) return undefined;
  return (attribute) => (isNumber(attribute) ? attribute >= start && attribute <= end : undefined);
};

const betweenDate: Operator = (part) => {
  const [start, end] = [ruleInstant(part('start')), ruleInstant(part('end'))];
  if (start === undefined || end === undefined) return undefined;
  return (attribute) => {
    const at = instant(attribute);
    return at === undefined ? undefined : at >= start && at <= end;
  };
};

/** By name. The names are Frontegg's (entitlements-javascript-commons, operation.enum). */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ['in_list', inList],
  ['starts_with', ofText((attribute, wanted) => attribute.startsWith(wanted))],
  ['ends_with', ofText((attribute, wanted) => attribute.endsWith(wanted))],
  ['contains', ofText((attribute, wanted) => attribute.includes(wanted))],
  ['matches', matches],
  ['equal', ofNumber((attribute, wanted) => attribute === wanted)],
  ['greater_than', ofNumber((attribute, wanted) => attribute > wanted)],
  ['greater_than_equal', ofNumber((attribute, wanted) => attribute >= wanted)],
  ['lower_than', ofNumber((attribute, wanted) => attribute < wanted)],
  ['lower_than_equal', ofNumber((attribute, wanted) => attribute <= wanted)],
  ['between_numeric', betweenNumeric],
  ['is', is],
  ['on', ofDate((attribute, wanted) => attribute === wanted)],
  ['on_or_after', ofDate((attribute, wanted) => attribute >= wanted)],
  ['on_or_before', ofDate((attribute, wanted) => attribute <= wanted)],
  ['between_date', betweenDate],
]);
