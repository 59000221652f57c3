// A scene of the demo: which file is run, before which issuer, and what is sent.
import type {RateLimits} from '../../test/support/rateLimits.ts';
import type {Row} from './rows.ts';

export interface Scene {
  /** The configuration, in examples/. */
  readonly file: string;
  /** What stands in for the issuer. */
  readonly about: string;
  /** The same of the issuer alone. Default: `about`. */
  readonly issuer?: string;
  begin(): Promise<Begun>;
}

export interface Begun {
  /** What the configuration takes from its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What must be another value than in the file, because a port is taken. Empty: the file runs as it is. */
  readonly settings: readonly (readonly [path: readonly (string | number)[], value: string])[];
  readonly rows: readonly Row[];
  /** A line about where else to look. */
  readonly where?: string;
  /** A line for the shell that sets TOKEN. */
  readonly token: string;
  /** How TOKEN is sent: a header. */
  readonly header: string;
  /** A line for the shell that makes a configuration of one's own for this issuer, in the folder gate. */
  readonly init: string;
  /** What it opens. */
  readonly path: string;
  /** The same before the configuration of `init`. */
  readonly opens: string;
  /** The service that Envoy's rate limit asks, and which paths are counted. */
  readonly counting?: {readonly limits: RateLimits; readonly paths: string};
  stop(): Promise<void>;
}
