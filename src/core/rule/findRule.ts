// From a request to its rule: one reading of its path and host, or none, and then the first match of the table.

import type {Deny} from '../decision.ts';
import {canonicalHost} from '../request/authority.ts';
import {type CanonicalPath, canonicalPath, isTooLong, type PathOptions} from '../request/path.ts';
import type {Request} from '../request/request.ts';
import {hostDetail, noRuleDetail, pathFault, tooLongDetail} from '../request/requestMisfit.ts';
import type {Steps} from '../steps.ts';
import type {Rule} from './rules.ts';
import {compileRuleTable, isSame, type RuleMatch} from './ruleTable.ts';

/** The rule of a request; or why there is none: it can be read in two ways, or no rule is for it. */
export type FindRule = (request: Request) => RuleMatch | Deny;

/** Compiles the search, a rule a step. */
export function* compileFindRule(rules: readonly Rule[], paths: PathOptions): Steps<FindRule> {
  const table = yield* compileRuleTable(rules, paths);

  return (request) => {
    if (isTooLong(request.target)) return {outcome: 'deny', reason: 'malformed_request', detail: tooLongDetail};
    const path = request.kind === 'http' ? canonicalPath(request.target, paths) : undefined;
    if (request.kind === 'http' && path === undefined) return ambiguous(pathFault(request.target, paths));

    const host = request.kind === 'http' ? canonicalHost(request.host) : '';
    if (host === undefined) return {outcome: 'deny', reason: 'ambiguous_host', detail: hostDetail};

    const match = table.find(request, path, host);
    if (path?.others !== undefined) {
      const isRead = (other: CanonicalPath): boolean => isSame(match, table.find(request, other, host));
      if (!path.others.every(isRead))
        return ambiguous('what paths.allow opens leads to another rule, or other captures, in another reading');
    }
    return match ?? {outcome: 'deny', reason: 'no_rule', detail: noRuleDetail(request, rules)};
  };
}

const ambiguous = (detail: string): Deny => ({outcome: 'deny', reason: 'ambiguous_path', detail});
