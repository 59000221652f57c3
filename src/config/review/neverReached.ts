// Rules that no request reaches, because those above take all of it, each alone or several between them.
import type {PathOptions} from '../../core/request/path.ts';
import type {Rule} from '../../core/rule/rules.ts';
import {type Examples, makeExamples} from '../examples.ts';
import type {Finding} from '../findings.ts';

/** Looks at checked rules; paths are those of the file. */
export const neverReached = (rules: readonly Rule[], paths: PathOptions): readonly Finding[] => {
  const examples = makeExamples(rules, paths);
  return rules.flatMap((rule, index): readonly Finding[] => {
    const takers = takersOf(rule, index, rules, examples);
    if (takers === undefined) return [];
    const names = [...takers].map(({name}) => `"${name}"`);
    const [who, take] =
      names.length === 1
        ? [`the rule ${names[0]}`, 'takes every such request']
        : [`the rules ${names.join(' and ')}`, 'take every such request between them'];
    const message = `is never reached: ${who} above it ${take}; move it up or take it out (an Envoy route may still name it)`;
    return [{path: ['rules', index], at: 'value', message}];
  });
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
