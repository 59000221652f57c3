// `kind`: a person, or a program acting for itself.
import {shownValue, wantedGot} from '../words/misfit.ts';
import type {Part} from './part.ts';

export const kind: Part<'kind'> = {
  compile:
    (wanted) =>
    ({principal}) =>
      principal.kind === wanted
        ? undefined
        : {reason: 'wrong_kind', detail: wantedGot('kind', shownValue(wanted), principal.kind)},
  got: {of: ({principal}) => principal.kind, told: 'everywhere'},
};
