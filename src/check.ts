// The way of one request: rule, credential, principal, revocation, requirement, what was bought; then the decision.

import type {Credential} from './core/credential/credential.ts';
import {misfitOfFound} from './core/credential/notFound.ts';
import type {Allow, Check, CheckContext, Decision} from './core/decision.ts';
import type {FindBought} from './core/entitlement/bought.ts';
import type {PathOptions} from './core/request/path.ts';
import type {Request} from './core/request/request.ts';
import {revokedDetail} from './core/request/requestMisfit.ts';
import type {Facts, Unmet} from './core/requirement/part.ts';
import type {Revocations} from './core/revocation/revocation.ts';
import {compileFindRule} from './core/rule/findRule.ts';
import {compileGuards, type Guard, type GuardParts} from './core/rule/guard.ts';
import type {RuleMatch} from './core/rule/ruleTable.ts';
import {inTheEnd} from './core/rule/unenforced.ts';
import {type Steps, whole} from './core/steps.ts';
import {DeadlinePassed, Unavailable} from './core/unavailable.ts';
import type {Authentication, Provider} from './providers/provider.ts';

/** What a decision is made of: rules, providers, entitlements, and how the rules' requirements are compiled. */
export interface CheckParts extends GuardParts<Provider> {
  readonly paths: PathOptions;
  readonly revocations: Revocations;
}

/** Compiles the rules. The result decides one request; it rejects only for a bug. */
export const makeCheck = (parts: CheckParts): Check => whole(compileCheck(parts));

/** The same, rule by rule: thousands of them are compiled while requests are answered. */
export function* compileCheck(parts: CheckParts): Steps<Check> {
  const findRule = yield* compileFindRule(parts.rules, parts.paths);
  const guards = yield* compileGuards(parts);
  const places = parts.providers.flatMap((provider) => provider.places);
  const everyPlace = [...new Map(places.map((place) => [place.label, place])).values()];

  return (request, context) => {
    const match = findRule(request);
    if ('outcome' in match) return match;
    const decided = decide(match, request, context);
    // Where nobody has to be waited for there is no promise (see Check): here, and in all that follows.
    return decided instanceof Promise
      ? decided.then((late) => inTheEnd(match.rule, late, everyPlace))
      : inTheEnd(match.rule, decided, everyPlace);
  };

  /** May anybody come, or nobody? Else: is there a credential, and who vouches for it? */
  function decide(match: RuleMatch, request: Request, context: CheckContext): Decision | Promise<Decision> {
    const {access, name: rule} = match.rule;
    if (access.access === 'public') return {outcome: 'allow', rule};
    if (access.access === 'deny')
      return {outcome: 'deny', reason: 'denied_by_rule', rule, detail: 'the rule has deny: true'};

    const guard = guards.get(match.rule) as Guard<Provider>;
    const found = guard.findCredential(request);
    if (found.found === 'nothing' && access.access !== 'require') return {outcome: 'allow', rule};
    if (found.found !== 'credential') {
      const schemes = found.found === 'nothing' ? {schemes: found.schemes} : {};
      return {
        outcome: 'deny',
        ...misfitOfFound(found, request, parts.providers),
        rule,
        credentialPlace: found.place,
        challenge: {...guard.challenge, ...schemes},
      };
    }

    const {provider, credential} = found;
    const way: Way = {match, guard, provider, credential, request, context};
    try {
      const answer = provider.authenticate(credential, {request, ...context});
      const decision = answer instanceof Promise ? answer.then((late) => judge(way, late)) : judge(way, answer);
      return decision instanceof Promise ? decision.catch((error) => outage(way, error)) : decision;
    } catch (error) {
      return outage(way, error);
    }
  }

  /** Who it is, is known: are they still welcome, and do they have what the rule asks for? */
  function judge(way: Way, answer: Authentication): Decision | Promise<Decision> {
    const {match, guard, provider, credential, request, context} = way;
    const {verified: principal, rejected, detail, setCookies = noCookies, place = credential.place} = answer;
    const {name: rule} = match.rule;
    const {challenge} = guard;
    if (principal === undefined)
      return {
        outcome: 'deny',
        reason: rejected,
        detail,
        rule,
        provider: provider.name,
        credentialPlace: place,
        setCookies,
        challenge,
      };

    const allow: Allow = {
      outcome: 'allow',
      rule,
      provider: provider.name,
      credentialPlace: place,
      principal,
      setCookies,
    };
    if (parts.revocations.revoked(principal))
      return {...allow, outcome: 'deny', reason: 'revoked', detail: revokedDetail(principal, context.now), challenge};

    const {now, deadline} = context;
    const facts: Facts = {principal, captures: match.captures, request, path: match.path, credential, now, deadline};
    const unmet = guard.holds(facts);
    return unmet instanceof Promise
      ? unmet.then((late) => handOn(guard, facts, allow, late))
      : handOn(guard, facts, allow, unmet);
  }
}

/** A request whose credential is in the hands of the one provider that accepts it. */
interface Way {
  readonly match: RuleMatch;
  readonly guard: Guard<Provider>;
  readonly provider: Provider;
  readonly credential: Credential;
  readonly request: Request;
  readonly context: CheckContext;
}

const noCookies: readonly string[] = [];

/** The rule's requirement has been tried: if it holds, what was bought goes along. */
const handOn = (
  guard: Guard<Provider>,
  facts: Facts,
  allow: Allow,
  unmet: Unmet | undefined,
): Decision | Promise<Decision> => {
  if (unmet !== undefined) return {...allow, ...unmet, outcome: 'deny'};
  const bought = guard.findBought?.(facts);
  return bought instanceof Promise
    ? bought.then((late) => withBought(facts, allow, late))
    : withBought(facts, allow, bought);
};

type Bought = Awaited<ReturnType<FindBought>>;

const withBought = (facts: Facts, allow: Allow, bought: Bought | undefined): Decision => {
  if (bought === undefined) return facts.grace ? {...allow, grace: true} : allow;
  if (bought.unmet !== undefined) return {...allow, ...bought.unmet, outcome: 'deny'};
  const grace = facts.grace || bought.holdings.grace;
  return {...allow, ...bought, ...(grace && {grace})};
};

/** Who was to be asked cannot be reached, or is too late. Anything else is a bug. */
const outage = ({match, provider, credential}: Way, error: unknown): Decision => {
  if (!(error instanceof Unavailable)) throw error;
  const reason = error.cause instanceof DeadlinePassed ? 'deadline' : 'unavailable';
  const asked = {rule: match.rule.name, provider: provider.name, credentialPlace: credential.place};
  return {outcome: 'deny', reason, ...asked, outage: error};
};
