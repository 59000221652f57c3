// How a part of the program says how it is.

/**
 * `ready`: works. `degraded`: works with less (Redis away, a refresh failing while the last good answer is usable).
 * `unready`: cannot decide (no keys yet, no usable snapshot). Only `unready` makes the whole unready.
 */
export interface Health {
  /** As an operator would name it: `keys acme`, `redis`, `entitlements`. */
  readonly part: string;
  readonly state: 'ready' | 'degraded' | 'unready';
  /** A sentence for a person: what is wrong, since when, what is being done. No secrets. */
  readonly detail?: string;
}
