// Every question of `postern init`, for the options of the command.
import type {Question} from '../../vendors/choice.ts';
import {choices} from '../../vendors/choices.ts';
import {upstreamOf} from './envoy.ts';

/** Whatever was chosen. */
export const upstream: Question = {
  name: 'upstream',
  ask: 'your application, as host:port, behind Envoy',
  otherwise: '127.0.0.1:8080',
  fault: (answer) => (upstreamOf(answer) === undefined ? 'is not host:port, such as 127.0.0.1:8080' : undefined),
};

/** Each once, with every way in which it is asked, and by which provider. */
export const questions: readonly Pick<Question, 'name' | 'ask'>[] = (() => {
  const asks = new Map<string, Map<string, string[]>>();
  for (const {type, questions: of} of choices) {
    for (const {name, ask} of of) {
      const ways = asks.get(name) ?? new Map<string, string[]>();
      ways.set(ask, [...(ways.get(ask) ?? []), type]);
      asks.set(name, ways);
    }
  }
  const textOf = (ways: ReadonlyMap<string, readonly string[]>): string =>
    [...ways].map(([ask, types]) => `${types.join(', ')}: ${ask}`).join('; ');
  return [...[...asks].map(([name, ways]) => ({name, ask: textOf(ways)})), upstream];
})();
