// Calls to other services: within a deadline, retried where that is safe, behind a circuit breaker for each host.
import type {CallResult, CircuitState, RemoteCall, RemoteObserver, RemoteRequest} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {AttemptFailed, makeAttempts, type Ways} from './attempt.ts';
import {type Circuit, type CircuitOptions, defaultCircuit, makeCircuit} from './circuit.ts';

/** The parts that calls are made of. Times in milliseconds. */
export interface RemoteParts extends Ways {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that no step of the wall clock moves. Default: those of this process. */
  readonly steady?: () => number;
  /** In [0, 1), for the jitter of back-off. */
  readonly random: () => number;
  readonly observer: RemoteObserver;
  /** Default: opens after 5 failures in a row, tried again after 1 s, 2 s, ... 30 s. */
  readonly circuit?: CircuitOptions;
}

export interface Remote {
  readonly call: RemoteCall;
  /** State of each dependency called so far; of several hosts of one dependency, the worst. */
  circuits(): ReadonlyMap<string, CircuitState>;
  /** Ends calls under way (they reject with Unavailable) and closes connections. */
  close(): Promise<void>;
}

const defaultTimeout = 2_000;
const retries = 2;
const firstBackoff = 50;
/** Answers that a second attempt may better; other 5xx are the service's considered word. */
const passing = new Set([502, 503, 504]);
/** Failures that a second attempt would only repeat. */
const final = new Set<CallResult>(['circuit_open', 'too_large', 'busy']);

const tooLate = () => new AttemptFailed('timeout', 'the deadline has passed', 0);

/** Makes the one client of the program. A dependency is what metrics name; each of its hosts has a circuit of its own. */
export const makeRemote = (parts: RemoteParts): Remote => {
  const attempts = makeAttempts(parts);
  const {steady = () => performance.now()} = parts;
  /** By dependency, then by host and lane: strangers' questions have one of their own, so that no other waits for them. */
  const circuits = new Map<string, Map<string, Circuit>>();

  const circuitFor = (dependency: string, {url, asks}: RemoteRequest): Circuit => {
    const host = `${asks?.standing === 'first' ? 'first ' : ''}${new URL(url).host}`;
    const hosts = circuits.get(dependency) ?? new Map<string, Circuit>();
    circuits.set(dependency, hosts);
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const circuit = makeCircuit(parts.circuit ?? defaultCircuit, steady, () =>
      parts.observer.circuit(dependency, worst(hosts.values())),
    );
    hosts.set(host, circuit);
    parts.observer.circuit(dependency, worst(hosts.values()));
    return circuit;
  };

  /** One attempt, cut short by the deadline. Its time begins when it has its turn. */
  const inTime = async (request: RemoteRequest, deadline: number) => {
    const milliseconds = Math.ceil(Math.min(request.timeout ?? defaultTimeout, deadline - parts.now()));
    if (!(milliseconds > 0)) throw tooLate();
    return attempts.attempt(request, milliseconds);
  };

  const attempt = async (dependency: string, circuit: Circuit, request: RemoteRequest, deadline: number) => {
    if (!(deadline > parts.now())) throw tooLate();
    const begun = steady();
    const seen = (result: CallResult) => parts.observer.called(dependency, result, (steady() - begun) / 1000);
    try {
      // A probe has time of its own.
      const answer = await circuit.run(request, (one) =>
        inTime(one, one === request ? deadline : Number.POSITIVE_INFINITY),
      );
      seen(answer.status >= 500 || answer.status === 429 ? 'error' : 'ok');
      return answer;
    } catch (error) {
      seen(error instanceof AttemptFailed ? error.result : 'error');
      throw error;
    }
  };

  const call: RemoteCall = async (dependency, request, deadline) => {
    const circuit = circuitFor(dependency, request);
    const tries = (request.idempotent ?? request.method === 'GET') ? retries : 0;
    for (let retry = 0; ; retry++) {
      const pause = parts.random() * firstBackoff * 2 ** retry;
      const last = () => retry === tries || parts.now() + pause >= deadline;
      try {
        const answer = await attempt(dependency, circuit, request, deadline);
        if (!passing.has(answer.status) || last()) return answer;
      } catch (error) {
        if (!(error instanceof AttemptFailed)) throw error;
        if (final.has(error.result) || last()) throw new Unavailable(dependency, error);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };

  return {
    call,
    circuits: () => new Map([...circuits].map(([dependency, hosts]) => [dependency, worst(hosts.values())])),
    close: () => attempts.close(),
  };
};

const worst = (circuits: Iterable<Circuit>): CircuitState => {
  const states = new Set([...circuits].map((circuit) => circuit.state()));
  if (states.has('open')) return 'open';
  return states.has('half_open') ? 'half_open' : 'closed';
};
