// `kind`: a person, or a program acting for itself.
import type {Part} from './part.ts';

export const kind: Part<'kind'> = {
  compile:
    (wanted) =>
    ({principal}) =>
      principal.kind === wanted ? undefined : {reason: 'wrong_kind'},
};
