// The wrappers through which decisions, providers, caches and calls are seen, so that their own code holds no metric and
// no log line.
import type {Check, Decision} from '../core/decision.ts';
import type {CircuitState, RemoteObserver} from '../core/remote.ts';
import type {Request} from '../core/request.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {DecisionLog} from './decisionLog.ts';
import type {Log} from './log.ts';
import type {Metrics} from './metrics.ts';
import {outcomeOf, reasonOf} from './outcome.ts';

/** Told of every decision, also of those that the edge makes without asking (a request that cannot be read). */
export interface DecisionObserver {
  /** `seconds`: how long it took. `request` is undefined where it could not be read. */
  decided(id: string, request: Request | undefined, decision: Decision, seconds: number): void;
  /** There is no decision, because of a bug. */
  failed(id: string, request: Request | undefined, error: unknown, seconds: number): void;
}

export const makeDecisionObserver = (
  metrics: Pick<Metrics, 'decided'>,
  decisionLog: DecisionLog,
): DecisionObserver => ({
  decided: (id, request, decision, seconds) => {
    const provider = decision.provider ?? decision.principal?.provider;
    metrics.decided(outcomeOf(decision), reasonOf(decision), decision.rule, provider, seconds);
    decisionLog.decided(id, request, decision, seconds);
  },
  failed: (id, request, error, seconds) => {
    metrics.decided('error', 'internal', undefined, undefined, seconds);
    decisionLog.failed(id, request, error, seconds);
  },
});

/**
 * The same check; each call is told to `observer` once, also when it throws (and the error is thrown on). `clock` is a
 * steady clock in milliseconds (`performance.now`): the wall clock may jump.
 */
export const observedCheck =
  (check: Check, observer: DecisionObserver, clock: () => number): Check =>
  async (request, context) => {
    const start = clock();
    let decision: Decision;
    try {
      decision = await check(request, context);
    } catch (error) {
      observer.failed(context.id, request, error, (clock() - start) / 1_000);
      throw error;
    }
    observer.decided(context.id, request, decision, (clock() - start) / 1_000);
    return decision;
  };

/** What of a provider is watched; declared here because this folder does not know the providers'. */
interface Authenticator<C, X, A> {
  readonly name: string;
  authenticate(credential: C, context: X): Promise<A>;
}
interface Presented {
  readonly place: {readonly kind: string};
}
interface Answered {
  readonly rejected?: string;
}

/** The same provider; each answer counts as `verified`, the reason of its refusal, `unavailable`, or `internal` (a bug). */
export const observedProvider = <C extends Presented, X, A extends Answered, P extends Authenticator<C, X, A>>(
  provider: P & Authenticator<C, X, A>,
  metrics: Pick<Metrics, 'authenticated'>,
): P => ({
  ...provider,
  authenticate: async (credential: C, context: X): Promise<A> => {
    const {kind} = credential.place;
    try {
      const answer = await provider.authenticate(credential, context);
      metrics.authenticated(provider.name, kind, answer.rejected ?? 'verified');
      return answer;
    } catch (error) {
      metrics.authenticated(provider.name, kind, error instanceof Unavailable ? 'unavailable' : 'internal');
      throw error;
    }
  },
});

/** Counts calls to other services, and says in the log when a circuit opens or closes. */
export const makeRemoteObserver = (
  metrics: Pick<Metrics, 'remote'>,
  log: Pick<Log, 'info' | 'warn'>,
): RemoteObserver => {
  const states = new Map<string, CircuitState>();
  return {
    called: metrics.remote.called,
    circuit: (dependency, state) => {
      metrics.remote.circuit(dependency, state);
      const before = states.get(dependency) ?? 'closed';
      states.set(dependency, state);
      if (before === state) return;
      if (state === 'open') log.warn({dependency}, 'calls to this dependency keep failing: not calling it for a while');
      if (state === 'closed') log.info({dependency}, 'this dependency answers again');
    },
  };
};
