// What one flag is for one principal: a feature that is bought or not, or how much of it.
import {unlimited} from '../core/entitlement/amount.ts';
import type {Catalog, EntitlementStore, Feature, Holding, Holdings} from '../core/entitlement/entitlement.ts';
import {Unavailable} from '../core/unavailable.ts';
import {nearest} from '../core/words/nearest.ts';
import type {Asking} from './caller.ts';
import {type Failure, failure} from './failure.ts';

/** A value with its reason (OpenFeature specification, section 1.4, and OFREP's success response). */
export interface Evaluated {
  readonly key: string;
  readonly value: boolean | number | string | readonly string[];
  readonly reason: 'TARGETING_MATCH';
  /** `on` or `off`; of an amount, the plan that is live with the highest rank. */
  readonly variant: string;
  readonly metadata: Readonly<Record<string, boolean | number | string>>;
}

/** What `unlimited` is where a number is wanted: the greatest that every client reads exactly. */
export const endless = Number.MAX_SAFE_INTEGER;

/** What the configuration names: for sources that cannot tell what there is. */
export interface Named {
  readonly features: readonly string[];
  /** Those of which it names how much there is. */
  readonly amounts: ReadonlySet<string>;
}

const nothingNamed = (): Named => ({features: [], amounts: new Set()});

/** Answers by the facts of now. Rejects only for a bug. */
export const evaluate = async (
  store: EntitlementStore,
  key: string,
  {principal, attributes, call}: Asking,
  now: number,
  named: () => Named = nothingNamed,
): Promise<Evaluated | Failure> => {
  try {
    const catalog = store.catalog();
    const feature = catalog?.features.get(key);
    if (catalog !== undefined && feature === undefined) return unknown(key, catalog);
    const isMeasured = feature === undefined ? named().amounts.has(key) : hasMeasure(feature);
    const holdings = isMeasured ? await store.holdings(principal, listOf(key), attributes, now, call) : undefined;
    const holding = holdings?.amounts.get(key);
    if (holdings !== undefined && holding !== undefined) return ofHolding(key, holding, holdings);
    const entitled = await store.entitled(principal, {feature: key}, attributes, now, call);
    if (!isMeasured) {
      const why = entitled.entitled ? {} : {justification: entitled.justification};
      const grace = entitled.entitled && entitled.grace === true ? {grace: true} : {};
      return answer(key, entitled.entitled, entitled.entitled ? 'on' : 'off', {...why, ...grace});
    }
    return nothing(key, entitled.entitled ? 'no amount' : entitled.justification);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return failure(500, 'GENERAL', 'What was bought cannot be had at the moment. Try again in a moment. (unavailable)');
  }
};

/** Flags that are answered at a stretch: well below a millisecond. */
const slice = 100;

/**
 * Every flag that there is an answer for, in the order of its name; a failure only where nothing can be had at all. There
 * may be many: `pause` lets others, the gate above all, have the event loop between them.
 */
export const evaluateAll = async (
  store: EntitlementStore,
  named: () => Named,
  asking: Asking,
  now: number,
  pause: () => Promise<void>,
): Promise<readonly Evaluated[] | Failure> => {
  let keys: readonly string[];
  try {
    const catalog = store.catalog();
    keys = catalog === undefined ? namesIn(named()) : [...catalog.features.keys()];
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return failure(500, 'GENERAL', 'What was bought cannot be had at the moment. Try again in a moment. (unavailable)');
  }
  const found: Evaluated[] = [];
  for (const [at, key] of keys.toSorted().entries()) {
    if (at % slice === slice - 1) await pause();
    const evaluated = await evaluate(store, key, asking, now, named);
    if ('value' in evaluated) found.push(evaluated);
    else if (evaluated.status === 500) return evaluated;
  }
  return found;
};

const namesIn = ({features, amounts}: Named): readonly string[] => [...new Set([...features, ...amounts])];

const hasMeasure = ({value, limit}: Feature): boolean => value !== undefined || limit !== undefined;

const answer = (
  key: string,
  value: Evaluated['value'],
  variant: string,
  metadata: Evaluated['metadata'],
): Evaluated => ({key, value, reason: 'TARGETING_MATCH', variant, metadata});

const ofHolding = (key: string, {amount, per, grace}: Holding, {plans: [plan = 'none']}: Holdings): Evaluated => {
  const isEndless = amount === Number.POSITIVE_INFINITY;
  return answer(key, isEndless ? endless : amount, isEndless ? unlimited : plan, {
    plan,
    ...(per !== undefined && {unit: per}),
    ...(isEndless && {unlimited: true}),
    ...(grace && {grace: true}),
  });
};

/** Not bought: neither 0 nor an empty text, for those are amounts. The client's own default counts. */
const nothing = (key: string, why: string): Failure =>
  failure(404, 'FLAG_NOT_FOUND', `${shown(key)} was not bought (${why}), so it has no value: your default counts.`);

const unknown = (key: string, {features}: Catalog): Failure => {
  const near = nearest(key, [...features.keys()]);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  return failure(404, 'FLAG_NOT_FOUND', `There is no feature ${shown(key)}.${hint}`);
};

const shown = (key: string): string => JSON.stringify(key.slice(0, 64));

/** The same list for the same key: what is made of it is found again. */
const lists = new Map<string, readonly string[]>();
const mostLists = 10_000;
const listOf = (key: string): readonly string[] => {
  const known = lists.get(key);
  if (known !== undefined) return known;
  if (lists.size >= mostLists) lists.clear();
  const list = [key];
  lists.set(key, list);
  return list;
};
