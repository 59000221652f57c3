// Has the principal bought what the rule asks for: features, then permissions whose feature is live.
import type {Credential} from './credential.ts';
import type {CheckContext} from './decision.ts';
import type {Entitled, EntitlementStore, Justification, Question} from './entitlement.ts';
import type {Principal} from './principal.ts';
import type {Reason} from './refusals.ts';
import type {Unmet} from './requirement.ts';
import type {ListRequirement, Requirement} from './rules.ts';

/**
 * The first of `features` and `entitledPermissions` that does not hold. The store is asked only if the rule asks for
 * either. Rejects with Unavailable when the facts cannot be had.
 *
 * @param captures of the rule's path: targeting rules may look at them
 */
export const firstNotEntitled = async (
  store: EntitlementStore,
  {features, entitledPermissions}: Requirement,
  principal: Principal,
  captures: ReadonlyMap<string, string>,
  {now, deadline}: CheckContext,
  credential: Credential,
): Promise<Unmet | undefined> => {
  if (features === undefined && entitledPermissions === undefined) return undefined;
  const call = {credential: credential.value, deadline};
  const ask = (question: Question) => store.entitled(principal, question, captures, now, call);
  return (
    (features && (await unmetList(features, (feature) => ask({feature})))) ??
    (entitledPermissions && (await unmetList(entitledPermissions, (permission) => ask({permission}))))
  );
};

type Ask = (item: string) => Entitled | Promise<Entitled>;

const unmetList = async ({any = [], all = []}: ListRequirement, ask: Ask): Promise<Unmet | undefined> => {
  for (const item of all) {
    const answer = await ask(item);
    if (answer.entitled !== true) return {reason: reasonOf([answer.justification])};
  }
  const refusals: Justification[] = [];
  for (const item of any) {
    const answer = await ask(item);
    if (answer.entitled === true) return undefined;
    refusals.push(answer.justification);
  }
  return any.length === 0 ? undefined : {reason: reasonOf(refusals)};
};

/** Of several, the one that is closest to being mended: a plan to renew, then a plan to buy, then a right to ask for. */
const reasonOf = (justifications: readonly Justification[]): Reason => {
  if (justifications.includes('bundle-expired')) return 'feature_expired';
  if (justifications.includes('missing-feature')) return 'missing_feature';
  return 'missing_permission';
};
