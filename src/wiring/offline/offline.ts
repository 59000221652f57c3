// A configuration that decides without a network: keys, principals, entitlements, revocations and the time are given.
import {type CheckParts, makeCheck} from '../../check.ts';
import {compileCondition} from '../../conditions/condition.ts';
import type {Decision} from '../../core/decision.ts';
import type {EntitlementStore, Snapshot} from '../../core/entitlement/entitlement.ts';
import {loadEntitlementIndex} from '../../core/entitlement/entitlementIndex.ts';
import {makeIdentityHeaders} from '../../core/identityHeaders.ts';
import type {Request} from '../../core/request/request.ts';
import type {RevocationSet} from '../../core/revocation/revocationSet.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {compilePattern} from '../../entitlements/pattern.ts';
import {makeRender} from '../../envoy/render.ts';
import type {CallFailure, CheckResponse} from '../../envoy/wire.ts';
import type {Provider} from '../../providers/provider.ts';
import {clocks} from '../clocks.ts';
import type {Configuration} from '../decider.ts';
import {toldBy} from '../entitlements/entitlements.ts';
import {explain} from '../explain/explained.ts';
import type {Explanation} from '../explain/explanation.ts';
import {type Given, placeOfGiven, withGiven} from '../explain/given.ts';
import {placed} from '../explain/placed.ts';
import {makeProviders} from '../providers.ts';
import {makeShared} from '../shared.ts';
import {withTolerances} from '../tolerances.ts';
import {makeOfflineKeys, type OfflineKeys} from './offlineKeys.ts';

/** What would come from outside. */
export interface OfflineFacts {
  /** Milliseconds since the epoch: asked anew for each decision. */
  readonly now: () => number;
  /** Undefined: a rule that asks what was bought gets `unavailable`. */
  readonly snapshot: Snapshot | undefined;
  /** Instead of the snapshot: a store that knows. */
  readonly entitlements?: EntitlementStore;
  readonly revocations: Pick<RevocationSet, 'revoked'>;
  /** Sees the parts before the check is made of them: this is where an explanation listens in. */
  readonly wrap?: (parts: CheckParts) => CheckParts;
}

export interface Answered {
  readonly decision: Decision;
  /** As Envoy would get it. */
  readonly answer: CheckResponse | CallFailure;
}

export interface Offline extends Pick<OfflineKeys, 'sign' | 'usual'> {
  readonly providers: readonly Provider[];
  /** The same request, with a token where the provider of that name looks first. */
  withToken(request: Request, token: string, provider: string): Request;
  /** Decides as the program would. `as`: this is found of a credential, whatever the request holds. */
  decide(request: Request, as?: Given): Promise<Answered>;
  /** The same, step by step. */
  explain(request: Request): Promise<{readonly explanation: Explanation; readonly answer: Answered['answer']}>;
  close(): Promise<void>;
}

export const makeOffline = async ({settings}: Configuration, facts: OfflineFacts): Promise<Offline> => {
  const {redis: _, ...alone} = settings;
  const quiet = {...alone, log: {...settings.log, level: 'silent' as const}};
  const keys = await makeOfflineKeys(settings.providers);
  const shared = await makeShared(quiet, () => []);
  const trusting = () => ({call: keys.call, usable: () => true, health: () => [], close: () => {}});
  const offline = {
    ...shared,
    remote: {...shared.remote, call: keys.call, trusting},
    clocks: {...clocks, now: facts.now},
  };
  const presented = new WeakMap<Request, Given>();
  const entitlements = facts.entitlements ?? (await makeStore(facts.snapshot));
  const providers = makeProviders(quiet, offline, entitlements);
  await Promise.all(providers.map((provider) => provider.start?.()));

  const parts: CheckParts = {
    condition: compileCondition,
    ...settings,
    providers,
    revocations: withTolerances(settings, facts.revocations),
    entitlements,
    told: toldBy(settings.responses),
    upgrades: settings.responses.upgrade !== undefined,
  };
  const wrap = facts.wrap ?? ((of: CheckParts) => of);
  const check = makeCheck(wrap(parts));
  const givenOf = (request: Request) => presented.get(request);
  // Apart, so that a place which no client has turns up in no refusal.
  const checkGiven = makeCheck(wrap({...parts, providers: withGiven(providers, givenOf, placeOfGiven(givenOf))}));
  const owned = providers.flatMap(({ownedHeaders = []}) => ownedHeaders);
  const render = makeRender(settings.responses, makeIdentityHeaders(settings.responses.identity, owned));

  return {
    providers,
    sign: keys.sign,
    usual: keys.usual,
    withToken: (request, token, of) => {
      const place = providers.find(({name}) => name === of)?.places[0];
      return place === undefined ? request : placed(request, token, place);
    },
    async decide(request, as) {
      // A copy, so that the same request can be asked as somebody else.
      const asked = {...request};
      if (as !== undefined) presented.set(asked, as);
      const context = {id: 'offline', now: facts.now(), deadline: Number.POSITIVE_INFINITY};
      const decision = await (as === undefined ? check : checkGiven)(asked, context);
      return {decision, answer: render(decision, asked, 'offline')};
    },
    async explain(request) {
      const context = {id: 'offline', now: facts.now(), deadline: Number.POSITIVE_INFINITY};
      const explanation = await explain(parts, request, context, clocks);
      return {explanation, answer: render(explanation.decision, request, 'offline')};
    },
    async close() {
      await Promise.all(providers.map((provider) => provider.close?.()));
      await shared.close();
    },
  };
};

const makeStore = async (snapshot: Snapshot | undefined): Promise<EntitlementStore> => {
  if (snapshot !== undefined) return loadEntitlementIndex(snapshot, {compilePattern, pause: async () => {}});
  const nobody = (): never => {
    throw new Unavailable('entitlements', new Error('no entitlements are given, and nobody is asked offline'));
  };
  return {entitled: nobody, isGranted: nobody, holdings: nobody, catalog: nobody};
};
