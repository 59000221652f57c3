// Lists that a condition looks through are paid for by their members, before the first of them is looked at.
import {partsOf} from './appending.ts';
import type {CelFunc, Expr, PayingParts} from './library.ts';

/** No text of a condition can name it, for `@` begins no name. */
const pay = '@pay';

export const makePay = ({celFunc, anything, isList, isMap, spend}: PayingParts): CelFunc =>
  celFunc(pay, [anything], anything, (range) => {
    if (isList(range) || isMap(range)) spend(range.size);
    return range;
  });

/** Has each loop pay for what it looks through. Changes the expression. */
export const payForLoops = (expr: Expr): void => {
  const {exprKind: kind} = expr;
  for (const inner of partsOf(kind)) if (inner !== undefined) payForLoops(inner);
  const range = kind.case === 'comprehensionExpr' ? kind.value.iterRange : undefined;
  if (kind.case !== 'comprehensionExpr' || range === undefined) return;
  const call = {$typeName: 'cel.expr.Expr.Call' as const, function: pay, args: [range]};
  kind.value.iterRange = {...range, exprKind: {case: 'callExpr', value: call}};
};
