// What a run of the benchmark comes to, as it is kept in bench/results/, and what is a loss beside what was kept before.
import {readFileSync, writeFileSync} from 'node:fs';
import type {Figure} from './figures.ts';

/** What one case came to. Cases may be measured in different runs, so each says when, and on what. */
export interface CaseResult {
  readonly at: string;
  readonly machine: string;
  readonly node: string;
  /** Of other programs that took part: `{envoy: '1.40.0'}`. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Processes that wanted to run, on average over the minute before: with more than none the machine was not quiet. */
  readonly load: number;
  readonly seconds: number;
  readonly figures: readonly Figure[];
}

/** By the name of the case. */
export type Results = Readonly<Record<string, CaseResult>>;

const kept = new URL('../results/latest.json', import.meta.url);

export const readResults = (): Results => JSON.parse(readFileSync(kept, 'utf8')) as Results;

export const writeResults = (results: Results): void => writeFileSync(kept, `${JSON.stringify(results, null, 2)}\n`);

/** A ratio that is worse than the one that was kept by more than this is a loss. */
const mostLoss = 1.15;

/** A ratio that has become worse. `certain`: the middle halves of the rounds then and now have nothing in common. */
export interface Loss {
  readonly what: string;
  readonly was: Figure;
  readonly is: Figure;
  readonly certain: boolean;
}

/** Ratios alone are compared: what a machine takes for anything is its own. */
export const lossesOf = (now: readonly Figure[], before: readonly Figure[]): readonly Loss[] =>
  now.flatMap((is) => {
    const was = before.find(({what}) => what === is.what);
    if (is.unit !== 'times' || was === undefined || is.value <= was.value * mostLoss) return [];
    return [{what: is.what, was, is, certain: is.low > was.high}];
  });
