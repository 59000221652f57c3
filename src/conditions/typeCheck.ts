// A condition is looked through before it counts: names, types, functions, and how much work it can be.
import type {Looks} from '../core/condition.ts';
import {ofCall} from './calls.ts';
import {Faulty} from './faults.ts';
import type {Expr} from './library.ts';
import {ofLoop} from './loops.ts';
import {ofMember, ofName} from './names.ts';
import {makeNotes} from './notes.ts';
import {
  bool,
  bytes,
  commonOf,
  double,
  dyn,
  fits,
  int,
  inWords,
  listOf,
  mapOf,
  none,
  type Type,
  text,
  uint,
} from './types.ts';
import type {Case, Scope, TypeCheckParts, Walk} from './walk.ts';

/** Parts of an expression, and how deep they lie: what a person writes has some ten of each. */
const mostParts = 300;
const deepest = 32;

const outermost: Scope = {names: new Map(), longLoops: 0};

/** What the condition looks at. Throws `Faulty` for what cannot be right, or must not be. */
export const typeCheck = (whole: Expr, {at, ...parts}: TypeCheckParts): Looks => {
  let count = 0;
  let depth = 0;
  const fault = (expr: Expr, message: string): never => {
    throw new Faulty(at(expr), message);
  };
  const walk: Walk = {
    ...parts,
    notes: makeNotes(),
    fault,
    count: () => {
      count += 1;
    },
    typeOf(expr, scope) {
      if (++count > mostParts) fault(expr, `is too long: it has more than ${mostParts} parts; make two rules of it`);
      if (++depth > deepest) fault(expr, `is nested too deeply: more than ${deepest} levels`);
      const type = ofKind(expr, scope, walk);
      depth -= 1;
      return type;
    },
    typeOfWhole(expr, scope) {
      const type = walk.typeOf(expr, scope);
      if (type.named === undefined) return type;
      const example =
        type.named === 'request' || type.named === 'principal'
          ? `${type.named}.NAME`
          : `the ${type.named} in quotes, ["NAME"]`;
      return fault(expr, `can only be asked for a member that is named here: write ${example}`);
    },
  };
  const result = walk.typeOfWhole(whole, outermost);
  if (!fits(result, bool)) fault(whole, `is ${inWords(result)}: a condition must be true or false`);
  return walk.notes.all();
};

const ofKind = (expr: Expr, scope: Scope, walk: Walk): Type => {
  const {exprKind: kind} = expr;
  switch (kind.case) {
    case 'constExpr':
      return ofConstant(expr, kind.value, walk);
    case 'identExpr':
      return ofName(expr, kind.value.name, scope, walk);
    case 'selectExpr': {
      const {operand, field, testOnly} = kind.value;
      const type = ofMember(expr, operand as Expr, field, scope, walk);
      // `has(a.b)` asks whether it is there.
      return testOnly ? bool : type;
    }
    case 'listExpr':
      return listOf(commonOf(kind.value.elements.map((element) => walk.typeOfWhole(element, scope))));
    case 'structExpr':
      return ofStruct(expr, kind.value, scope, walk);
    case 'comprehensionExpr':
      return ofLoop(expr, kind.value, scope, walk);
    case 'callExpr':
      return ofCall(expr, kind.value, scope, walk);
    default:
      return walk.fault(expr, 'cannot be understood');
  }
};

const constants: Readonly<Record<string, Type>> = {
  boolValue: bool,
  bytesValue: bytes,
  doubleValue: double,
  int64Value: int,
  uint64Value: uint,
  stringValue: text,
  nullValue: none,
};

const ofConstant = (expr: Expr, {constantKind: kind}: Case<'constExpr'>, {fault}: Walk): Type => {
  const least = kind.case === 'uint64Value' ? 0n : -(2n ** 63n);
  if (typeof kind.value === 'bigint' && (kind.value < least || kind.value >= least + 2n ** 64n))
    fault(expr, 'is out of range: whole numbers have 64 bits');
  return constants[kind.case ?? 'nullValue'] ?? dyn;
};

const ofStruct = (expr: Expr, {messageName, entries}: Case<'structExpr'>, scope: Scope, walk: Walk): Type => {
  if (messageName !== '') return walk.fault(expr, `there are no messages here: ${messageName} is unknown`);
  const values = entries.map(({keyKind, value}) => {
    if (keyKind.case === 'mapKey') walk.typeOfWhole(keyKind.value as Expr, scope);
    return walk.typeOfWhole(value as Expr, scope);
  });
  return mapOf(commonOf(values));
};
