// What a condition looks at, noted as it is met: nothing else is gathered for it when it is run.
import type {Looks} from '../core/condition.ts';
import type {Type} from './types.ts';

export interface Notes {
  /** A member of what can only be asked for members that are named. */
  member(of: NonNullable<Type['named']>, name: string): void;
  claim(name: string): void;
  /** A variable, and not one member of it. */
  variable(name: string): void;
  all(): Looks;
}

export const makeNotes = (): Notes => {
  const members = {
    request: new Set<string>(),
    principal: new Set<string>(),
    header: new Set<string>(),
    parameter: new Set<string>(),
    capture: new Set<string>(),
    value: new Set<string>(),
  };
  const claims = new Set<string>();
  const variables = new Set<string>();
  return {
    member: (of, name) => void members[of].add(name),
    claim: (name) => void claims.add(name),
    variable: (name) => void variables.add(name),
    all: () => ({
      request: [...members.request],
      headers: [...members.header],
      query: [...members.parameter],
      captures: [...members.capture],
      principal: [...members.principal],
      values: [...members.value],
      claims: {named: [...claims], whole: variables.has('claims')},
      now: variables.has('now'),
    }),
  };
};
