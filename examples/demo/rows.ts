// A request of the demo: what is sent, and what should come of it.
export interface Row {
  /** What the reader should see in it. */
  readonly title: string;
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** How often it is sent; the last answer is what counts. Absent: once. */
  readonly times?: number;
  /** Only Envoy itself can show it. */
  readonly byEnvoy?: true;
  /** The application asks Postern for this feature's value, in place of a request to the service. */
  readonly flag?: string;
  readonly status: number;
  /** The reason of a refusal; absent where the request goes through. */
  readonly reason?: string;
  /** The identity that the service behind must see; absent: none at all. */
  readonly identity?: string;
  /** What must be told of what was bought; absent: nothing is looked at. */
  readonly bought?: string;
}
