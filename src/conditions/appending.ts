// Lists that a condition makes (`map`, `filter`): filled one by one. The library joins them in pairs, a list within a list for
// each member, and looking through that takes the square of its length.
import type {CelFunc, CelList, Expr, ListParts} from './library.ts';

/** No text of a condition can name it, for `@` begins no name. */
const append = '@append';

/** Adds the members of the second list to the first, which nobody holds but the loop that is filling it. */
export const makeAppend = ({celFunc, celList, listOfAnything}: ListParts): CelFunc => {
  const filled = new WeakMap<CelList, unknown[]>();
  return celFunc(append, [listOfAnything, listOfAnything], listOfAnything, (list, more) => {
    const known = filled.get(list);
    if (known !== undefined) {
      known.push(...more);
      // The same list, longer: it looks into this array.
      return list;
    }
    const members: unknown[] = [...list, ...more];
    const own = celList(members as never);
    filled.set(own, members);
    return own;
  });
};

/** Has each loop that adds to the list it makes do so in place. Changes the expression. */
export const appendInPlace = (expr: Expr): void => {
  const {exprKind: kind} = expr;
  for (const inner of partsOf(kind)) if (inner !== undefined) appendInPlace(inner);
  if (kind.case !== 'comprehensionExpr') return;
  const {accuVar, accuInit, loopStep} = kind.value;
  if (accuInit?.exprKind.case === 'listExpr') appendInStep(loopStep, accuVar);
};

/** What an expression is made of. */
export const partsOf = (kind: Expr['exprKind']): readonly (Expr | undefined)[] => {
  switch (kind.case) {
    case 'selectExpr':
      return [kind.value.operand];
    case 'callExpr':
      return [kind.value.target, ...kind.value.args];
    case 'listExpr':
      return kind.value.elements;
    case 'structExpr':
      return kind.value.entries.flatMap(({keyKind, value}) =>
        keyKind.case === 'mapKey' ? [keyKind.value, value] : [value],
      );
    case 'comprehensionExpr': {
      const {iterRange, accuInit, loopCondition, loopStep, result} = kind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
    default:
      return [];
  }
};

/** The macros write `list + [x]`, or `test ? list + [x] : list`. */
const appendInStep = (step: Expr | undefined, list: string): void => {
  if (step?.exprKind.case !== 'callExpr') return;
  const call = step.exprKind.value;
  const [first, second] = call.args;
  if (call.function === '_?_:_') appendInStep(second, list);
  else if (call.function === '_+_' && first?.exprKind.case === 'identExpr' && first.exprKind.value.name === list) {
    call.function = append;
  }
};
