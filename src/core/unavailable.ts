// The one error class for outages.

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
