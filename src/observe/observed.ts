// The wrappers through which decisions, providers, caches and calls are seen, so that their own code holds no metric and
// no log line.
import type {Check, CheckContext, Decision} from '../core/decision.ts';
import type {CircuitState, RemoteObserver} from '../core/remote.ts';
import type {Request} from '../core/request/request.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {DecisionLog} from './decisionLog.ts';
import type {Log} from './log.ts';
import type {Bought, Metrics} from './metrics.ts';
import {outcomeOf, reasonOf} from './outcome.ts';

/**
 * Told of every decision, by the check or by the edge. `seconds`: how long it took. A call for which both have an answer
 * counts once, and what comes first counts: the edge gives up at the deadline while the check goes on, and answers
 * `internal` to a check that failed.
 */
export interface DecisionObserver {
  /** The check has decided. */
  decided(context: CheckContext, request: Request, decision: Decision, seconds: number): void;
  /** The check has thrown: a bug. */
  failed(context: CheckContext, request: Request, error: unknown, seconds: number): void;
  /** The edge has decided without the check. `request` is undefined where it could not be read. */
  edge(context: CheckContext, request: Request | undefined, decision: Decision, seconds: number): void;
}

export const makeDecisionObserver = (
  metrics: Pick<Metrics, 'decided'> & Partial<Pick<Metrics, 'bought'>>,
  decisionLog: DecisionLog,
): DecisionObserver => {
  /** Calls that the check or the edge has told of, and of which the other one may yet tell. */
  const told = new WeakSet<CheckContext>();

  const tell = (context: CheckContext, request: Request | undefined, decision: Decision, seconds: number) => {
    const provider = decision.provider ?? decision.principal?.provider;
    metrics.decided(outcomeOf(decision), reasonOf(decision), decision.rule, provider, seconds);
    const bought = boughtOf(decision);
    if (bought !== undefined) metrics.bought?.(decision.rule, bought);
    decisionLog.decided(context, request, decision, seconds);
  };

  return {
    decided: (context, request, decision, seconds) => {
      if (!told.has(context)) tell(context, request, decision, seconds);
    },
    failed: (context, request, error, seconds) => {
      // A bug is logged even if the edge has given up by then.
      decisionLog.failed(context, request, error, seconds);
      if (told.has(context)) return;
      told.add(context);
      metrics.decided('error', 'internal', undefined, undefined, seconds);
    },
    edge: (context, request, decision, seconds) => {
      if (told.has(context)) return;
      told.add(context);
      tell(context, request, decision, seconds);
    },
  };
};

const boughtOf = (decision: Decision): Bought | undefined => {
  if (decision.outcome === 'deny') return decision.upgrade && {upgrade: decision.upgrade.feature};
  const {grace, limits} = decision;
  return grace === true || limits !== undefined ? {grace, limits} : undefined;
};

/**
 * The same check; each call is told to `observer` once, also when it throws (and the error is thrown on). `clock` is a
 * steady clock in milliseconds (`performance.now`): the wall clock may jump.
 */
export const observedCheck = (check: Check, observer: DecisionObserver, clock: () => number): Check => {
  const since = (start: number): number => (clock() - start) / 1_000;
  const failed = (request: Request, context: CheckContext, start: number, error: unknown): never => {
    observer.failed(context, request, error, since(start));
    throw error;
  };
  // Apart, so that functions are made where somebody is waited for and not for each call.
  const later = (decision: Promise<Decision>, request: Request, context: CheckContext, start: number) =>
    decision.then(
      (late) => {
        observer.decided(context, request, late, since(start));
        return late;
      },
      (error: unknown) => failed(request, context, start, error),
    );

  return (request, context) => {
    const start = clock();
    let decision: ReturnType<Check>;
    try {
      decision = check(request, context);
    } catch (error) {
      return failed(request, context, start, error);
    }
    if (decision instanceof Promise) return later(decision, request, context, start);
    observer.decided(context, request, decision, since(start));
    return decision;
  };
};

/** What of a provider is watched; declared here because this folder does not know the providers'. */
interface Authenticator<C, X, A> {
  readonly name: string;
  authenticate(credential: C, context: X): A | Promise<A>;
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
): P => {
  const answered = (kind: string, answer: A): A => {
    metrics.authenticated(provider.name, kind, answer.rejected ?? 'verified');
    return answer;
  };
  const failed = (kind: string, error: unknown): never => {
    metrics.authenticated(provider.name, kind, error instanceof Unavailable ? 'unavailable' : 'internal');
    throw error;
  };
  const later = (answer: Promise<A>, kind: string): Promise<A> =>
    answer.then(
      (late) => answered(kind, late),
      (error: unknown) => failed(kind, error),
    );

  return {
    ...provider,
    authenticate: (credential: C, context: X): A | Promise<A> => {
      const {kind} = credential.place;
      let answer: A | Promise<A>;
      try {
        answer = provider.authenticate(credential, context);
      } catch (error) {
        return failed(kind, error);
      }
      return answer instanceof Promise ? later(answer, kind) : answered(kind, answer);
    },
  };
};

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
