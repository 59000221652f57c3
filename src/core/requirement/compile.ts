// `require`, compiled with its rule: a rule runs only the parts that it has, in the order of their table.
import type {Requirement} from '../rule/rules.ts';
import type {Facts, Holds, PartName, Sources} from './part.ts';
import {partNames, partOf} from './parts.ts';
import {withPart} from './unmet.ts';

/** Puts something around a part that looks on: an explanation, a count of what was met. Absent on the plain way. */
export type WrapPart = (name: PartName, wanted: unknown, holds: Holds) => Holds;

/**
 * The first part that does not hold. Runs on every request, for cached principals too: what is cached is who somebody
 * is, never what they may.
 */
export const compileRequirement = (
  requirement: Requirement,
  sources: Sources,
  wrap: WrapPart = (_name, _wanted, holds) => holds,
): Holds => {
  const compiled = partNames.flatMap((name) => {
    const wanted = requirement[name];
    if (wanted === undefined) return [];
    return [{name, wanted, holds: wrap(name, wanted, partOf(name).compile(wanted as never, sources))}];
  });
  return compiled.length === 0 ? () => undefined : (facts) => firstUnmet(compiled, facts, 0);
};

interface Compiled {
  readonly name: PartName;
  readonly wanted: unknown;
  readonly holds: Holds;
}

/** In turn, and without a promise for as long as none is answered. */
const firstUnmet = (compiled: readonly Compiled[], facts: Facts, from: number): ReturnType<Holds> => {
  for (let at = from; at < compiled.length; at++) {
    const {name, wanted, holds} = compiled[at] as Compiled;
    const unmet = holds(facts);
    if (unmet instanceof Promise) {
      return unmet.then((late) =>
        late === undefined ? firstUnmet(compiled, facts, at + 1) : withPart(late, name, wanted, facts),
      );
    }
    if (unmet !== undefined) return withPart(unmet, name, wanted, facts);
  }
  return undefined;
};
