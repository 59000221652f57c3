// Rules that give a treatment to those whose attributes match. (Interface; the evaluation follows.)

/** One comparison of an attribute with a value. */
export interface Condition {
  readonly attribute: string;
  readonly op: string;
  readonly negate: boolean;
  /** Shape by operator: `{list}`, `{string}`, `{number}`, `{start, end}`, `{boolean}`, `{date}`. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** `and` of no conditions matches. */
export interface TargetingRule {
  readonly logic: 'and' | 'or';
  readonly conditions: readonly Condition[];
  readonly treatment: boolean;
}
