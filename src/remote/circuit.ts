// What stands before one host: after failures in a row calls are refused at once, and only so many are under way.
import {
  CircuitState as BreakerState,
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
} from 'cockatiel';
import type {CircuitState, RemoteAnswer} from '../core/remote.ts';
import {AttemptFailed} from './attempt.ts';

/** When a circuit opens and when it is tried again. */
export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds until one call is let through to try; doubles with every failed try, up to `longest`. */
  readonly shortest: number;
  readonly longest: number;
}

export const defaultCircuit: CircuitOptions = {failures: 5, shortest: 1_000, longest: 30_000};

/** Calls of one dependency to one host under way at once, and how many more may wait for their turn: four rounds. */
const mostUnderWay = 64;
const mostWaiting = 256;

/** A time-out tells something about the other side only if it was given this long, in milliseconds. */
const fairWait = 100;

export interface Circuit {
  /** Runs the attempt when it is its turn, or rejects with AttemptFailed `circuit_open` or `busy` without running it. */
  run(attempt: () => Promise<RemoteAnswer>): Promise<RemoteAnswer>;
  state(): CircuitState;
}

const states = new Map<BreakerState, CircuitState>([
  [BreakerState.Closed, 'closed'],
  [BreakerState.HalfOpen, 'half_open'],
  [BreakerState.Open, 'open'],
  [BreakerState.Isolated, 'open'],
]);

/**
 * A failure is: no whole reply, or a status of 500 and above, or 429 (it asks to be left alone). A reply that is too long
 * or a time-out that the caller's own short deadline caused says nothing about the host, except while the circuit is being
 * tried; a call that never had its turn says nothing at all. Turns keep a flood of calls (of made-up credentials, say) from
 * becoming a queue in which everyone's time runs out, and that from being taken for the host's fault.
 */
export const makeCircuit = (options: CircuitOptions, changed: () => void): Circuit => {
  const policy = circuitBreaker(
    handleWhen((error) => !isBusy(error) && (counts(error) || policy.state !== BreakerState.Closed)).orWhenResult(
      (answer) => (answer as RemoteAnswer).status >= 500 || (answer as RemoteAnswer).status === 429,
    ),
    {
      breaker: new ConsecutiveBreaker(options.failures),
      halfOpenAfter: new ExponentialBackoff({initialDelay: options.shortest, maxDelay: options.longest}),
    },
  );
  policy.onStateChange(changed);
  const turns = bulkhead(mostUnderWay, mostWaiting);

  const open = () => new AttemptFailed('circuit_open', 'it failed repeatedly and is left alone for a moment', 0);
  return {
    async run(attempt) {
      // cockatiel lets others wait for the one call that tries; a caller with a deadline must not.
      if (policy.state === BreakerState.HalfOpen) throw open();
      try {
        return await policy.execute(() => turns.execute(attempt));
      } catch (cause) {
        if (cause instanceof BrokenCircuitError) throw open();
        if (cause instanceof BulkheadRejectedError) throw busy();
        throw cause;
      }
    },
    state: () => states.get(policy.state) ?? 'open',
  };
};

const busy = () => new AttemptFailed('busy', `${mostUnderWay} calls to it are under way, and ${mostWaiting} wait`, 0);

const isBusy = (error: Error): boolean => error instanceof BulkheadRejectedError;

const counts = (error: Error): boolean =>
  !(error instanceof AttemptFailed) ||
  (error.result !== 'too_large' && !(error.result === 'timeout' && error.given < fairWait));
