// Finding the rule of a request: a trie of path segments per host, so that the number of rules does not count.
import {canonicalHost} from '../request/authority.ts';
import {type CanonicalPath, type PathOptions, withoutCase} from '../request/path.ts';
import type {Request} from '../request/request.ts';
import {type Steps, whole} from '../steps.ts';
import type {Rule} from './rules.ts';

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

interface Candidate {
  readonly order: number;
  readonly rule: Rule;
  /** Capture name -> index of the segment. */
  readonly captures: ReadonlyMap<string, number>;
}

/** The earliest candidate by method; of those that end at the same place no later one can ever win. */
interface Candidates {
  readonly byMethod: Map<string, Candidate>;
  anyMethod?: Candidate;
}

interface Node {
  readonly literals: Map<string, Node>;
  wildcard?: Node;
  /** Rules whose path ends here, and rules that hold from here on down (`**`). */
  readonly ends: Candidates;
  readonly rest: Candidates;
  /** The earliest rule at or below this node: a branch that cannot win is not entered. */
  earliest: number;
}

/** Compiles rules. They are taken to be checked: see config/rules.ts. */
export const makeRuleTable = (rules: readonly Rule[], options: PathOptions): RuleTable =>
  whole(compileRuleTable(rules, options));

/** The same, a rule a step. */
export function* compileRuleTable(rules: readonly Rule[], options: PathOptions): Steps<RuleTable> {
  const exactHosts = new Map<string, Node>();
  const wildcardHosts = new Map<string, Node>();
  const anyHost = makeNode();
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
    for (const root of rootsOf(rule, {exactHosts, wildcardHosts, anyHost})) insert(root, pattern, candidate);
    byName.set(rule.name, {candidate, pattern});
  }
  const first = makeLookup({exactHosts, wildcardHosts, anyHost});

  return {
    find(request, path, host) {
      const named = request.namedRule === undefined ? undefined : byName.get(request.namedRule);
      if (request.namedRule !== undefined && named === undefined) return undefined;
      if (request.kind === 'connection') {
        const candidate = named?.candidate ?? connectionRule;
        return candidate?.rule.match.connection === 'tcp' ? {rule: candidate.rule, path, captures: none} : undefined;
      }
      if (path === undefined || host === undefined) return undefined;
      const lookup = named === undefined ? first : lookupAlone(named);
      const candidate = lookup(host, request.method, path.segments);
      return candidate && {rule: candidate.rule, path, captures: capturesOf(candidate, path)};
    },
  };
}

/** A rule that a route may name. Few are: the table of that rule alone is made when it is first asked for. */
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
  const tries = {exactHosts: new Map<string, Node>(), wildcardHosts: new Map<string, Node>(), anyHost: makeNode()};
  for (const root of rootsOf(candidate.rule, tries)) insert(root, pattern, candidate);
  alone.lookup = makeLookup(tries);
  return alone.lookup;
};

interface Tries {
  readonly exactHosts: Map<string, Node>;
  /** By what follows the `*`, with its dot: `.acme.example`. */
  readonly wildcardHosts: Map<string, Node>;
  readonly anyHost: Node;
}

type Lookup = (host: string, method: string, segments: readonly string[]) => Candidate | undefined;

const makeLookup =
  ({exactHosts, wildcardHosts, anyHost}: Tries): Lookup =>
  (host, method, segments) => {
    let best = earliestIn(anyHost, method, segments, 0, undefined);
    const exact = exactHosts.get(host);
    if (exact) best = earliestIn(exact, method, segments, 0, best);
    if (wildcardHosts.size === 0) return best;
    // `*.acme.example` holds for any number of labels before it, as an Envoy virtual host does; never for none.
    for (let dot = host.indexOf('.', 1); dot > 0; dot = host.indexOf('.', dot + 1)) {
      const root = wildcardHosts.get(host.slice(dot));
      if (root) best = earliestIn(root, method, segments, 0, best);
    }
    return best;
  };

const earliestIn = (
  node: Node,
  method: string,
  segments: readonly string[],
  depth: number,
  best: Candidate | undefined,
): Candidate | undefined => {
  if (best !== undefined && best.order < node.earliest) return best;
  let found = earlier(best, node.rest, method);
  const segment = segments[depth];
  if (segment === undefined) return earlier(found, node.ends, method);
  const literal = node.literals.get(segment);
  if (literal) found = earliestIn(literal, method, segments, depth + 1, found);
  if (node.wildcard) found = earliestIn(node.wildcard, method, segments, depth + 1, found);
  return found;
};

const earlier = (best: Candidate | undefined, {byMethod, anyMethod}: Candidates, method: string) => {
  let found = best;
  const ofMethod = byMethod.get(method);
  if (ofMethod && (found === undefined || ofMethod.order < found.order)) found = ofMethod;
  if (anyMethod && (found === undefined || anyMethod.order < found.order)) found = anyMethod;
  return found;
};

const capturesOf = ({captures}: Candidate, {captured}: CanonicalPath): ReadonlyMap<string, string> => {
  if (captures.size === 0) return none;
  const values = new Map<string, string>();
  for (const [name, index] of captures) values.set(name, captured[index] as string);
  return values;
};

interface Pattern {
  /** A literal, or undefined for a wildcard (`*` or `{name}`). */
  readonly segments: readonly (string | undefined)[];
  /** Ends in `**`. */
  readonly rest: boolean;
  readonly captures: ReadonlyMap<string, number>;
}

const compilePattern = (path: string | undefined, {caseSensitive}: PathOptions): Pattern => {
  if (path === undefined) return {segments: [], rest: true, captures: new Map()};
  const parts = path.split('/').filter((part) => part !== '');
  const rest = parts[parts.length - 1] === '**';
  if (rest) parts.pop();
  const captures = new Map<string, number>();
  const segments = parts.map((part, index) => {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name !== undefined) captures.set(name, index);
    if (name !== undefined || part === '*') return undefined;
    return caseSensitive ? part : withoutCase(part);
  });
  return {segments, rest, captures};
};

const makeNode = (): Node => ({
  literals: new Map(),
  ends: {byMethod: new Map()},
  rest: {byMethod: new Map()},
  earliest: Number.POSITIVE_INFINITY,
});

const rootsOf = ({match}: Rule, {exactHosts, wildcardHosts, anyHost}: Tries): readonly Node[] => {
  if (match.hosts === undefined) return [anyHost];
  return match.hosts.map((host) => {
    const [hosts, written, before] = host.startsWith('*.')
      ? [wildcardHosts, host.slice(2), '.']
      : [exactHosts, host, ''];
    // Undefined for what config/rulePatterns.ts refuses: such a rule holds for nothing.
    const key = `${before}${canonicalHost(written) ?? '?'}`;
    const root = hosts.get(key) ?? makeNode();
    hosts.set(key, root);
    return root;
  });
};

const insert = (root: Node, {segments, rest}: Pattern, candidate: Candidate): void => {
  let node = root;
  node.earliest = Math.min(node.earliest, candidate.order);
  for (const segment of segments) {
    let next = segment === undefined ? node.wildcard : node.literals.get(segment);
    if (next === undefined) {
      next = makeNode();
      if (segment === undefined) node.wildcard = next;
      else node.literals.set(segment, next);
    }
    node = next;
    node.earliest = Math.min(node.earliest, candidate.order);
  }
  const place = rest ? node.rest : node.ends;
  const methods = candidate.rule.match.methods;
  if (methods === undefined) place.anyMethod ??= candidate;
  for (const method of methods ?? []) if (!place.byMethod.has(method)) place.byMethod.set(method, candidate);
};
