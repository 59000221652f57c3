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

/** Each once, with every way in which it is asked. */
export const questions: readonly Pick<Question, 'name' | 'ask'>[] = (() => {
  const asks = new Map<string, Set<string>>();
  for (const {name, ask} of [...choices.flatMap(({questions: of}) => of), upstream]) {
    asks.set(name, (asks.get(name) ?? new Set()).add(ask));
  }
  return [...asks].map(([name, of]) => ({name, ask: [...of].join('; or ')}));
})();
