// An entitlement store that tells what it was asked, what it answered, and by which grants.
import {userOf} from '../../core/entitlement/attributes.ts';
import type {Entitled, EntitlementStore, HeldGrant, Holdings, Question} from '../../core/entitlement/entitlement.ts';
import type {Principal} from '../../core/principal.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {EntitlementStep} from './explanation.ts';

interface StoreListener {
  answered(step: EntitlementStep): void;
  held(principal: Principal, holdings: Holdings): void;
}

/** The same store: what it answers, the listener hears as well. */
export const listeningStore = (store: EntitlementStore, {answered: tell, held}: StoreListener): EntitlementStore => ({
  ...store,
  holdings(principal, ...rest) {
    const told = (holdings: Holdings) => {
      held(principal, holdings);
      return holdings;
    };
    const found = store.holdings(principal, ...rest);
    return found instanceof Promise ? found.then(told) : told(found);
  },
  entitled(principal, asked, ...rest) {
    const known = store.whence?.(principal, asked);
    const told = (answer: Entitled) => {
      const whence = known ?? store.whence?.(principal, asked);
      const layer = known === undefined ? 'fetched' : 'memory';
      const grants = grantsAbout(store, principal, asked);
      tell({asked, answer, ...(whence && {...whence, layer}), ...(grants.length > 0 && {grants})});
      return answer;
    };
    const failed = (error: unknown): never => {
      tell({asked, answer: 'unavailable'});
      throw error;
    };
    try {
      const answer = store.entitled(principal, asked, ...rest);
      return answer instanceof Promise ? answer.then(told, failed) : told(answer);
    } catch (error) {
      return failed(error);
    }
  },
});

const mostGrants = 20;

/** Those whose plans hold the feature, or a feature that the permission belongs to. */
const grantsAbout = (store: EntitlementStore, principal: Principal, asked: Question): readonly HeldGrant[] => {
  if (principal.tenant === undefined || store.grantsOf === undefined) return [];
  try {
    const {features, plans} = store.catalog() ?? {features: new Map(), plans: new Map()};
    const isAsked = (feature: string): boolean =>
      'feature' in asked
        ? feature === asked.feature
        : (features.get(feature)?.permissions.includes(asked.permission) ?? false);
    return store
      .grantsOf(principal.tenant, userOf(principal), mostGrants)
      .filter(({plan}) => plans.get(plan)?.features.some(isAsked));
  } catch (error) {
    if (error instanceof Unavailable) return [];
    throw error;
  }
};
