// What rules are allowed to say and hardly mean: a rule that no request reaches, a method in another case.
import type {PathOptions} from '../core/path.ts';
import type {Rule} from '../core/rules.ts';
import {type Examples, makeExamples} from './examples.ts';
import type {Finding} from './findings.ts';

/** Looks at checked rules; paths are those of the file. */
export const ruleWarnings = (rules: readonly Rule[], paths: PathOptions): readonly Finding[] => {
  const examples = makeExamples(rules, paths);
  return rules.flatMap((rule, index) => [...neverReached(rule, index, rules, examples), ...otherCase(rule, index)]);
};

const neverReached = (rule: Rule, index: number, rules: readonly Rule[], examples: Examples): readonly Finding[] => {
  const takers = takersOf(rule, index, rules, examples);
  if (takers === undefined) return [];
  const names = [...takers].map(({name}) => `"${name}"`);
  const [who, take] =
    names.length === 1
      ? [`the rule ${names[0]}`, 'takes every such request']
      : [`the rules ${names.join(' and ')}`, 'take every such request between them'];
  const message = `is never reached: ${who} above it ${take}; move it up or take it out (an Envoy route may still name it)`;
  return [{path: ['rules', index], at: 'value', message}];
};

/** The rules above that leave this one nothing; undefined if it is left something. */
const takersOf = (
  rule: Rule,
  index: number,
  rules: readonly Rule[],
  examples: Examples,
): ReadonlySet<Rule> | undefined => {
  if (rule.match.connection === 'tcp') {
    const earlier = rules.slice(0, index).find(({match}) => match.connection === 'tcp');
    return earlier && new Set([earlier]);
  }
  const takers = new Set<Rule>();
  for (const example of examples.of(rule.match)) {
    const winner = examples.winner(example);
    if (winner === undefined || winner === rule) return undefined;
    takers.add(winner);
  }
  return takers;
};

const otherCase = ({match}: Rule, index: number): readonly Finding[] =>
  (match.methods ?? []).flatMap((method, place): readonly Finding[] => {
    if (method === method.toUpperCase()) return [];
    const message = `is not upper case, and methods are compared as sent; write ${method.toUpperCase()}`;
    return [{path: ['rules', index, 'match', 'methods', place], at: 'value', message}];
  });
