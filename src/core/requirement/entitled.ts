// A list that must have been bought: the entitlement store is asked about each item, and only if the rule asks.
import type {Entitled, Justification, Question} from '../entitlement/entitlement.ts';
import type {Reason} from '../refusals.ts';
import type {ListRequirement} from '../rule/rules.ts';
import {Unavailable} from '../unavailable.ts';
import {whenKnown} from '../whenKnown.ts';
import {gotList, wantedList} from './list.ts';
import type {Facts, Holds, Sources, Unmet} from './part.ts';

type Answer = Entitled | Promise<Entitled>;

/** Compiles `all`, then `any`, of what is asked about each item. Rejects with Unavailable when the facts cannot be had. */
export const compileEntitled = (
  what: string,
  wanted: ListRequirement,
  sources: Sources,
  question: (item: string) => Question,
): Holds => {
  const {any = [], all = []} = wanted;
  const every = all.map(question);
  const some = any.map(question);
  const words = wantedList(what, wanted);
  /** Says besides what there is instead, as far as the principal itself tells. */
  const detailed = (unmet: Unmet | undefined, facts: Facts): ReturnType<Holds> => {
    if (unmet === undefined) return undefined;
    const {reason} = unmet;
    const {principal} = facts;
    if (reason === 'missing_permission')
      return {...unmet, detail: `${words}, ${gotList(wanted, principal, 'permissions')}`};
    const hint =
      reason === 'feature_expired'
        ? ', of which a grant has ended'
        : principal.tenant === undefined
          ? ', got none: the credential names no tenant, to which it could be granted'
          : '';
    const said = {...unmet, detail: words + hint};
    return withUpgrade(said, sources, facts);
  };
  return (facts) => {
    const unmet = firstMissing(sources, every, facts, 0);
    if (unmet instanceof Promise) {
      return unmet.then((late) => late ?? noneOf(sources, some, facts, [])).then((late) => detailed(late, facts));
    }
    const answer = unmet ?? noneOf(sources, some, facts, []);
    return answer instanceof Promise ? answer.then((late) => detailed(late, facts)) : detailed(answer, facts);
  };
};

/** With the plans that would open the rule, where they are told. */
export const withUpgrade = (unmet: Unmet, {upgrade: find}: Sources, facts: Facts): Unmet | Promise<Unmet> =>
  find === undefined
    ? unmet
    : orUntold(unmet, () => whenKnown(find(facts), (upgrade) => (upgrade === undefined ? unmet : {...unmet, upgrade})));

/** An outage while a hint is looked for leaves the refusal as it is: an error instead of it may be let through (Envoy). */
export const orUntold = (unmet: Unmet, tell: () => Unmet | Promise<Unmet>): Unmet | Promise<Unmet> => {
  const untold = (error: unknown): Unmet => {
    if (error instanceof Unavailable) return unmet;
    throw error;
  };
  try {
    const told = tell();
    return told instanceof Promise ? told.catch(untold) : told;
  } catch (error) {
    return untold(error);
  }
};

/** The first that has not been bought. A store with its facts in memory answers at once: then no promise is made. */
const firstMissing = (sources: Sources, asked: readonly Question[], facts: Facts, from: number): ReturnType<Holds> => {
  for (let at = from; at < asked.length; at++) {
    const answer = askEntitled(sources, asked[at] as Question, facts);
    if (answer instanceof Promise) {
      return answer.then((late) =>
        late.entitled === true ? firstMissing(sources, asked, facts, at + 1) : unmetBy([late.justification]),
      );
    }
    if (answer.entitled !== true) return unmetBy([answer.justification]);
  }
  return undefined;
};

/** Undefined as soon as one has been bought, or where none is asked about. */
const noneOf = (
  sources: Sources,
  asked: readonly Question[],
  facts: Facts,
  refusals: readonly Justification[],
): ReturnType<Holds> => {
  const found: Justification[] = [...refusals];
  for (let at = refusals.length; at < asked.length; at++) {
    const answer = askEntitled(sources, asked[at] as Question, facts);
    if (answer instanceof Promise) {
      return answer.then((late) =>
        late.entitled === true ? undefined : noneOf(sources, asked, facts, [...found, late.justification]),
      );
    }
    if (answer.entitled === true) return undefined;
    found.push(answer.justification);
  }
  return asked.length === 0 ? undefined : unmetBy(found);
};

/** Asks the store once, and notes where it says yes by grace alone. */
export const askEntitled = ({entitlements, attributes}: Sources, question: Question, facts: Facts): Answer => {
  const answer = entitlements.entitled(facts.principal, question, attributes?.(facts) ?? facts.captures, facts.now, {
    credential: facts.credential.value,
    deadline: facts.deadline,
  });
  return answer instanceof Promise ? answer.then((late) => noted(late, facts)) : noted(answer, facts);
};

const noted = (answer: Entitled, facts: Facts): Entitled => {
  if (answer.entitled === true && answer.grace === true) facts.grace = true;
  return answer;
};

const unmetBy = (justifications: readonly Justification[]): Unmet => ({reason: reasonOf(justifications)});

/** Of several, the one that is closest to being mended: a plan to renew, then a plan to buy, then a right to ask for. */
export const reasonOf = (justifications: readonly Justification[]): Reason => {
  if (justifications.includes('bundle-expired')) return 'feature_expired';
  if (justifications.includes('missing-feature')) return 'missing_feature';
  return 'missing_permission';
};
