// What a source has said of one principal, as it is kept: in memory, and in Redis for other instances.

import type {Cache} from '../core/cache.ts';
import {units} from '../core/entitlement/amount.ts';
import {isObject} from '../core/isObject.ts';
import type {PrincipalGrants} from './source.ts';

/** What is kept: the source's answer and when it was given: in memory by the steady clock, in Redis since the epoch. */
export interface KeptGrants {
  readonly at: number;
  readonly grants: PrincipalGrants;
}

/** What is in Redis, with its moments by our own clock. What is of the future there says nothing: it is asked for anew. */
export const byOwnClock = (remote: Cache<KeptGrants>, now: () => number, steady: () => number): Cache<KeptGrants> => ({
  async get(key) {
    const there = await remote.get(key);
    const age = there === undefined ? 0 : now() - there.at;
    return there === undefined || age < -1_000 ? undefined : {...there, at: steady() - Math.max(0, age)};
  },
  set: (key, kept, ttl) => remote.set(key, {...kept, at: now() - (steady() - kept.at)}, ttl),
});

/** For the cache in Redis: what is not exactly such an answer is a miss. */
export const keptGrantsCodec = {
  encode: (kept: KeptGrants): unknown => kept,
  decode(json: unknown): KeptGrants | undefined {
    if (!isObject(json) || typeof json.at !== 'number' || !isObject(json.grants)) return undefined;
    const {features, permissionFeatures, plans, amounts} = json.grants;
    if (!isObject(features) || !Object.values(features).every((end) => end === null || typeof end === 'number')) {
      return undefined;
    }
    if (permissionFeatures !== undefined && !isLinks(permissionFeatures)) return undefined;
    if (plans !== undefined && !isTexts(plans)) return undefined;
    if (amounts !== undefined && !(isObject(amounts) && Object.values(amounts).every(isAmount))) return undefined;
    return json as unknown as KeptGrants;
  },
};

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');
const isLinks = (value: unknown): boolean => isObject(value) && Object.values(value).every(isTexts);
const isAmount = (value: unknown): boolean =>
  isObject(value) &&
  (typeof value.amount === 'number' || typeof value.amount === 'string' || isTexts(value.amount)) &&
  (value.per === undefined || (units as readonly unknown[]).includes(value.per));
