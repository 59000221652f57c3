// What a `relation` requirement asks of Frontier: may this subject do this to that. Kept for moments.
import {z} from 'zod';
import type {Principal} from '../../core/principal.ts';
import type {Relation} from '../../providers/provider.ts';
import {makeAskOnce} from '../../providers/session.ts';
import type {VendorParts} from '../vendor.ts';
import {makeFrontierApi} from './api.ts';
import type {FrontierSettings} from './settings.ts';

/** `token`: an access token of the principal, in whose name Frontier is asked. Rejects with Unavailable for an outage. */
export type IsRelated = (
  principal: Principal,
  token: string,
  relation: Relation,
  deadline: number,
) => boolean | Promise<boolean>;

export const makeIsRelated = (settings: FrontierSettings, parts: VendorParts): IsRelated => {
  const {name, ttl} = settings;
  // A circuit of its own: callers choose what is asked about, and may choose what is slow or fails.
  const dependency = `frontier-relations:${name}`;
  const api = makeFrontierApi(parts.call, dependency, settings);
  const askOnce = makeAskOnce({dependency, cache: 'frontier-relations', settings, shape: z.boolean()}, parts);

  return ({claims}, token, {permission, resource}, deadline) => {
    const ask = async (budget: number): Promise<boolean> => {
      const {value, refused} = await api.isPermitted(token, permission, resource, budget);
      if (refused === undefined) return value;
      // A permission or a kind of resource that it does not know (404, 400), or nobody any more to ask for (401, 403).
      const sentence = 'Frontier does not check this relation: does it know the permission and that kind of resource?';
      parts.log.warn({provider: name, permission, refused}, sentence);
      return false;
    };
    // A personal token may do less than its owner: it is a subject of its own, and so is the type of the subject.
    const about = [claims.sub_type, claims.sub, permission, resource].map(String);
    return askOnce({about, ask, life: () => ttl.relation}, deadline);
  };
};
