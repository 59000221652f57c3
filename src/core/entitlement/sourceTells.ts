// What a source of entitlements can know, so that settings which need more of it are told of.

/** What a source can know besides what was bought and until when. A setting that needs more of it leads to nothing. */
export interface SourceTells {
  /** Names of the plans that somebody has. */
  readonly plans: boolean;
  /** That a grant which has ended holds on for a while. */
  readonly grace: boolean;
  /** How much of a feature: numbers, texts, lists. */
  readonly values: boolean;
  /** How many in a unit of time. */
  readonly limits: boolean;
  /** What is for sale: which plans have a feature. */
  readonly offers: boolean;
}

/** Of those whose form is our own. */
export const tellsAll: SourceTells = {plans: true, grace: true, values: true, limits: true, offers: true};
