// What is written in a condition itself is read before the condition counts: it would else never be worked out.
import type {Expr} from './library.ts';
import type {Case, Walk} from './walk.ts';
import {isZone, isZoned} from './zones.ts';

/** What is read from a text, and an example of it. */
const readers: Readonly<Record<string, string>> = {
  timestamp: '"2026-01-31T00:00:00Z"',
  duration: '"1h30m"',
  int: '"60"',
  uint: '"60"',
  double: '"0.5"',
  bool: '"true"',
};

/** A text in quotes; undefined of all else. */
export const constantText = (expr: Expr | undefined): string | undefined =>
  expr?.exprKind.case === 'constExpr' && expr.exprKind.value.constantKind.case === 'stringValue'
    ? expr.exprKind.value.constantKind.value
    : undefined;

/** Texts that a function has to read. */
export const checkLiteral = (expr: Expr, {function: name, target, args}: Case<'callExpr'>, walk: Walk): void => {
  const [first] = args;
  const text = constantText(first);
  if (first === undefined || text === undefined) return;
  if (target === undefined && Object.hasOwn(readers, name) && !walk.works(expr))
    walk.fault(first, `is no ${name} that can be read: write ${readers[name]}`);
  if (target !== undefined && isZoned(name) && !isZone(text))
    walk.fault(first, 'is no time zone: write "Europe/Berlin", "UTC" or "+02:00"');
};

/** The pattern of `matches`: a client must not choose it. */
export const checkPattern = (expr: Expr, pattern: Expr | undefined, walk: Walk): void => {
  const source = constantText(pattern);
  if (source === undefined) walk.fault(pattern ?? expr, 'the pattern of matches() must be written here, in quotes');
  else if (!walk.isPattern(source)) {
    walk.fault(
      pattern ?? expr,
      'is no regular expression of RE2: it knows no look-around and no back-references, and repeats 1,000 times at most',
    );
  }
};
