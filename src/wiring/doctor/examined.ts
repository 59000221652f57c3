// What the examination of a configuration says of one part.

/** What came of one trial. */
export interface Examined {
  /** `acme keys`, `redis commands`. */
  readonly part: string;
  readonly state: 'good' | 'doubtful' | 'bad';
  /** What was found, and what to do. Without secrets of the configuration. */
  readonly detail: string;
}
