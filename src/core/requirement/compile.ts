// `require`, compiled with its rule: a rule runs only the parts that it has, in the order of the table below.
import type {Requirement} from '../rules.ts';
import {entitledPermissions} from './entitledPermissions.ts';
import {features} from './features.ts';
import {kind} from './kind.ts';
import type {Facts, Holds, Part, Sources} from './part.ts';
import {permissions} from './permissions.ts';
import {relation} from './relation.ts';
import {roles} from './roles.ts';
import {scopes} from './scopes.ts';
import {stepUp} from './stepUp.ts';
import {tenant} from './tenant.ts';
import {withPart} from './unmet.ts';
import {when} from './when.ts';

/** What of `require` is no part: `providers` chooses who is asked, before there is a principal. */
export type PartName = Exclude<keyof Requirement, 'providers'>;

/** Puts something around a part that looks on: an explanation, a count of what was met. Absent on the plain way. */
export type WrapPart = (name: PartName, wanted: unknown, holds: Holds) => Holds;

/** Every part, in the order in which they are tried and refused: what costs nothing before what asks somebody. */
const parts: {readonly [K in PartName]-?: Part<K>} = {
  kind,
  tenant,
  roles,
  permissions,
  scopes,
  stepUp,
  when,
  features,
  entitledPermissions,
  relation,
};

/**
 * The first part that does not hold. Runs on every request, for cached principals too: what is cached is who somebody
 * is, never what they may.
 */
export const compileRequirement = (
  requirement: Requirement,
  sources: Sources,
  wrap: WrapPart = (_name, _wanted, holds) => holds,
): Holds => {
  const compiled = (Object.keys(parts) as PartName[]).flatMap((name) => {
    const wanted = requirement[name];
    if (wanted === undefined) return [];
    return [{name, wanted, holds: wrap(name, wanted, compilePart(name, wanted, sources))}];
  });
  return compiled.length === 0 ? () => undefined : (facts) => firstUnmet(compiled, facts, 0);
};

interface Compiled {
  readonly name: PartName;
  readonly wanted: unknown;
  readonly holds: Holds;
}

const compilePart = (name: PartName, wanted: unknown, sources: Sources): Holds => {
  const part: {compile(wanted: never, sources: Sources): Holds} = parts[name];
  return part.compile(wanted as never, sources);
};

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
