// Names in a condition: variables, and the members of what they hold.
import {nearest} from '../core/words/nearest.ts';
import type {Expr} from './library.ts';
import {dyn, inWords, json, scalar, type Type} from './types.ts';
import type {Scope, Walk} from './walk.ts';

const typeNames = new Set(['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint']);

/** A token of RFC 9110 section 5.6.2. */
const headerName = /^[\w!#$%&'*+.^`|~-]+$/;

export const ofName = (expr: Expr, name: string, scope: Scope, {variables, notes, fault}: Walk): Type => {
  const inner = scope.names.get(name);
  if (inner !== undefined) return inner;
  if (typeNames.has(name)) return scalar('type');
  const type = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (type !== undefined) {
    notes.variable(name);
    return type;
  }
  const known = Object.keys(variables);
  return fault(expr, `there is no ${name}: known here are ${known.join(', ')}${didYouMean(name, known)}`);
};

/** `operand.name` and `operand["name"]`. */
export const ofMember = (expr: Expr, operand: Expr, name: string, scope: Scope, walk: Walk): Type => {
  const {notes, fault} = walk;
  if (isClaims(operand, scope)) {
    notes.claim(name);
    walk.count();
    return json;
  }
  const type = walk.typeOf(operand, scope);
  if (type.name === 'dyn') return type;
  if (type.name !== 'map') return fault(expr, `${inWords(type)} has no members, so no ${name}`);
  if (type.named !== undefined) notes.member(type.named, name);
  if (type.named === 'header' && !headerName.test(name))
    fault(expr, `is no name of a header: ${JSON.stringify(name)} (of method, host and path ask request.method, ...)`);
  if (type.members === undefined) return type.of ?? dyn;
  const of = Object.hasOwn(type.members, name) ? type.members[name] : undefined;
  if (of !== undefined) return of;
  const known = Object.keys(type.members);
  const noun = type.named === 'capture' ? 'the path of the rule captures' : `${type.named} has`;
  return fault(expr, `there is no ${name}: ${noun} ${known.join(', ') || 'nothing'}${didYouMean(name, known)}`);
};

/** The variable, and not what a loop of the condition calls so. */
export const isClaims = ({exprKind}: Expr, {names}: Scope): boolean =>
  exprKind.case === 'identExpr' && exprKind.value.name === 'claims' && !names.has('claims');

export const didYouMean = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
};
