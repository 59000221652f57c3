// A trie of path segments for each host: what a rule matches, put where a request that it is for will pass.
import {canonicalHost} from '../request/authority.ts';
import {type PathOptions, withoutCase} from '../request/path.ts';
import type {Rule} from './rules.ts';

export interface Candidate {
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

export interface RuleTries {
  add(pattern: Pattern, candidate: Candidate): void;
  readonly lookup: Lookup;
}

/** Empty ones. */
export const makeRuleTries = (): RuleTries => {
  const tries: Tries = {exactHosts: new Map(), wildcardHosts: new Map(), anyHost: makeNode()};
  return {
    add(pattern, candidate) {
      for (const root of rootsOf(candidate.rule, tries)) insert(root, pattern, candidate);
    },
    lookup: makeLookup(tries),
  };
};

interface Tries {
  readonly exactHosts: Map<string, Node>;
  /** By what follows the `*`, with its dot: `.acme.example`. */
  readonly wildcardHosts: Map<string, Node>;
  readonly anyHost: Node;
}

/** The earliest rule by its match; its captures are yet to be read. */
export type Lookup = (host: string, method: string, segments: readonly string[]) => Candidate | undefined;

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

export interface Pattern {
  /** A literal, or undefined for a wildcard (`*` or `{name}`). */
  readonly segments: readonly (string | undefined)[];
  /** Ends in `**`. */
  readonly rest: boolean;
  readonly captures: ReadonlyMap<string, number>;
}

export const compilePattern = (path: string | undefined, {caseSensitive}: PathOptions): Pattern => {
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
