// Every question of `postern init`, for the options of the command.
import type {Question} from './choice.ts';
import {choices} from './choices.ts';
import {upstreamOf} from './envoy.ts';

/** Whatever was chosen. */
export const upstream: Question = {
  name: 'upstream',
  ask: 'your application, as host:port, behind Envoy',
  otherwise: '127.0.0.1:8080',
  fault: (answer) => (upstreamOf(answer) === undefined ? 'is not host:port, such as 127.0.0.1:8080' : undefined),
};

/** Each once. */
export const questions: readonly Question[] = [
  ...new Map([...choices.flatMap(({questions: of}) => of), upstream].map((one) => [one.name, one])).values(),
];
