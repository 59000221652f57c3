// What is fuzzed: one edge of the program, with what must hold there for every input.

/** One edge. */
export interface Target {
  /** The name of its file, and of its folder in corpus/. */
  readonly name: string;
  /** Good inputs to begin with. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Words that mean something there. */
  readonly words: readonly string[];
  /** The longest input that may come there, in bytes. */
  readonly longest: number;
  /** Most milliseconds of one turn of the event loop; undefined: it is read where no request waits. Default: 20. */
  readonly step?: number | undefined;
  /** Starts what it needs, once. */
  open(): Promise<Opened>;
}

/** Throws a Violation where something does not hold. Undefined: there is nothing to say. */
export type Judge = (() => void) | undefined;

export interface Opened {
  /** More good inputs, which can only be made now. */
  readonly seeds?: readonly Uint8Array[];
  /** Takes one input. What it returns says whether the outcome is right; it may cost what it likes. */
  run(input: Buffer): Judge | Promise<Judge>;
  close?(): Promise<void>;
}

/** Most milliseconds for which everybody else may be kept waiting. */
export const longestStep = 20;

/** Something that must hold for every input does not. */
export class Violation extends Error {}

/** Throws the violation unless `holds`. */
export function must(holds: boolean, says: string): asserts holds {
  if (!holds) throw new Violation(says);
}
