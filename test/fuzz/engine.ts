// The loop: choose an input, change it, run it, keep it if it reached something new, tell it if something does not hold.
import {keptOf} from './corpus.ts';
import type {Coverage} from './coverage.ts';
import {mutated} from './mutate.ts';
import type {Random} from './random.ts';
import {leastTurn} from './steps.ts';
import {longestStep, type Opened, type Target} from './target.ts';

/** An input for which something does not hold. */
export interface Found {
  readonly input: Buffer;
  /** What. */
  readonly says: string;
}

export interface Fuzzing {
  readonly target: Target;
  readonly opened: Opened;
  /** Inputs that are known: grows. */
  readonly known: Buffer[];
  readonly random: Random;
  /** Absent: inputs are not chosen by what they reach. */
  readonly coverage?: Coverage | undefined;
  /** Told of each input that something does not hold for; an equal complaint is told once. */
  readonly found: (found: Found) => void;
}

/** All that is known of a target before it is fuzzed. */
export const seedsOf = (target: Target, opened: Opened): Buffer[] =>
  [...target.seeds, ...(opened.seeds ?? []), ...keptOf(target.name).map(({input}) => input)].map((seed) =>
    Buffer.from(seed as string),
  );

/** Inputs between two looks at the coverage, which cost as much as many of them. */
const batch = 50;

/** What does not hold for this input; undefined: all holds. */
export const faultOf = async (opened: Opened, input: Buffer): Promise<string | undefined> => {
  const beyond = uncaught.length;
  try {
    (await opened.run(input))?.();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}\n${callersOf(error)}` : String(error);
  }
  return uncaught.length > beyond ? `uncaught: ${String(uncaught.at(-1))}` : undefined;
};

const callersOf = ({stack = ''}: Error): string =>
  stack
    .split('\n')
    .filter((line) => line.includes('/src/'))
    .slice(0, 3)
    .join('\n');

/** What was thrown where nobody catches it, while a fuzzer watches. */
const uncaught: unknown[] = [];

/** Takes note of what nobody catches, instead of ending the process. Returns what ends that. */
export const watchUncaught = (): (() => void) => {
  const note = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  return () => void process.off('uncaughtException', note).off('unhandledRejection', note);
};

/** Most that is kept of what reached something new. */
const mostKnown = 2_000;

/** Runs until `isOver` says so. Returns how many inputs were run. */
export const fuzz = async (fuzzing: Fuzzing, isOver: (runs: number) => boolean): Promise<number> => {
  const {target, opened, known, random, coverage, found} = fuzzing;
  const told = new Set<string>();
  const step = 'step' in target ? target.step : longestStep;
  const tell = (input: Buffer, says: string) => {
    const kind = says.replaceAll(/\d+/g, 'n').split('\n', 1)[0] as string;
    if (told.has(kind)) return;
    told.add(kind);
    found({input, says});
  };

  let runs = 0;
  while (!isOver(runs)) {
    const ran: Buffer[] = [];
    for (let at = 0; at < batch && !isOver(runs); at++, runs++) {
      const input = mutated(random.pick(known), random.pick(known), target.words, target.longest, random);
      const before = performance.now();
      const says = await faultOf(opened, input);
      if (says !== undefined) tell(input, says);
      ran.push(input);
      // The clock only says what is worth measuring.
      if (step === undefined || performance.now() - before < step) continue;
      const measure = () => leastTurn(opened, input);
      const least = await (coverage === undefined ? measure() : coverage.without(measure));
      if (least > step) tell(input, `a turn of ${Math.round(least)} ms`);
    }
    const reached = coverage?.take() ?? [];
    if (coverage === undefined || reached.length === 0) continue;
    // Which of them it was: each once more, alone.
    for (const input of ran) {
      await faultOf(opened, input);
      const marks = coverage.take();
      if (marks.length > 0) known.push(input);
      coverage.know(marks);
    }
    coverage.know(reached);
    while (known.length > mostKnown) known.splice(random.below(known.length), 1);
  }
  return runs;
};
