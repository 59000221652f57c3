// What stands before a rule: where its credential may be, what its principal must have, and what goes along.

import type {CompileCondition} from '../condition.ts';
import {type Acceptor, type Credential, type Found, makeCredentialFinder} from '../credential/credential.ts';
import type {Challenge} from '../decision.ts';
import {compileBought, type FindBought} from '../entitlement/bought.ts';
import type {EntitlementStore} from '../entitlement/entitlement.ts';
import type {Principal} from '../principal.ts';
import type {Request} from '../request/request.ts';
import {compileAttributes} from '../requirement/attributes.ts';
import {compileRequirement, type WrapPart} from '../requirement/compile.ts';
import type {Holds, Relate, Sources} from '../requirement/part.ts';
import {compileUpgrade} from '../requirement/upgrading.ts';
import type {Steps} from '../steps.ts';
import type {Requirement, Rule} from './rules.ts';

/** The rule's `require` and `limits`, compiled. */
export interface Guard<P extends Acceptor> {
  readonly findCredential: (request: Request) => Found<P>;
  /** Of `require: {}`, of every principal. */
  readonly holds: Holds;
  /** Undefined where nothing is handed on. */
  readonly findBought: FindBought | undefined;
  /** What a refusal of the credential asks for. */
  readonly challenge: Challenge;
}

/** The part of a provider that a guard needs. */
export interface Vouching extends Acceptor {
  readonly name: string;
  related?(
    principal: Principal,
    credential: Credential,
    asked: {readonly permission: string; readonly resource: string},
    context: {readonly request: Request; readonly now: number; readonly deadline: number},
  ): Promise<boolean>;
}

export interface GuardParts<P extends Vouching> {
  readonly rules: readonly Rule[];
  /** In configured order, which matters. */
  readonly providers: readonly P[];
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

/** A guard for each rule that looks at credentials, a rule a step: the others have none. */
export function* compileGuards<P extends Vouching>(parts: GuardParts<P>): Steps<ReadonlyMap<Rule, Guard<P>>> {
  const {wrapPart} = parts;
  const finderFor = makeFinders(parts.providers);
  const guards = new Map<Rule, Guard<P>>();
  for (const rule of parts.rules) {
    yield;
    if (!('require' in rule.access)) continue;
    const {require} = rule.access;
    const sources = sourcesOf(rule, parts);
    guards.set(rule, {
      findCredential: finderFor(require.providers),
      holds: compileRequirement(require, sources, wrapPart && ((...part) => wrapPart(rule, ...part))),
      findBought: compileBought(rule, parts.told, sources),
      challenge: challengeOf(require),
    });
  }
  return guards;
}

/**
 * A rule that names providers looks at their places only; the order stays the configured one. Rules that name the same
 * share a finder.
 */
const makeFinders = <P extends Vouching>(providers: readonly P[]) => {
  const ofAll = makeCredentialFinder(providers);
  const byNames = new Map<string, typeof ofAll>();
  return (names: readonly string[] | undefined): typeof ofAll => {
    if (names === undefined) return ofAll;
    const key = JSON.stringify(names);
    const finder = byNames.get(key) ?? makeCredentialFinder(providers.filter(({name}) => names.includes(name)));
    byNames.set(key, finder);
    return finder;
  };
};

const sourcesOf = (rule: Rule, {providers, entitlements, condition, upgrades}: GuardParts<Vouching>): Sources => {
  const sources: Sources = {
    entitlements,
    relate: (name) => relateBy(providers.find((provider) => provider.name === name)),
    ...(condition && {condition}),
    attributes: compileAttributes(rule.attributes),
  };
  return upgrades === true ? {...sources, upgrade: compileUpgrade(rule, sources)} : sources;
};

const relateBy = (provider: Vouching | undefined): Relate | undefined => {
  const related = provider?.related?.bind(provider);
  return (
    related &&
    ((asked, {principal, credential, request, now, deadline}) =>
      related(principal, credential, asked, {request, now, deadline}))
  );
};

/** A client that has to get a token anyway learns at once which scopes it needs (RFC 6750 section 3). */
const challengeOf = ({scopes}: Requirement): Challenge => ({scopes: [...(scopes?.all ?? []), ...(scopes?.any ?? [])]});
