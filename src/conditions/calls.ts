// Calls of a condition: its operators, and functions by what they are given.
import {checkArithmetic} from './doubts.ts';
import type {Expr} from './library.ts';
import {checkLiteral, checkPattern, constantText} from './literals.ts';
import {didYouMean, isClaims, ofMember} from './names.ts';
import {bool, common, commonOf, comparable, dyn, fits, inWords, mapOf, memberOf, type Type, typeOf} from './types.ts';
import type {Case, Scope, Walk} from './walk.ts';

export const ofCall = (expr: Expr, call: Case<'callExpr'>, scope: Scope, walk: Walk): Type => {
  const {function: name, args} = call;
  const [first, second] = args as [Expr | undefined, Expr | undefined];
  if (name === '_[_]' && first !== undefined && second !== undefined) return ofIndex(expr, first, second, scope, walk);
  if (name === '@in' && first !== undefined && second !== undefined) return ofIn(expr, first, second, scope, walk);
  const target = call.target === undefined ? undefined : walk.typeOfWhole(call.target, scope);
  const given = args.map((arg) => walk.typeOfWhole(arg, scope));
  switch (name) {
    case '_&&_':
    case '_||_':
    case '!_':
    case '@not_strictly_false':
      for (const [at, type] of given.entries()) wantBool(args[at] as Expr, type, walk);
      return bool;
    case '_?_:_':
      wantBool(first as Expr, given[0] as Type, walk);
      return common(given[1] as Type, given[2] as Type);
    case '_==_':
    case '_!=_':
      return ofEquality(expr, given[0] as Type, given[1] as Type, walk);
    case 'matches':
      checkPattern(expr, call.target === undefined ? second : first, walk);
  }
  checkArithmetic(expr, name, given, walk);
  const result = ofFunction(expr, name, target, given, walk);
  checkLiteral(expr, call, walk);
  return result;
};

const wantBool = (expr: Expr, type: Type, {fault}: Walk): void => {
  if (!fits(type, bool)) fault(expr, `is ${inWords(type)}, where true or false is needed`);
};

const ofEquality = (expr: Expr, one: Type, other: Type, {fault}: Walk): Type =>
  comparable(one, other) ? bool : fault(expr, `compares ${inWords(one)} with ${inWords(other)}: these are never equal`);

const ofIndex = (expr: Expr, operand: Expr, index: Expr, scope: Scope, walk: Walk): Type => {
  const name = constantText(index);
  if (name !== undefined) {
    walk.count();
    return ofMember(expr, operand, name, scope, walk);
  }
  walk.typeOfWhole(index, scope);
  return memberOf(walk.typeOfWhole(operand, scope));
};

const ofIn = (expr: Expr, item: Expr, range: Expr, scope: Scope, walk: Walk): Type => {
  const name = constantText(item);
  const isNamed = name !== undefined && isClaims(range, scope);
  const type = isNamed ? mapOf(ofMember(expr, range, name, scope, walk)) : walk.typeOf(range, scope);
  if (name !== undefined && type.named !== undefined) ofMember(expr, range, name, scope, walk);
  else if (!isNamed) walk.typeOfWhole(range, scope);
  const given = walk.typeOfWhole(item, scope);
  if (!['list', 'map', 'dyn'].includes(type.name)) {
    const instead = 'for a part of a text write .contains()';
    return walk.fault(range, `is ${inWords(type)}: \`in\` asks a list or a map (${instead})`);
  }
  if (type.name === 'list' && !comparable(given, type.of ?? dyn)) {
    const members = inWords(type.of ?? dyn);
    return walk.fault(expr, `looks for ${inWords(given)} in a list of what is ${members}: it is never there`);
  }
  return bool;
};

const ofFunction = (
  expr: Expr,
  name: string,
  target: Type | undefined,
  given: readonly Type[],
  {functions, fault}: Walk,
): Type => {
  const all = functions.get(name);
  if (all === undefined && name === 'has') return fault(expr, 'has() asks for one member: write has(claims.level)');
  if (all === undefined) {
    const known = [...functions.keys()].filter((one) => /^[a-z]\w*$/i.test(one));
    return fault(expr, `there is no function ${name}${didYouMean(name, known)}`);
  }
  const possible = all.filter(
    (one) =>
      (one.target === undefined) === (target === undefined) &&
      (target === undefined || one.target === undefined || fits(target, typeOf(one.target))) &&
      one.arguments.length === given.length &&
      one.arguments.every((wanted, at) => fits(given[at] ?? dyn, typeOf(wanted))),
  );
  if (possible.length === 0) {
    const of = [...(target === undefined ? [] : [target]), ...given].map(inWords).join(' and ');
    return fault(expr, `${operators[name] ?? `${name}()`} cannot be used on ${of || 'nothing'}`);
  }
  return commonOf(possible.map(({result}) => typeOf(result)));
};

/** The library's names of operators, as they are written. */
const operators: Readonly<Record<string, string>> = {
  '_+_': '+',
  '_-_': '-',
  '_*_': '*',
  '_/_': '/',
  '_%_': '%',
  '-_': '-',
  '_<_': '<',
  '_<=_': '<=',
  '_>_': '>',
  '_>=_': '>=',
};
