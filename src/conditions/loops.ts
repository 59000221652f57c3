// Loops of a condition (`all`, `exists`, `filter`, `map`), which the library reads as comprehensions.
import type {Expr} from './library.ts';
import {dyn, inWords, memberOf, type Type} from './types.ts';
import type {Case, Scope, Walk} from './walk.ts';

export const ofLoop = (expr: Expr, loop: Case<'comprehensionExpr'>, scope: Scope, walk: Walk): Type => {
  const {iterRange, accuVar, accuInit, loopCondition, loopStep, result} = loop;
  const range = walk.typeOfWhole(iterRange as Expr, scope);
  if (!['list', 'map', 'dyn'].includes(range.name)) {
    return walk.fault(iterRange as Expr, `is ${inWords(range)}: only a list or a map can be looked through`);
  }
  const isShort = iterRange?.exprKind.case === 'listExpr';
  // One list within another is the product of both, and a client may make them long.
  if (!isShort && scope.longLoops > 0)
    return walk.fault(expr, 'a list is looked through for each member of another: that may be too much work');
  const longLoops = scope.longLoops + (isShort ? 0 : 1);

  const first = walk.typeOf(accuInit as Expr, {...scope, longLoops});
  const names = new Map(scope.names).set(accuVar, first);
  names.set(loop.iterVar, range.name === 'map' ? dyn : memberOf(range));
  if (loop.iterVar2 !== '') names.set(loop.iterVar2, dyn);
  const inside: Scope = {names, longLoops};
  walk.typeOf(loopCondition as Expr, inside);
  const last = walk.typeOf(loopStep as Expr, inside);
  return walk.typeOf(result as Expr, {...scope, names: new Map(scope.names).set(accuVar, last)});
};
