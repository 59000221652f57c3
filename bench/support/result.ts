// What a run of the benchmark comes to, as it is kept in bench/results/.

/** Ratios are to the empty handler of the same run, of the least of all rounds. */
export interface Result {
  readonly machine: string;
  readonly node: string;
  /** How many decisions were counted, each of them an allow. */
  readonly calls: number;
  readonly microseconds: {readonly empty: number};
  readonly ratios: Readonly<Record<string, number>>;
  readonly mebibytes: Readonly<Record<string, number>>;
  readonly milliseconds: Readonly<Record<string, number>>;
}
