// A condition of a rule (`require.when`), compiled: what it looks at, and whether it holds.

/**
 * What a condition may look at, by the name of the variable: only what it does look at need be there. A header, parameter,
 * value or claim that is not there is absent; asking for it is an error, which refuses.
 */
export interface Bindings {
  readonly request?: ReadonlyMap<string, unknown>;
  readonly principal?: ReadonlyMap<string, unknown>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly value?: ReadonlyMap<string, unknown>;
  /** Milliseconds since the epoch. */
  readonly now?: number;
}

/** What a condition names, so that nothing else is gathered for it. */
export interface Looks {
  /** `method`, `host`, `path`, ... of `request`. */
  readonly request: readonly string[];
  /** As they are spelt in the condition. */
  readonly headers: readonly string[];
  readonly query: readonly string[];
  readonly captures: readonly string[];
  /** `roles`, `tenant`, ... of `principal`. */
  readonly principal: readonly string[];
  readonly values: readonly string[];
  /** `whole`: claims that the text does not name, too, such as `claims[request.method]`, or all of them one by one. */
  readonly claims: {readonly named: readonly string[]; readonly whole: boolean};
  readonly now: boolean;
}

export interface Condition {
  readonly looks: Looks;
  /** Whether it holds; a text where that cannot be said: why, in words that hold nothing of the request. Never throws. */
  test(bindings: Bindings): boolean | string;
}

/** Compiles the text of a condition, which was checked when the configuration was loaded. */
export type CompileCondition = (text: string) => Condition;
