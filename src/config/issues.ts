// The schema library's issues in a person's words.
import type {z} from 'zod';
import {kindWords} from '../core/words/kindWords.ts';
import {knownKeys} from '../core/words/knownKeys.ts';
import {suggestion} from '../core/words/nearest.ts';
import {type Finding, type SettingPath, valueAt} from './findings.ts';

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number';
  return kindWords[typeof value] ?? 'that';
};

/** Of an issue whose schema says nothing itself. */
const unknownFault = 'is not valid';

const quoted = (value: unknown): string => (typeof value === 'string' ? value : String(value));

/** `a, b or c`. */
const alternatives = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? 'something else') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

const mustBe = (expected: string, input: unknown, hint = ''): string => {
  if (input === undefined) return 'is required; add it';
  if (input === null) return `has no value: it must be ${expected}; give one, or take the line out`;
  return `must be ${expected}, not ${kindOf(input)}${hint}`;
};

const isYes = (text: string): boolean => /^(yes|on|y)$/i.test(text);
const isNo = (text: string): boolean => /^(no|off|n)$/i.test(text);

/** How the same is written in the kind that is wanted. */
const remedy = (expected: string, input: unknown, quotes: string): string => {
  if (typeof input === 'number' || typeof input === 'boolean') return quotes;
  if (expected === 'string' && Array.isArray(input) && input.length === 1) return ': take the [ ] away';
  if (expected === 'array' && typeof input === 'string') return ': put it in [ ]';
  if (expected === 'array' && typeof input === 'object') return ': each item begins with a dash, or all stand in [ ]';
  if (expected === 'boolean' && typeof input === 'string')
    return isYes(input) ? '; write true' : isNo(input) ? '; write false' : '';
  if (isNumber(expected) && typeof input === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(input))
    return '; write it without quotes';
  return '';
};

const isNumber = (expected: string): boolean => expected === 'number' || expected === 'int';

/** Of a mapping, where something else stands: what would be in it, if that is little. */
const settingsOf = (expected: string, input: unknown, schema: unknown): string => {
  const known = expected === 'object' && typeof input === 'string' ? knownKeys(schema) : [];
  return known.length === 0 || known.length > 8 ? '' : `: its settings are ${known.join(', ')}`;
};

/** `{org}` without quotes is a mapping from `org` to nothing. */
const captureIn = (input: unknown): string | undefined => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  const [entry, ...others] = Object.entries(input);
  return entry !== undefined && entry[1] === null && others.length === 0 && /^\w{1,64}$/.test(entry[0])
    ? entry[0]
    : undefined;
};

/** What a schema takes that is no text. */
const wantedBy = (issues: readonly z.core.$ZodIssue[]): Pick<Finding, 'wants'> => {
  const wants = issues.flatMap((issue): readonly string[] => {
    if (issue.path.length > 0) return [];
    if (issue.code === 'invalid_value') return issue.values.map((value) => typeof value);
    return issue.code === 'invalid_type' ? [issue.expected === 'int' ? 'number' : issue.expected] : [];
  });
  const kept = (['boolean', 'number'] as const).filter((kind) => wants.includes(kind));
  return kept.length === 0 ? {} : {wants: kept};
};

/** Words for issues whose schema says none itself. Given to every parse. */
export const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type': {
      const hint =
        issue.expected === 'string' && issue.input !== null && issue.input !== undefined ? '; put it in quotes' : '';
      if (issue.expected === 'string') {
        const capture = captureIn(issue.input);
        if (capture !== undefined) return `must be a text, not a mapping: write '{${capture}}', in quotes`;
      }
      return mustBe(
        kindWords[issue.expected] ?? issue.expected,
        issue.input,
        remedy(issue.expected, issue.input, hint) || settingsOf(issue.expected, issue.input, issue.inst),
      );
    }
    case 'invalid_value':
      return oneOf(issue.values, issue.input);
    case 'unrecognized_keys':
      // Read again by findingsOf, which makes a finding of each key.
      return knownKeys(issue.inst).join('\n');
    case 'too_small':
      if (issue.origin === 'array') return issue.minimum === 1 ? 'is an empty list' : `needs at least ${issue.minimum}`;
      if (issue.origin === 'string')
        return issue.minimum === 1 ? 'is empty' : `is shorter than ${issue.minimum} characters`;
      return issue.inclusive === false ? `must be more than ${issue.minimum}` : `must be at least ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'array') return `has more than ${issue.maximum} items`;
      if (issue.origin === 'string') return `is longer than ${issue.maximum} characters`;
      return issue.inclusive === false ? `must be less than ${issue.maximum}` : `must be at most ${issue.maximum}`;
    case 'invalid_format':
      return 'is not written in the form that is needed here';
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return unknownFault;
  }
};

const oneOf = (values: readonly unknown[], input: unknown): string => {
  const choices = values.map(quoted);
  if (input === undefined) return `is required; add it: ${alternatives(choices)}`;
  const unquoted = values.find((value) => typeof value !== 'string' && String(value) === input);
  if (unquoted !== undefined) return `must be ${alternatives(choices)}; write it without quotes`;
  if (values.includes(true) && typeof input === 'string' && isYes(input)) {
    return `must be ${alternatives(choices)}; write true`;
  }
  const near = typeof input === 'string' ? suggestion(input, choices) : '';
  const meant = near.startsWith('; did') ? near : '';
  return `must be ${alternatives(choices)}${input === null ? '; give one, or take the line out' : meant}`;
};

/** What others call a setting that is called otherwise here. */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  port: ['listen'],
  address: ['listen'],
  bind: ['listen'],
  host: ['url', 'hosts'],
  uri: ['url'],
  file: ['path'],
  ttl: ['fresh'],
  aud: ['audience'],
  iss: ['issuer'],
  secret: ['clientSecret', 'apiKey'],
  allow: ['public'],
};

const likely = (key: string, known: readonly string[]): string => {
  const near = suggestion(key, known);
  if (near.startsWith('; did')) return near;
  const words = Object.hasOwn(otherWords, key) ? (otherWords[key] ?? []) : [];
  const other = words.find((word) => known.includes(word));
  return other === undefined ? near : `; did you mean "${other}"?`;
};

/** Findings of the issues of one parse of `root`. `types`: says what is wrong with the `type` of a choice by type. */
export const findingsOf = (
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  types: (path: SettingPath, given: unknown, known: readonly string[]) => string,
  above: SettingPath = [],
): readonly Finding[] =>
  issues.flatMap((issue): readonly Finding[] => {
    const path: SettingPath = [...above, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys') {
      const known = issue.message === '' ? [] : issue.message.split('\n');
      return issue.keys.map((key) => ({
        path: [...path, key],
        at: 'key',
        message: `is not a setting${likely(key, known)}`,
      }));
    }
    if (issue.code === 'invalid_key') {
      return [{path, at: 'key', message: issue.issues[0]?.message ?? 'is not a key that is known here'}];
    }
    if (issue.code !== 'invalid_union') {
      return [{path, at: 'value', message: issue.message, ...wantedBy([{...issue, path: []}])}];
    }
    if (issue.discriminator !== undefined) {
      const holder = valueAt(root, path.slice(0, -1));
      if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) {
        return [{path: path.slice(0, -1), at: 'value', message: mustBe('a mapping', holder)}];
      }
      return [
        {
          path,
          at: 'value',
          message: types(path, valueAt(root, path), ('options' in issue ? (issue.options ?? []) : []).map(quoted)),
        },
      ];
    }
    // A schema may know better than its shapes what is missing.
    if (valueAt(root, path) === undefined && issue.message !== unknownFault) {
      return [{path, at: 'value', message: issue.message}];
    }
    return ofUnion(issue.errors, root, path, types, faultOf(issue.message));
  });

/** What a choice of shapes says of what is none of them. */
const faultOf = (message: string): string | undefined =>
  message !== unknownFault && message.startsWith('is not ') ? message : undefined;

// Of the shapes that a setting may have, the one that was meant: the shape of the value's own kind with the fewest faults.
const ofUnion = (
  shapes: readonly (readonly z.core.$ZodIssue[])[],
  root: unknown,
  path: SettingPath,
  types: Parameters<typeof findingsOf>[2],
  fault: string | undefined,
): readonly Finding[] => {
  const misses = ({code, path: at}: z.core.$ZodIssue): boolean =>
    code === 'invalid_type' && at.length > 0 && valueAt(root, [...path, ...(at as (string | number)[])]) === undefined;
  const wantsMapping = (issue: z.core.$ZodIssue): boolean =>
    issue.code === 'invalid_type' && issue.expected === 'object';
  // Nothing of any of the shapes is there.
  if (fault !== undefined && shapes.every((issues) => issues.some((issue) => misses(issue) || wantsMapping(issue))))
    return [{path, at: 'value', message: fault}];
  const isOtherKind = (issue: z.core.$ZodIssue): boolean =>
    (issue.code === 'invalid_type' || issue.code === 'invalid_value') && issue.path.length === 0;
  const meant = shapes
    .filter((issues) => issues.length > 0 && !issues.some(isOtherKind))
    .map((issues) => findingsOf(issues, root, types, path))
    .sort((one, other) => one.length - other.length)[0];
  const wanted = wantedBy(shapes.flat());
  // A text of a wrong form may have been meant for another shape.
  if (meant !== undefined) {
    return meant.map((finding) => (finding.path.length === path.length ? {...finding, ...wanted} : finding));
  }
  const expected = shapes.flat().flatMap((issue) => {
    if (issue.code === 'invalid_type') return [kindWords[issue.expected] ?? issue.expected];
    return issue.code === 'invalid_value' ? issue.values.map(quoted) : [];
  });
  const words = shapes.flat().flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(quoted) : []));
  const given = valueAt(root, path);
  const near = typeof given === 'string' && words.length > 0 ? suggestion(given, words) : '';
  const hint = near.startsWith('; did') ? near : unionRemedy(expected, given, fault);
  return [{path, at: 'value', message: mustBe(alternatives([...new Set(expected)]), given, hint), ...wanted}];
};

/** How what is given could be one of the shapes. `fault`: what the choice itself says of what is none, with how to write it. */
const unionRemedy = (expected: readonly string[], given: unknown, fault: string | undefined): string => {
  const [, example] = /(: write .*)$/.exec(fault ?? '') ?? [];
  if (example !== undefined) return example;
  const takesText = expected.includes(kindWords.string ?? '');
  if (takesText && (typeof given === 'number' || typeof given === 'boolean')) return '; put it in quotes';
  return !takesText && typeof given === 'string' && expected.includes(kindWords.array ?? '') ? ': put it in [ ]' : '';
};
