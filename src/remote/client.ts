// Calls to other services: within a deadline, retried where that is safe, behind a circuit breaker for each host.

import type {Health} from '../core/health.ts';
import type {CallResult, CircuitState, RemoteCall, RemoteObserver, RemoteRequest} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {AttemptFailed, attempt as attemptOn} from './attempt.ts';
import {type Circuit, type CircuitOptions, defaultCircuit, makeCircuit} from './circuit.ts';
import type {Ways} from './pool.ts';
import type {TrustFiles} from './trust.ts';
import {makeTrusts, type Trusted} from './trusts.ts';

/** The parts that calls are made of. Times in milliseconds. */
export interface RemoteParts extends Ways {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that no step of the wall clock moves. Default: those of this process. */
  readonly steady?: () => number;
  /** In [0, 1), for the jitter of back-off. */
  readonly random: () => number;
  readonly observer: RemoteObserver;
  /** PEM file with authorities for all calls; read again when it changes. */
  readonly caFile?: string;
  /** Milliseconds between two looks at the files. Default: 5000. */
  readonly lookEvery?: number;
  /** Default: opens after 5 failures in a row, tried again after 1 s, 2 s, ... 30 s. */
  readonly circuit?: CircuitOptions;
}

/** Calls that trust others besides those whom all trust, and perhaps show a certificate. */
export interface TrustingRemote {
  readonly call: RemoteCall;
  /** Whether there is anybody to trust: false while a file could never be used. Nothing is called then. */
  usable(): boolean;
  /** Of the files; empty if none are named. */
  health(): readonly Health[];
  close(): void;
}

export interface Remote {
  readonly call: RemoteCall;
  /** Equal files give the same `call`, whose connections are those of no other. `part`: what /readyz calls the files. */
  trusting(files: TrustFiles, part: string): TrustingRemote;
  /** Goes on by another proxy. What is under way ends as it began. */
  renew(ways: {readonly proxy?: string | undefined; readonly noProxy?: readonly string[]}): void;
  /** Of the files of `remote`. */
  health(): readonly Health[];
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

/**
 * Makes the one client of the program. A dependency is what metrics name; each of its hosts has a circuit of its own. Throws,
 * naming the file, if that of the authorities cannot be used.
 */
export const makeRemote = (parts: RemoteParts): Remote => {
  const trusts = makeTrusts(parts, (trusted) => forget(trusted));
  const {steady = () => performance.now()} = parts;
  /** By dependency, then by host and lane: strangers' questions have one of their own, so that no other waits for them. */
  const circuits = new Map<string, Map<string, Circuit>>();

  /** What failed for want of trust is tried at once with a new one. */
  const forget = (trusted: Trusted): void => {
    for (const [dependency, hosts] of circuits) {
      for (const host of hosts.keys()) if (host.startsWith(`${trusted.id} `)) hosts.delete(host);
      parts.observer.circuit(dependency, worst(hosts.values()));
    }
  };

  const circuitFor = (dependency: string, {url, asks}: RemoteRequest, {id}: Trusted): Circuit => {
    const host = `${id} ${asks?.standing === 'first' ? 'first ' : ''}${new URL(url).host}`;
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
  const inTime = async (trusted: Trusted, request: RemoteRequest, deadline: number) => {
    const milliseconds = Math.ceil(Math.min(request.timeout ?? defaultTimeout, deadline - parts.now()));
    if (!(milliseconds > 0)) throw tooLate();
    return attemptOn(trusted.pool(), request, milliseconds);
  };

  const attempt = async (dependency: string, trusted: Trusted, request: RemoteRequest, deadline: number) => {
    const circuit = circuitFor(dependency, request, trusted);
    if (!(deadline > parts.now())) throw tooLate();
    const begun = steady();
    const seen = (result: CallResult) => parts.observer.called(dependency, result, (steady() - begun) / 1000);
    try {
      // A probe has time of its own.
      const answer = await circuit.run(request, (one) =>
        inTime(trusted, one, one === request ? deadline : Number.POSITIVE_INFINITY),
      );
      seen(answer.status >= 500 || answer.status === 429 ? 'error' : 'ok');
      return answer;
    } catch (error) {
      seen(error instanceof AttemptFailed ? error.result : 'error');
      throw error;
    }
  };

  const callOf =
    (trusted: Trusted): RemoteCall =>
    async (dependency, request, deadline) => {
      const fault = trusted.lost();
      if (fault !== undefined) throw new Unavailable(dependency, new Error(fault));
      const tries = (request.idempotent ?? request.method === 'GET') ? retries : 0;
      for (let retry = 0; ; retry++) {
        const pause = parts.random() * firstBackoff * 2 ** retry;
        const last = () => retry === tries || parts.now() + pause >= deadline;
        try {
          const answer = await attempt(dependency, trusted, request, deadline);
          if (!passing.has(answer.status) || last()) return answer;
        } catch (error) {
          if (!(error instanceof AttemptFailed)) throw error;
          if (final.has(error.result) || last()) throw new Unavailable(dependency, error);
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    };

  const calls = new WeakMap<Trusted, RemoteCall>();
  const callWith = (trusted: Trusted): RemoteCall => {
    const known = calls.get(trusted) ?? callOf(trusted);
    calls.set(trusted, known);
    return known;
  };

  return {
    call: callWith(trusts.all),
    trusting: (files, part) => {
      if (files.ca === undefined && files.clientCertificate === undefined) {
        return {call: callWith(trusts.all), usable: () => true, health: () => [], close: () => {}};
      }
      const trusted = trusts.of(files);
      let closed = false;
      return {
        call: callWith(trusted),
        usable: () => trusted.lost() === undefined,
        health: () => [{...trusted.health(), part}],
        close: () => {
          if (closed) return;
          closed = true;
          trusts.release(trusted);
        },
      };
    },
    renew: trusts.renew,
    health: trusts.health,
    circuits: () => new Map([...circuits].map(([dependency, hosts]) => [dependency, worst(hosts.values())])),
    close: trusts.close,
  };
};

const worst = (circuits: Iterable<Circuit>): CircuitState => {
  const states = new Set([...circuits].map((circuit) => circuit.state()));
  if (states.has('open')) return 'open';
  return states.has('half_open') ? 'half_open' : 'closed';
};
