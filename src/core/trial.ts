// What can be tried ahead, so that a fault of the settings shows before a request meets it.

/** What a trial has found, in a sentence without secrets. `doubt`: it works, and yet somebody should look at it. */
export interface TrialResult {
  readonly found: string;
  readonly doubt?: true;
}

/** Something that is else done only when a request brings it about, tried with a credential that nobody has. */
export interface Trial {
  /** As an operator would name it, after the name of the part: `keys`, `vendor token`. */
  readonly what: string;
  /**
   * Changes nothing, anywhere, and keeps nothing. Rejects with Unavailable, which says what is wrong and what to do.
   * `deadline` in milliseconds since the epoch.
   */
  run(deadline: number): Promise<TrialResult>;
}
