// A condition in CEL (github.com/google/cel-spec): read, looked through, and made ready to run.
import type {Bindings, CompileCondition, Condition} from '../core/condition.ts';
import {appendInPlace} from './appending.ts';
import {type ConditionFault, Faulty} from './faults.ts';
import {type CelFunc, type Expr, type Library, library} from './library.ts';
import {mostSteps} from './meter.ts';
import {payForLoops} from './paying.ts';
import {foreignOperator} from './slips.ts';
import {typeCheck} from './typeCheck.ts';
import type {Type} from './types.ts';
import {variables} from './variables.ts';

/** Characters of a condition: more than a person reads. */
export const longestCondition = 4_096;

/** The condition of a text that was read before. Throws for one that was not, which is a bug. */
export const compileCondition: CompileCondition = (source) => {
  const read = readCondition(source);
  if ('fault' in read) throw new Error(`a condition that was not checked: ${read.fault.message}`);
  return read.condition;
};

/** `doubts`: what is allowed, and refuses whoever comes. */
export type Compiled =
  | {readonly condition: Condition; readonly doubts: readonly ConditionFault[]}
  | {readonly fault: ConditionFault};

/**
 * Reads and looks through a condition. What is wrong with it is a value; never throws. `captures`: what the path of the
 * rule captures; absent: not known.
 */
export const readCondition = (source: string, captures?: readonly string[]): Compiled => {
  if (source.length > longestCondition) {
    const message = `is longer than ${longestCondition} characters; make two rules of it`;
    return {fault: {at: longestCondition, message}};
  }
  try {
    const cel = library();
    const {expr, sourceInfo} = parse(cel, source);
    const doubts: ConditionFault[] = [];
    const at = ({id}: Expr): number => sourceInfo?.positions[String(id)] ?? 0;
    const looks = typeCheck(expr, {
      variables: withCaptures(captures),
      functions: functionsOf(cel),
      at,
      doubt: (part, message) => doubts.push({at: at(part), message}),
      isPattern: cel.isPattern,
      works: (call) => works(cel, call),
    });
    appendInPlace(expr);
    payForLoops(expr);
    return {condition: {looks, test: runnable(cel, expr)}, doubts};
  } catch (error) {
    if (error instanceof Faulty) return {fault: {at: error.at, message: error.message}};
    return {fault: {at: 0, message: 'is nested too deeply to be read'}};
  }
};

const works = ({plan, env, meter, isCelError}: Library, call: Expr): boolean => {
  meter.reset();
  return !isCelError(plan(env, call)({}));
};

const parse = (cel: Library, source: string): ReturnType<Library['parse']> => {
  try {
    return cel.parse(source);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const {location, message} = error as {location?: {start?: {offset?: number}}; message?: string};
    const [, found] = /found (.*) but expecting/.exec(message ?? '') ?? [];
    const slip = foreignOperator(source);
    if (slip !== undefined) throw new Faulty(slip.at, `cannot be read as CEL: ${slip.message}`);
    const what = found === undefined ? '' : `: ${found} was not expected`;
    throw new Faulty(location?.start?.offset ?? 0, `cannot be read as CEL${what}`);
  }
};

const withCaptures = (captures: readonly string[] | undefined): Readonly<Record<string, Type>> => {
  const {request} = variables;
  const known = request?.members?.captures;
  if (captures === undefined || request === undefined || known?.of === undefined) return variables;
  const of = known.of;
  const members = Object.fromEntries(captures.map((name) => [name, of]));
  return {...variables, request: {...request, members: {...request.members, captures: {...known, members}}}};
};

let functions: ReadonlyMap<string, readonly CelFunc[]> | undefined;
const functionsOf = ({env}: Library): ReadonlyMap<string, readonly CelFunc[]> => {
  functions ??= Map.groupBy(env.funcs, ({name}) => name);
  return functions;
};

const runnable = (cel: Library, expr: Expr): Condition['test'] => {
  const run = cel.plan(cel.env, expr) as (bindings: object) => unknown;
  const {meter, isCelError} = cel;
  const moments = withMoments(cel);
  return ({now, principal, claims, ...bindings}: Bindings) => {
    meter.reset();
    try {
      const result = run({
        ...bindings,
        ...(principal && {principal: moments(principal)}),
        ...(claims && {claims: cel.claims(claims)}),
        ...(now !== undefined && {now: cel.timestamp(now)}),
      });
      // Some part may have taken it for an error of its own, which an `||` passes over.
      if (meter.spent() > mostSteps) return tooMuch;
      if (typeof result === 'boolean') return result;
      return isCelError(result) ? inOurWords(result.message) : 'it is neither true nor false';
    } catch {
      // A value that the library takes for none of its own, such as a number where a key is wanted.
      return meter.spent() > mostSteps ? tooMuch : 'it cannot be worked out';
    }
  };
};

const tooMuch = 'it takes too much work: a text or a list that it looks at is too long';

/** Dates as the library has them. */
const withMoments =
  ({timestamp}: Library) =>
  (parts: ReadonlyMap<string, unknown>) => {
    let some: Map<string, unknown> | undefined;
    for (const [name, value] of parts) {
      if (!(value instanceof Date)) continue;
      some ??= new Map(parts);
      some.set(name, timestamp(value.getTime()));
    }
    return some ?? parts;
  };

/** The library's words may hold what a client sent: a name, an index or a type is all that is told of them. */
const inOurWords = (message: string): string => {
  if (message.startsWith('field not found')) return 'it asks for something that is not there: ask `has(...)` before';
  if (message.startsWith('index ')) return 'it asks for a place that the list does not have';
  const [, types] = /^found no matching overload for '.*' applied to '(\([\w., ()]*\))'$/.exec(message) ?? [];
  if (types !== undefined) return `an operator or function does not fit what it is given: ${types}`;
  if (/overflow|range|zero/.test(message)) return 'a number is out of range';
  return 'a value is not what is needed';
};
