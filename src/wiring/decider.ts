// What one configuration decides by: providers, entitlements, the check and the form of its answers.
import {makeCheck} from '../check.ts';
import type {Loaded} from '../config/load.ts';
import type {Check} from '../core/decision.ts';
import type {Health} from '../core/health.ts';
import {makeIdentityHeaders} from '../core/identityHeaders.ts';
import {makeRender, type Render} from '../envoy/render.ts';
import {makeDecisionLog} from '../observe/decisionLog.ts';
import {type DecisionObserver, makeDecisionObserver, observedCheck} from '../observe/observed.ts';
import {makeEntitlements} from './entitlements.ts';
import {makeProviders} from './providers.ts';
import type {Shared} from './shared.ts';

/** A configuration that has been loaded. */
export type Configuration = Extract<Loaded, {settings: object}>;

export interface Decider {
  readonly check: Check;
  readonly render: Render;
  /** For the decisions that the edge makes itself. */
  readonly observer: DecisionObserver;
  /** Every part, as it is now. */
  health(): readonly Health[];
  /** Loads what can be loaded ahead; resolves when the first attempts are over. Never rejects. */
  start(): Promise<void>;
  /** Ends what it began. Checks under way may still end well. */
  close(): Promise<void>;
}

export const makeDecider = ({settings}: Configuration, shared: Shared): Decider => {
  const providers = makeProviders(settings, shared);
  const entitlements = makeEntitlements(settings.entitlements, shared);
  const {metrics, log, clocks, revocations} = shared;
  const endKeysAge = metrics.gauge('postern_keys_age_seconds', () =>
    providers.flatMap(({name, keysAge}) => {
      const age = keysAge?.(clocks.now());
      return age === undefined ? [] : [{labels: {provider: name}, value: age}];
    }),
  );

  const observer = makeDecisionObserver(metrics, makeDecisionLog({log, settings: settings.log}));
  const identityHeaders = makeIdentityHeaders(
    settings.responses.identity,
    providers.flatMap(({ownedHeaders = []}) => ownedHeaders),
  );
  const check = makeCheck({...settings, providers, revocations, entitlements: entitlements.store});

  return {
    check: observedCheck(check, observer, clocks.steady),
    observer,
    render: makeRender(settings.responses, identityHeaders),
    health: () => [...providers.flatMap((provider) => provider.health()), ...entitlements.health()],
    start: async () => {
      await Promise.all([...providers.map((provider) => provider.start?.()), entitlements.start()]);
    },
    close: async () => {
      endKeysAge();
      await Promise.all([...providers.map((provider) => provider.close?.()), entitlements.close()]);
    },
  };
};
