// Which rules were looked at for a request, and what of each match held.
import {type CheckParts, compileCheck} from '../../check.ts';
import type {CheckContext} from '../../core/decision.ts';
import type {Request} from '../../core/request/request.ts';
import type {Rule} from '../../core/rule/rules.ts';
import {longestSlice, type SlicesParts, whole} from '../../core/steps.ts';
import type {RuleStep} from './explanation.ts';

/**
 * The rules up to the one that decided, each by what of its match holds. Asked of a check of its own that has this one
 * rule with this one part, so that what is told is what the rule table does.
 */
export const rulesLookedAt = async (
  parts: CheckParts,
  request: Request,
  context: CheckContext,
  decided: string | undefined,
  {steady, pause}: SlicesParts,
): Promise<readonly RuleStep[]> => {
  const steps: RuleStep[] = [];
  let began = steady();
  for (const rule of parts.rules) {
    if (steady() - began > longestSlice) {
      await pause();
      began = steady();
    }
    const holds = (match: Rule['match']) => matches(parts, {...rule, match}, request, context);
    const {connection, hosts, methods, path} = rule.match;
    const matched = rule.name === decided;
    const kind = connection === undefined ? {} : {connection};
    steps.push({
      rule: rule.name,
      matched,
      ...(connection && {connection: await holds(kind)}),
      ...(hosts && {host: await holds({...kind, hosts})}),
      ...(methods && {method: await holds({...kind, methods})}),
      ...(path !== undefined && {path: await holds({...kind, path})}),
    });
    if (matched) break;
  }
  return steps;
};

const matches = async (parts: CheckParts, rule: Rule, request: Request, context: CheckContext): Promise<boolean> => {
  const {namedRule: _, ...unnamed} = request;
  const one: CheckParts = {...parts, rules: [{...rule, access: {access: 'public'}, shadow: false}]};
  return (await whole(compileCheck(one))(unnamed, context)).outcome === 'allow';
};
