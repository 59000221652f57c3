// The one error class for outages, and the one cause that has a reason of its own.

/** The cause of an outage that is only that it takes longer than this caller may wait: the reason is then `deadline`. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/**
 * Something that a decision depends on did not answer, or not in a way that can be understood: a key server with a 500
 * or an HTML page, a Redis that hangs, a malformed reply. Becomes the answer `unavailable` (error_response 503), on
 * which Envoy's failure policy applies; it is never a bad token and never allow. Everything else thrown is a bug.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** The dependency, named as in the metrics: `keys:acme`, `redis`, `entitlements`. */
  readonly dependency: string;

  constructor(dependency: string, cause?: unknown) {
    super(`${dependency} is unavailable${cause instanceof Error ? `: ${cause.message}` : ''}`, {cause});
    this.dependency = dependency;
  }
}
