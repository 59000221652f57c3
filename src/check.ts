// The way of one request: path, rule, credential, principal, revocation, requirements, entitlement, decision.
import {canonicalHost} from './core/authority.ts';
import {compileBought, type FindBought} from './core/bought.ts';
import type {CompileCondition} from './core/condition.ts';
import {type Credential, type Found, makeCredentialFinder} from './core/credential.ts';
import type {Allow, Challenge, Check, CheckContext, Decision} from './core/decision.ts';
import type {EntitlementStore} from './core/entitlement.ts';
import {misfitOfFound} from './core/notFound.ts';
import type {CanonicalPath, PathOptions} from './core/path.ts';
import {canonicalPath, isTooLong} from './core/path.ts';
import type {Request} from './core/request.ts';
import {hostDetail, noRuleDetail, pathFault, revokedDetail, tooLongDetail} from './core/requestMisfit.ts';
import {compileAttributes} from './core/requirement/attributes.ts';
import {compileRequirement, type WrapPart} from './core/requirement/compile.ts';
import type {Facts, Holds, Relate, Sources, Unmet} from './core/requirement/part.ts';
import {compileUpgrade} from './core/requirement/upgrading.ts';
import type {Revocations} from './core/revocation.ts';
import type {Requirement, Rule} from './core/rules.ts';
import type {RuleMatch} from './core/ruleTable.ts';
import {compileRuleTable, isSame} from './core/ruleTable.ts';
import {type Steps, whole} from './core/steps.ts';
import {DeadlinePassed, Unavailable} from './core/unavailable.ts';
import type {Authentication, Provider} from './providers/provider.ts';

/** What a decision is made of. */
export interface CheckParts {
  readonly rules: readonly Rule[];
  readonly paths: PathOptions;
  /** In configured order, which matters. */
  readonly providers: readonly Provider[];
  readonly revocations: Revocations;
  readonly entitlements: EntitlementStore;
  /** Absent where no rule has a condition. */
  readonly condition?: CompileCondition;
  /** Features whose amounts headers and metadata name. Absent: they name nothing that was bought. */
  readonly told?: readonly string[] | undefined;
  /** Whether refusals say which plans would open what was asked for. */
  readonly upgrades?: boolean;
  /** Looks on while requirements are tried. Absent where nobody does. */
  readonly wrapPart?: (rule: Rule, ...part: Parameters<WrapPart>) => Holds;
}

/** Compiles the rules. The result decides one request; it rejects only for a bug. */
export const makeCheck = (parts: CheckParts): Check => whole(compileCheck(parts));

/** The same, rule by rule: thousands of them are compiled while requests are answered. */
export function* compileCheck(parts: CheckParts): Steps<Check> {
  const rules = yield* compileRuleTable(parts.rules, parts.paths);
  const findCredential = yield* compileFinders(parts);
  const {holds, findBought} = yield* compileRequirements(parts);
  const everyPlace = [
    ...new Map(parts.providers.flatMap(({places}) => places).map((place) => [place.label, place])).values(),
  ];

  return (request, context) => {
    if (isTooLong(request.target)) return {outcome: 'deny', reason: 'malformed_request', detail: tooLongDetail};
    const path = request.kind === 'http' ? canonicalPath(request.target, parts.paths) : undefined;
    if (request.kind === 'http' && path === undefined) return ambiguous(pathFault(request.target, parts.paths));

    const host = request.kind === 'http' ? canonicalHost(request.host) : '';
    if (host === undefined) return {outcome: 'deny', reason: 'ambiguous_host', detail: hostDetail};

    const match = rules.find(request, path, host);
    if (path?.others !== undefined) {
      const isRead = (other: CanonicalPath): boolean => isSame(match, rules.find(request, other, host));
      if (!path.others.every(isRead))
        return ambiguous('what paths.allow opens leads to another rule, or other captures, in another reading');
    }
    if (match === undefined) return {outcome: 'deny', reason: 'no_rule', detail: noRuleDetail(request, parts.rules)};

    const decided = decide(match, path, request, context);
    // Where nobody has to be waited for there is no promise (see Check).
    return decided instanceof Promise
      ? decided.then((late) => inTheEnd(match.rule, late))
      : inTheEnd(match.rule, decided);
  };

  function inTheEnd(rule: Rule, decided: Decision): Decision {
    const decision = rule.access.access === 'lenient' ? lenient(rule, decided) : decided;
    return rule.shadow ? letThrough(rule, decision) : decision;
  }

  /** A guest at an open door: whatever is wrong with the credential, the caller is nobody, and it stays here. */
  function lenient({name}: Rule, decision: Decision): Decision {
    if (decision.outcome === 'allow') return decision;
    const {reason, principal: _, challenge: __, upgrade: ___, ...rest} = decision;
    return {...rest, outcome: 'allow', rule: name, ignored: reason, withheld: everyPlace};
  }

  function decide(
    {rule, captures}: RuleMatch,
    path: CanonicalPath | undefined,
    request: Request,
    context: CheckContext,
  ): Decision | Promise<Decision> {
    const {access} = rule;
    if (access.access === 'public') return {outcome: 'allow', rule: rule.name};
    if (access.access === 'deny')
      return {outcome: 'deny', reason: 'denied_by_rule', rule: rule.name, detail: 'the rule has deny: true'};

    const found = findCredential(rule)(request);
    if (found.found === 'nothing' && access.access !== 'require') return {outcome: 'allow', rule: rule.name};
    if (found.found !== 'credential') {
      const schemes = found.found === 'nothing' ? {schemes: found.schemes} : {};
      return {
        outcome: 'deny',
        ...misfitOfFound(found, request, parts.providers),
        rule: rule.name,
        credentialPlace: found.place,
        challenge: {...askedOf(access.require), ...schemes},
      };
    }

    const way: Way = {
      rule,
      require: access.require,
      captures,
      path,
      request,
      context,
      provider: found.provider,
      credential: found.credential,
    };
    try {
      const answer = way.provider.authenticate(way.credential, {request, ...context});
      const decision = answer instanceof Promise ? answer.then((late) => judge(way, late)) : judge(way, answer);
      return decision instanceof Promise ? decision.catch((error) => outage(way, error)) : decision;
    } catch (error) {
      return outage(way, error);
    }
  }

  /** Who it is, is known: are they still welcome, and do they have what the rule asks for? */
  function judge(way: Way, answer: Authentication): Decision | Promise<Decision> {
    const {rule, require, captures, path, request, context, provider, credential} = way;
    const {verified: principal, rejected, detail, setCookies = noCookies, place = credential.place} = answer;
    if (principal === undefined)
      return {
        outcome: 'deny',
        reason: rejected,
        detail,
        rule: rule.name,
        provider: provider.name,
        credentialPlace: place,
        setCookies,
        challenge: askedOf(require),
      };

    const allow: Allow = {
      outcome: 'allow',
      rule: rule.name,
      provider: provider.name,
      credentialPlace: place,
      principal,
      setCookies,
    };
    if (parts.revocations.revoked(principal))
      return {
        ...allow,
        outcome: 'deny',
        reason: 'revoked',
        detail: revokedDetail(principal, context.now),
        challenge: askedOf(require),
      };

    const {now, deadline} = context;
    const facts: Facts = {principal, captures, request, path, credential, now, deadline};
    const unmet = holds(rule)(facts);
    return unmet instanceof Promise
      ? unmet.then((late) => inspect(rule, facts, allow, late))
      : inspect(rule, facts, allow, unmet);
  }

  /** The rule's requirement is tried: what was bought is handed on. */
  function inspect(rule: Rule, facts: Facts, allow: Allow, unmet: Unmet | undefined): Decision | Promise<Decision> {
    if (unmet !== undefined) return {...allow, ...unmet, outcome: 'deny'};
    const bought = findBought(rule)?.(facts);
    return bought instanceof Promise
      ? bought.then((late) => withBought(facts, allow, late))
      : withBought(facts, allow, bought);
  }

  function outage({rule, provider, credential}: Way, error: unknown): Decision {
    if (!(error instanceof Unavailable)) throw error;
    const reason = error.cause instanceof DeadlinePassed ? 'deadline' : 'unavailable';
    const asked = {rule: rule.name, provider: provider.name, credentialPlace: credential.place};
    return {outcome: 'deny', reason, ...asked, outage: error};
  }
}

const ambiguous = (detail: string): Decision => ({outcome: 'deny', reason: 'ambiguous_path', detail});
/** A request whose credential is in the hands of the one provider that accepts it. */
interface Way {
  readonly rule: Rule;
  readonly require: Requirement;
  readonly captures: RuleMatch['captures'];
  readonly path: CanonicalPath | undefined;
  readonly request: Request;
  readonly context: CheckContext;
  readonly provider: Provider;
  readonly credential: Credential;
}

const noCookies: readonly string[] = [];

type Bought = Awaited<ReturnType<FindBought>>;

const withBought = (facts: Facts, allow: Allow, bought: Bought | undefined): Decision => {
  if (bought === undefined) return facts.grace ? {...allow, grace: true} : allow;
  if (bought.unmet !== undefined) return {...allow, ...bought.unmet, outcome: 'deny'};
  const grace = facts.grace || bought.holdings.grace;
  return {...allow, ...bought, ...(grace && {grace})};
};

type CredentialFinder = (request: Request) => Found<Provider>;

/** A rule that names providers looks at their places only; the order stays the configured one. */
function* compileFinders({rules, providers}: CheckParts): Steps<(rule: Rule) => CredentialFinder> {
  const ofAll = makeCredentialFinder(providers);
  const byNames = new Map<string, CredentialFinder>();
  const byRule = new Map<Rule, CredentialFinder>();
  for (const rule of rules) {
    yield;
    const names = 'require' in rule.access ? rule.access.require.providers : undefined;
    if (names === undefined) continue;
    const key = JSON.stringify(names);
    const finder =
      byNames.get(key) ?? makeCredentialFinder(providers.filter((provider) => names.includes(provider.name)));
    byNames.set(key, finder);
    byRule.set(rule, finder);
  }
  return (rule) => byRule.get(rule) ?? ofAll;
}

interface Compiled {
  readonly holds: (rule: Rule) => Holds;
  readonly findBought: (rule: Rule) => FindBought | undefined;
}

/** The requirement of each rule, compiled. A rule that asks for nothing takes any verified principal. */
function* compileRequirements({
  rules,
  providers,
  entitlements,
  condition,
  told,
  upgrades,
  wrapPart,
}: CheckParts): Steps<Compiled> {
  const relate = (name: string): Relate | undefined => {
    const provider = providers.find((one) => one.name === name);
    if (provider?.related === undefined) return undefined;
    const related = provider.related.bind(provider);
    return (asked, {principal, credential, request, now, deadline}) =>
      related(principal, credential, asked, {request, now, deadline});
  };
  const byRule = new Map<Rule, Holds>();
  const boughtByRule = new Map<Rule, FindBought>();
  for (const rule of rules) {
    yield;
    if (!('require' in rule.access)) continue;
    const wrap: WrapPart | undefined = wrapPart && ((...part) => wrapPart(rule, ...part));
    const own: Sources = {
      entitlements,
      relate,
      ...(condition && {condition}),
      attributes: compileAttributes(rule.attributes),
    };
    const sources: Sources = upgrades === true ? {...own, upgrade: compileUpgrade(rule, own)} : own;
    byRule.set(rule, compileRequirement(rule.access.require, sources, wrap));
    const find = compileBought(rule, told, sources);
    if (find !== undefined) boughtByRule.set(rule, find);
  }
  return {holds: (rule) => byRule.get(rule) as Holds, findBought: (rule) => boughtByRule.get(rule)};
}

/** A client that has to get a token anyway learns at once which scopes it needs (RFC 6750 section 3). */
const askedOf = ({scopes}: Requirement): Challenge => ({scopes: [...(scopes?.all ?? []), ...(scopes?.any ?? [])]});

/** Shadow: what would have been refused passes, and says so. A revoked principal is not told to the upstream. */
const letThrough = (rule: Rule, decision: Decision): Decision => {
  if (decision.outcome === 'allow') return decision;
  const {reason, principal, challenge: _, upgrade: __, ...rest} = decision;
  const told = principal === undefined || reason === 'revoked' ? {} : {principal};
  return {...rest, ...told, outcome: 'allow', rule: rule.name, shadow: reason};
};
