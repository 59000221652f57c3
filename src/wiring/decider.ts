// What one configuration decides by: providers, entitlements, the check and the form of its answers.
import type {CheckParts} from '../check.ts';
import type {Loaded} from '../config/load.ts';
import type {Check} from '../core/decision.ts';
import {type Health, oneOfSeveral} from '../core/health.ts';
import {makeIdentityHeaders} from '../core/identityHeaders.ts';
import {makeRender, type Render} from '../envoy/render.ts';
import type {LineOf} from '../observe/decisionLine.ts';
import {type DecisionObserver, makeDecisionObserver, observedCheck, observedProvider} from '../observe/observed.ts';
import type {Provider} from '../providers/provider.ts';
import {makeDeciding} from './deciding.ts';
import {makeDecisionsTold, makeTimes} from './decisionLog.ts';
import type {Shared} from './shared.ts';

/** A configuration that has been loaded. */
export type Configuration = Extract<Loaded, {settings: object}>;

export interface Decider {
  readonly check: Check;
  /** What it decides by, for whoever wants to explain a decision: nothing of it is counted. */
  readonly parts: CheckParts;
  readonly render: Render;
  /** A decision that is remembered, with what it takes to decide it once more. */
  readonly replayLine: LineOf;
  /** For the decisions that the edge makes itself. */
  readonly observer: DecisionObserver;
  /** Every part, as it is now. A provider that cannot vouch is no more than degraded while another one can. */
  health(): readonly Health[];
  /** The same, with nothing made of whose fault costs what. */
  eachHealth(): readonly Health[];
  /** Has its gauges read from now on; returns what ends that. Only the decider in force is to be read. */
  meter(): () => void;
  /** Loads what can be loaded ahead; resolves when the first attempts are over. Never rejects. */
  start(): Promise<void>;
  /** Ends what it began. Checks under way may still end well. */
  close(): Promise<void>;
}

/** Compiles the rules in slices: a configuration is made ready while the one in force goes on deciding. */
export const makeDecider = async ({settings}: Configuration, shared: Shared): Promise<Decider> => {
  const deciding = makeDeciding(settings, shared);
  const {parts, providers, entitlements} = deciding;
  const {metrics, clocks} = shared;
  const meterKeys = () =>
    metrics.gauge('postern_keys_age_seconds', () =>
      providers.flatMap(({name, keysAge}) => {
        const age = keysAge?.(clocks.now());
        return age === undefined ? [] : [{labels: {provider: name}, value: age}];
      }),
    );

  const times = makeTimes(settings, shared);
  const identityHeaders = makeIdentityHeaders(
    settings.responses.identity,
    providers.flatMap(({ownedHeaders = []}) => ownedHeaders),
  );
  const counted = (provider: Provider): Provider => observedProvider(provider, metrics);
  const check = await deciding.compile(
    times === undefined ? counted : (provider) => times.provider(counted(provider)),
    times?.part,
  );
  const told = makeDecisionsTold(settings, {providers, looks: deciding.looks(), times}, shared);
  const observer = tellProviders(makeDecisionObserver(metrics, told.log), providers);
  const observed = observedCheck(check, observer, clocks.steady);

  return {
    check: shared.spans === undefined ? observed : shared.spans.check(observed),
    parts,
    observer,
    replayLine: told.replayLine,
    render: makeRender(settings.responses, identityHeaders),
    health: () => [...oneOfSeveral(providers.map((provider) => provider.health())), ...entitlements.health()],
    eachHealth: () => [...providers.flatMap((provider) => provider.health()), ...entitlements.health()],
    meter: () => {
      const ends = [meterKeys(), entitlements.meter()];
      return () => {
        for (const end of ends) end();
      };
    },
    start: deciding.start,
    close: deciding.close,
  };
};

/** The same observer; providers that keep a record of refusals are told of those that they were asked about. */
const tellProviders = (observer: DecisionObserver, providers: readonly Provider[]): DecisionObserver => {
  const recording = new Map(
    providers.flatMap((provider) => (provider.denied === undefined ? [] : [[provider.name, provider.denied] as const])),
  );
  if (recording.size === 0) return observer;
  return {
    ...observer,
    decided: (context, request, decision, seconds) => {
      observer.decided(context, request, decision, seconds);
      if (decision.outcome !== 'deny' || decision.provider === undefined) return;
      recording.get(decision.provider)?.(context.id, request, decision, context.now);
    },
  };
};
