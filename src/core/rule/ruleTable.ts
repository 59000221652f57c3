// Finding the rule of a request, whatever the number of rules: the first that matches, or the one that a route names.
import type {CanonicalPath, PathOptions} from '../request/path.ts';
import type {Request} from '../request/request.ts';
import {type Steps, whole} from '../steps.ts';
import type {Rule} from './rules.ts';
import {type Candidate, compilePattern, type Lookup, makeRuleTries, type Pattern} from './ruleTrie.ts';

/** What was found: the rule, and what its path captured, decoded once. */
export interface RuleMatch {
  readonly rule: Rule;
  /** Undefined of a connection. */
  readonly path: CanonicalPath | undefined;
  readonly captures: ReadonlyMap<string, string>;
}

export interface RuleTable {
  /**
   * The first rule, in configured order, whose match holds. Where the route named a rule (`context_extensions`), that
   * rule alone is looked at, and its own match must still hold.
   *
   * @param path undefined for a connection check, which has none
   * @param host the canonical one of the request's authority (authority.ts); undefined: no rule holds
   */
  find(request: Request, path: CanonicalPath | undefined, host: string | undefined): RuleMatch | undefined;
}

const none: ReadonlyMap<string, string> = new Map();

/** Whether two readings of one request come to the same: the rule, and whatever its path captured. */
export const isSame = (one: RuleMatch | undefined, other: RuleMatch | undefined): boolean => {
  if (one?.rule !== other?.rule) return false;
  for (const [name, value] of one?.captures ?? none) if (other?.captures.get(name) !== value) return false;
  return true;
};

/** Compiles rules. They are taken to be checked: see config/rules.ts. */
export const makeRuleTable = (rules: readonly Rule[], options: PathOptions): RuleTable =>
  whole(compileRuleTable(rules, options));

/** The same, a rule a step. */
export function* compileRuleTable(rules: readonly Rule[], options: PathOptions): Steps<RuleTable> {
  const tries = makeRuleTries();
  const byName = new Map<string, Alone>();
  let connectionRule: Candidate | undefined;

  for (const [order, rule] of rules.entries()) {
    yield;
    const pattern = compilePattern(rule.match.path, options);
    const candidate: Candidate = {order, rule, captures: pattern.captures};
    if (rule.match.connection === 'tcp') {
      connectionRule ??= candidate;
      byName.set(rule.name, {candidate});
      continue;
    }
    tries.add(pattern, candidate);
    byName.set(rule.name, {candidate, pattern});
  }

  return {
    find(request, path, host) {
      const named = request.namedRule === undefined ? undefined : byName.get(request.namedRule);
      if (request.namedRule !== undefined && named === undefined) return undefined;
      if (request.kind === 'connection') {
        const candidate = named?.candidate ?? connectionRule;
        return candidate?.rule.match.connection === 'tcp' ? {rule: candidate.rule, path, captures: none} : undefined;
      }
      if (path === undefined || host === undefined) return undefined;
      const lookup = named === undefined ? tries.lookup : lookupAlone(named);
      const candidate = lookup(host, request.method, path.segments);
      return candidate && {rule: candidate.rule, path, captures: capturesOf(candidate, path)};
    },
  };
}

/** A rule that a route may name. Few are: the tries of that rule alone are made when it is first asked for. */
interface Alone {
  readonly candidate: Candidate;
  /** Absent: a rule for connections. */
  readonly pattern?: Pattern;
  lookup?: Lookup;
}

const lookupAlone = (alone: Alone): Lookup => {
  const {candidate, pattern} = alone;
  if (pattern === undefined) return () => undefined;
  if (alone.lookup !== undefined) return alone.lookup;
  const tries = makeRuleTries();
  tries.add(pattern, candidate);
  alone.lookup = tries.lookup;
  return alone.lookup;
};

const capturesOf = ({captures}: Candidate, {captured}: CanonicalPath): ReadonlyMap<string, string> => {
  if (captures.size === 0) return none;
  const values = new Map<string, string>();
  for (const [name, index] of captures) values.set(name, captured[index] as string);
  return values;
};
