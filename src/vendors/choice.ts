// How `postern init` begins with a type of provider: each has a choice.ts, and choices.ts is their table.

/** What was asked for, by the name of its question. */
export type Answers = Readonly<Record<string, string>>;

/** A question, which is an option of the command too: `issuer` is `--issuer`. */
export interface Question {
  readonly name: string;
  /** As it is asked, and as the help says it. */
  readonly ask: string;
  /** What is taken where nobody answers: an example to be replaced. */
  readonly otherwise: string;
  /** Where the answer stands in the configuration: what is wrong there is wrong with the answer. */
  readonly at?: string;
  /** What is wrong with an answer that the configuration does not hold; undefined: nothing. */
  readonly fault?: (answer: string) => string | undefined;
}

/** A file besides those that every choice has. */
export interface OwnFile {
  readonly content: string;
  /** Nobody but its owner may read it. */
  readonly secret?: true;
}

export interface Choice {
  /** The `type` of the provider. */
  readonly type: string;
  readonly title: string;
  /** The page of docs/guides that says the rest. */
  readonly guide: string;
  readonly questions: readonly Question[];
  /** The entry of `providers`, as YAML. */
  provider(answers: Answers): string;
  /** Do its tokens name a tenant? Without, no path is compared with one. */
  readonly tenants: boolean;
  /** What changing an order takes. */
  readonly change: {readonly require: string; readonly about: string; readonly reason: string};
  /**
   * Those who ask in the cases, as YAML: alice, who may change what acme has; bob, who may not; carol of tiny, which has
   * bought nothing.
   */
  people(answers: Answers): string;
  /** How a case names them: a token of claims, or a principal. */
  readonly as: 'token' | 'principal';
  /** The entitlements where they come from the vendor in place of the file, as YAML. */
  source?(answers: Answers): string;
  files?(answers: Answers): Readonly<Record<string, OwnFile>>;
  /** What is left to do by hand. */
  notes?(answers: Answers): readonly string[];
}
