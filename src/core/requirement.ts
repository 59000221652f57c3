// What a rule asks of a principal, apart from what it must have bought.
import type {Challenge} from './decision.ts';
import type {Principal} from './principal.ts';
import type {Reason} from './refusals.ts';
import type {ListRequirement, Requirement, StepUp} from './rules.ts';

/** What does not hold, and what would mend it. */
export interface Unmet {
  readonly reason: Reason;
  readonly challenge?: Challenge;
}

/**
 * The first part that does not hold, in the order of the configuration: kind, tenant, roles, permissions, scopes,
 * stepUp. Runs on every request, for cached principals too: what is cached is who somebody is, never what they may.
 *
 * @param captures of the rule's path, for `tenant: '{org}'`
 * @param now milliseconds since the epoch
 */
export const firstUnmet = (
  requirement: Requirement,
  principal: Principal,
  captures: ReadonlyMap<string, string>,
  now: number,
): Unmet | undefined => {
  const {kind, tenant, roles, permissions, scopes, stepUp} = requirement;
  if (kind !== undefined && principal.kind !== kind) return {reason: 'wrong_kind'};
  if (tenant !== undefined && principal.tenant !== filledIn(tenant, captures)) return {reason: 'wrong_tenant'};
  if (roles && !holds(roles, principal.roles)) return {reason: 'missing_role'};
  if (permissions && !holds(permissions, principal.permissions)) return {reason: 'missing_permission'};
  if (scopes && !holds(scopes, principal.scopes)) {
    return {reason: 'missing_scope', challenge: {scopes: [...(scopes.all ?? []), ...(scopes.any ?? [])]}};
  }
  if (stepUp && !steppedUp(stepUp, principal, now)) return {reason: 'step_up_required', challenge: challengeOf(stepUp)};
  return undefined;
};

/**
 * A template with its `{captures}` filled in; a symbol, which equals nothing that a principal has, if one is missing.
 */
export const filledIn = (template: string, captures: ReadonlyMap<string, string>): string | typeof nothing => {
  if (!template.includes('{')) return template;
  let missing = false;
  const filled = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = captures.get(name);
    if (value === undefined) missing = true;
    return value ?? '';
  });
  return missing ? nothing : filled;
};

const nothing = Symbol('a template with a capture that the path did not give');

const holds = ({any, all}: ListRequirement, held: readonly string[]): boolean =>
  (any === undefined || any.some((item) => held.includes(item))) &&
  (all === undefined || all.every((item) => held.includes(item)));

/** How far an issuer's clock may be ahead of ours, milliseconds. */
const clockSkew = 60_000;

/** A time in the future is no sign-in: an issuer that counts milliseconds would have one that never grows old. */
const isRecent = (authTime: number | undefined, maxAge: number, now: number): boolean => {
  const age = now - (authTime ?? 0) * 1_000;
  return age >= -clockSkew && age <= maxAge;
};

/** RFC 9470. A principal that says nothing of when or how it signed in has not stepped up. */
const steppedUp = ({maxAge, acr, amr}: StepUp, principal: Principal, now: number): boolean => {
  if (maxAge !== undefined && !isRecent(principal.authTime, maxAge, now)) return false;
  if (acr !== undefined && (principal.acr === undefined || !acr.includes(principal.acr))) return false;
  return amr === undefined || amr.every((oneOf) => oneOf.some((method) => principal.amr.includes(method)));
};

const challengeOf = ({maxAge, acr}: StepUp): Challenge => ({
  ...(maxAge === undefined ? {} : {maxAge: Math.floor(maxAge / 1_000)}),
  ...(acr === undefined ? {} : {acrValues: acr}),
});
