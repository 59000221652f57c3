// A request of the demo: what is sent, and what should come of it.
export interface Row {
  /** What the reader should see in it. */
  readonly title: string;
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly status: number;
  /** The reason of a refusal; absent where the request goes through. */
  readonly reason?: string;
  /** The identity that the service behind must see; absent: none at all. */
  readonly identity?: string;
}
