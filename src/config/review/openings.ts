// What rules let in beside what they were written for: each is shown by a request that it lets in.
import type {PathOptions} from '../../core/request/path.ts';
import type {Rule} from '../../core/rule/rules.ts';
import {type Example, type Examples, makeExamples} from '../examples.ts';
import type {Finding} from '../findings.ts';
import {segmentsOf} from '../rulePatterns.ts';

const commonMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const isOpen = ({access}: Rule): boolean => access.access !== 'require' && access.access !== 'deny';
const isClosed = (rule: Rule): boolean => !isOpen(rule) && !rule.shadow && rule.match.connection === undefined;

/** Looks at checked rules; paths are those of the file. */
export const openings = (rules: readonly Rule[], paths: PathOptions): readonly Finding[] => {
  const examples = makeExamples(rules, paths);
  const methods = [...new Set([...commonMethods, ...rules.flatMap(({match}) => match.methods ?? [])])];
  const told = new Set<Rule>();
  return rules.flatMap((rule, index): readonly Finding[] => {
    if (rule.match.connection === 'tcp') return [];
    const closed = isClosed(rule)
      ? [...openedAbove(rule, rules, examples, methods, told), ...methodsLeftOpen(rule, index, examples)]
      : [];
    return [...closed, ...withoutHead(rule, index, examples), ...preflight(rule, index), ...everything(rule, index)];
  });
};

/** A public rule with a wider path takes a part of what a closed one below it is for. */
const openedAbove = (
  rule: Rule,
  rules: readonly Rule[],
  examples: Examples,
  methods: readonly string[],
  told: Set<Rule>,
): readonly Finding[] => {
  const taken = new Map<Rule, Example>();
  let isReached = false;
  for (const example of examples.of(rule.match, rule.match.methods ?? methods)) {
    const winner = examples.winner(example);
    if (winner === rule) isReached = true;
    if (winner !== undefined && isOpen(winner) && isWider(winner, rule) && !taken.has(winner))
      taken.set(winner, example);
  }
  // A rule that is never reached is told as such.
  if (!isReached) return [];
  return [...taken].flatMap(([opener, example]): readonly Finding[] => {
    if (told.has(opener)) return [];
    told.add(opener);
    const message = `opens what "${rule.name}" below it closes: ${examples.shown(example)} is open; move "${rule.name}" above it`;
    return [{path: ['rules', rules.indexOf(opener)], at: 'value', message}];
  });
};

/** A closed rule names some methods, and a public one below takes the others. */
const methodsLeftOpen = (rule: Rule, index: number, examples: Examples): readonly Finding[] => {
  const {methods} = rule.match;
  if (methods === undefined) return [];
  const open = new Map<string, readonly [Example, Rule]>();
  for (const example of examples.of(
    rule.match,
    commonMethods.filter((method) => !methods.includes(method)),
  )) {
    const winner = examples.winner(example);
    if (winner !== undefined && isOpen(winner) && isWider(winner, rule) && !open.has(example.method)) {
      open.set(example.method, [example, winner]);
    }
  }
  const [first] = open.values();
  if (first === undefined) return [];
  const [example, winner] = first;
  const message = `leaves ${[...open.keys()].join(', ')} open: ${examples.shown(example)} is allowed by "${winner.name}"; add them here, or leave methods out`;
  return [{path: ['rules', index, 'match', 'methods'], at: 'value', message}];
};

const withoutHead = (rule: Rule, index: number, examples: Examples): readonly Finding[] => {
  const {methods} = rule.match;
  if (rule.access.access === 'deny' || methods === undefined) return [];
  if (!methods.includes('GET') || methods.includes('HEAD')) return [];
  for (const example of examples.of(rule.match, ['HEAD'])) {
    if (examples.winner(example) !== undefined) continue;
    const message = `has GET and not HEAD: ${examples.shown(example)} is refused (no_rule); add HEAD`;
    return [{path: ['rules', index, 'match', 'methods'], at: 'value', message}];
  }
  return [];
};

const preflight = ({match, access}: Rule, index: number): readonly Finding[] => {
  const place = match.methods?.indexOf('OPTIONS') ?? -1;
  if (access.access !== 'require' || place < 0) return [];
  const message =
    'asks for a credential of OPTIONS, and the preflight of a browser never carries one; make a public rule of it';
  return [{path: ['rules', index, 'match', 'methods', place], at: 'value', message}];
};

const everything = (rule: Rule, index: number): readonly Finding[] => {
  const {hosts, methods, path = '/**'} = rule.match;
  if (rule.access.access !== 'public' || hosts !== undefined || methods !== undefined || path !== '/**') return [];
  const message =
    'opens everything that no rule above it names: what you forget is open, and would be refused without this rule';
  return [{path: ['rules', index], at: 'value', message}];
};

/** True if the path of one rule takes all that the other's takes, and more. */
const isWider = ({match: wide}: Rule, {match: narrow}: Rule): boolean =>
  takesAll(segmentsIn(wide.path), segmentsIn(narrow.path)) && !takesAll(segmentsIn(narrow.path), segmentsIn(wide.path));

const segmentsIn = (path = '/**'): readonly string[] => (path === '/' ? [] : segmentsOf(path));

const takesAll = (wide: readonly string[], narrow: readonly string[]): boolean => {
  for (const [index, segment] of wide.entries()) {
    if (segment === '**') return true;
    const other = narrow[index];
    if (other === undefined || other === '**') return false;
    if (segment === '*' || segment.startsWith('{')) continue;
    if (segment.toLowerCase() !== other.toLowerCase()) return false;
  }
  return wide.length === narrow.length;
};
