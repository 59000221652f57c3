// What a `relation` requirement asks of Frontier: may this subject do this to that. Kept for moments.
import {z} from 'zod';
import type {Principal} from '../../core/principal.ts';
import type {Asks} from '../../core/remote.ts';
import type {Relation} from '../../providers/provider.ts';
import {makeAskOnce} from '../../providers/session.ts';
import type {VendorParts} from '../vendor.ts';
import {makeFrontierApi, type Refused} from './api.ts';
import type {FrontierSettings} from './settings.ts';

/** `token`: an access token of the principal, in whose name Frontier is asked. Rejects with Unavailable for an outage. */
export type IsRelated = (principal: Principal, token: string, relation: Relation, deadline: number) => Promise<boolean>;

/** A 401 is about the token with which it was asked, and says nothing of the subject: it is nobody else's answer. */
const answer = z.union([
  z.strictObject({related: z.boolean()}),
  z.strictObject({refused: z.literal('unauthenticated')}),
]);
type Answer = z.output<typeof answer>;

export const makeIsRelated = (settings: FrontierSettings, parts: VendorParts): IsRelated => {
  const {name, ttl} = settings;
  // A circuit of its own: callers choose what is asked about, and may choose what is slow or fails.
  const dependency = `frontier-relations:${name}`;
  const api = makeFrontierApi(parts.call, dependency, settings);
  const askOnce = makeAskOnce(
    {
      dependency,
      cache: 'frontier-relations',
      settings,
      shape: answer,
      // Whoever is signed in may ask about anything that does not exist.
      good: (of: Answer) => 'related' in of && of.related,
    },
    parts,
  );
  const warn = makeWarn(name, parts);

  return async ({claims}, token, {permission, resource}, deadline) => {
    // Frontier answers a blank id with a fault of its own (500): nobody is related to nothing.
    if (resource.slice(resource.indexOf(':') + 1).trim() === '') return false;
    let isOwn = false;
    const ask = async (budget: number, asks: Asks): Promise<Answer> => {
      isOwn = true;
      const {value, refused} = await api.isPermitted(token, permission, resource, budget, asks);
      if (refused === undefined) return {related: value};
      if (refused === 'unauthenticated') return {refused};
      if (refused === 'not_found' || refused === 'invalid_argument') warn(permission, refused);
      return {related: false};
    };
    // A personal token may do less than its owner: it is a subject of its own, and so is the type of the subject.
    const about = [claims.sub_type, claims.sub, permission, resource].map(String);
    const life = (of: Answer) => ('related' in of ? ttl.relation : 0);
    for (;;) {
      const said = await askOnce({about, ask, life}, deadline);
      if ('related' in said) return said.related;
      if (isOwn) return false;
      // Another token of the same subject was refused, while this one waited for its answer: it is asked with this one.
    }
  };
};

/** Milliseconds between two lines about one permission: a client that repeats a request must not fill the log. */
const pause = 60_000;

/** Says in the log that a relation is not checked. Permissions are of the configuration, so their number is bounded. */
const makeWarn = (provider: string, {log, now}: VendorParts) => {
  const said = new Map<string, {readonly at: number; since: number}>();
  return (permission: string, refused: Refused): void => {
    const last = said.get(permission);
    if (last !== undefined && now() - last.at < pause) {
      last.since += 1;
      return;
    }
    said.set(permission, {at: now(), since: 0});
    const sentence =
      'Frontier does not check this relation: most likely it knows no such permission or kind of resource, or the resource does not exist';
    log.warn({provider, permission, refused, count: 1 + (last?.since ?? 0)}, sentence);
  };
};
