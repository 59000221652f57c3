// Calls to other services. (The interface; the calls follow.)
import type {CircuitState, RemoteCall, RemoteObserver} from '../core/remote.ts';

/** The parts that calls are made of. Times in milliseconds. */
export interface RemoteParts {
  readonly now: () => number;
  /** In [0, 1), for the jitter of back-off. */
  readonly random: () => number;
  readonly observer: RemoteObserver;
  /** A CA certificate in PEM, trusted besides the well-known ones. */
  readonly ca?: string;
}

export interface Remote {
  readonly call: RemoteCall;
  /** State of each dependency called so far; of several hosts of one dependency, the worst. */
  circuits(): ReadonlyMap<string, CircuitState>;
  /** Ends calls under way and closes connections. */
  close(): Promise<void>;
}
