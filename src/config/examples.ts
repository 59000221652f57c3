// Requests that stand for all that a rule matches: what is said of them is proved, not guessed.
//
// A rule is a product of hosts, methods and paths. Of the requests that one of its patterns matches, the one that fills each
// wildcard with a word that no rule names is matched by the fewest other rules: whatever matches it matches all the others.
// So a rule is covered exactly if each of these few requests is taken by a rule above it.
import {type PathOptions, withoutCase} from '../core/request/path.ts';
import type {Request} from '../core/request/request.ts';
import type {Match, Rule} from '../core/rule/rules.ts';
import {makeRuleTable} from '../core/rule/ruleTable.ts';
import {segmentsOf} from './rulePatterns.ts';

/** A request, as far as rules look at it. */
export interface Example {
  readonly host: string;
  readonly method: string;
  readonly segments: readonly string[];
}

export interface Examples {
  /** The requests that stand for all of a rule, with these methods (default: its own, or one that no rule names). */
  of(match: Match, methods?: readonly string[]): Iterable<Example>;
  /** The rule that decides it. */
  winner(example: Example): Rule | undefined;
  /** `GET /orgs/any/notes`, with the host where the rules look at hosts. */
  shown(example: Example): string;
}

const isWildcard = (segment: string): boolean => segment === '*' || segment.startsWith('{');

const unnamed = (word: string, named: ReadonlySet<string>): string => {
  let found = word;
  for (let count = 2; named.has(found); count++) found = `${word}${count}`;
  return found;
};

export const makeExamples = (rules: readonly Rule[], paths: PathOptions): Examples => {
  const table = makeRuleTable(rules, paths);
  const spelled = (segment: string): string => (paths.caseSensitive ? segment : withoutCase(segment));
  const patterns = rules.map(({match}) => segmentsOf(match.path ?? '/**').map(spelled));
  const segment = unnamed('any', new Set(patterns.flat()));
  const labels = rules.flatMap(({match}) => match.hosts ?? []).flatMap((host) => host.split('.'));
  const label = unnamed('any', new Set(labels));
  const method = unnamed('ANY', new Set(rules.flatMap(({match}) => match.methods ?? [])));
  const hasHosts = labels.length > 0;
  const deepest = Math.max(...patterns.map(({length}) => length)) + 1;

  const pathsOf = (path = '/**'): readonly (readonly string[])[] => {
    const parts = path === '/' ? [] : segmentsOf(path).map(spelled);
    const isRest = parts.at(-1) === '**';
    const fixed = (isRest ? parts.slice(0, -1) : parts).map((part) => (isWildcard(part) ? segment : part));
    if (!isRest) return [fixed];
    // Each length is a case of its own: another rule may end at any of them.
    return Array.from({length: Math.max(1, deepest - fixed.length + 1)}, (_, more) => [
      ...fixed,
      ...Array.from({length: more}, () => segment),
    ]);
  };

  return {
    *of(match, methods = match.methods ?? [method]) {
      const hosts = match.hosts?.map((host) => (host.startsWith('*.') ? `${label}${host.slice(1)}` : host));
      const ends = pathsOf(match.path);
      for (const host of hosts ?? [`${label}.invalid`]) {
        for (const one of methods) for (const segments of ends) yield {host, method: one, segments};
      }
    },
    winner: ({host, method: asked, segments}) => {
      const request: Request = {...nobody, host, method: asked, target: `/${segments.join('/')}`};
      return table.find(request, {segments, captured: segments}, host)?.rule;
    },
    shown: ({host, method: asked, segments}) => {
      const path = `/${segments.join('/')}`;
      return `${asked === method ? 'any method' : asked} ${hasHosts ? host : ''}${path}`;
    },
  };
};

const nobody: Request = {
  kind: 'http',
  id: '',
  method: '',
  scheme: 'https',
  host: '',
  target: '/',
  headers: new Map(),
  source: {address: '', principal: ''},
};
