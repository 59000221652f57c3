// A condition is looked through before it counts: names, types, functions, and how much work it can be.
import type {Looks} from '../core/condition.ts';
import {nearest} from '../core/nearest.ts';
import {Faulty} from './faults.ts';
import type {CelFunc, Expr} from './library.ts';
import {
  bool,
  bytes,
  common,
  comparable,
  double,
  dyn,
  fits,
  int,
  inWords,
  listOf,
  mapOf,
  none,
  scalar,
  type Type,
  text,
  typeOf,
  uint,
} from './types.ts';
import {isZone, isZoned} from './zones.ts';

export interface TypeCheckParts {
  readonly variables: Readonly<Record<string, Type>>;
  readonly functions: ReadonlyMap<string, readonly CelFunc[]>;
  /** Where a part of the text begins. */
  readonly at: (expr: Expr) => number;
  /** Whether a text is a regular expression in linear time. */
  readonly isPattern: (source: string) => boolean;
  /** Whether a call of literals alone can be worked out. */
  readonly works: (call: Expr) => boolean;
}

/** Parts of an expression, and how deep they lie: what a person writes has some ten of each. */
const mostParts = 300;
const deepest = 32;

type Case<Name extends Expr['exprKind']['case']> = Extract<Expr['exprKind'], {case: Name}>['value'];
type Scope = ReadonlyMap<string, Type>;

/** Throws `Faulty` for what cannot be right, or must not be. */
export const typeCheck = (whole: Expr, parts: TypeCheckParts): Looks => {
  const looks = {
    request: new Set<string>(),
    headers: new Set<string>(),
    query: new Set<string>(),
    captures: new Set<string>(),
    principal: new Set<string>(),
    values: new Set<string>(),
    claims: new Set<string>(),
  };
  let claims = false;
  let now = false;
  let count = 0;
  let depth = 0;
  let loops = 0;

  const fault = (expr: Expr, message: string): never => {
    throw new Faulty(parts.at(expr), message);
  };

  const typeOfExpr = (expr: Expr, scope: Scope): Type => {
    if (++count > mostParts) fault(expr, `is too long: it has more than ${mostParts} parts; make two rules of it`);
    if (++depth > deepest) fault(expr, `is nested too deeply: more than ${deepest} levels`);
    const type = ofKind(expr, scope);
    depth -= 1;
    return type;
  };

  /** The type of something that is used as it is, and not only one member of it. */
  const typeOfWhole = (expr: Expr, scope: Scope): Type => {
    const type = typeOfExpr(expr, scope);
    if (type.named === undefined) return type;
    const example =
      type.named === 'request' || type.named === 'principal' ? `${type.named}.` : `the ${type.named} in quotes, [`;
    return fault(
      expr,
      `can only be asked for a member that is named here: write ${example}${example.endsWith('[') ? '"..."]' : '...'}`,
    );
  };

  const ofConstant = (expr: Expr, {constantKind: kind}: Case<'constExpr'>): Type => {
    const least = kind.case === 'uint64Value' ? 0n : -(2n ** 63n);
    if (typeof kind.value === 'bigint' && (kind.value < least || kind.value >= least + 2n ** 64n))
      fault(expr, 'is out of range: whole numbers have 64 bits');
    return constants[kind.case ?? 'nullValue'] ?? dyn;
  };

  const ofKind = (expr: Expr, scope: Scope): Type => {
    const {exprKind: kind} = expr;
    switch (kind.case) {
      case 'constExpr':
        return ofConstant(expr, kind.value);
      case 'identExpr':
        return ofName(expr, kind.value.name, scope);
      case 'selectExpr':
        return asked(kind.value.testOnly, member(expr, kind.value.operand as Expr, kind.value.field, scope));
      case 'listExpr':
        return listOf(commonOf(kind.value.elements.map((element) => typeOfWhole(element, scope))));
      case 'structExpr':
        return ofStruct(expr, kind.value, scope);
      case 'comprehensionExpr':
        return ofLoop(expr, kind.value, scope);
      case 'callExpr':
        return ofCall(expr, kind.value, scope);
      default:
        return fault(expr, 'cannot be understood');
    }
  };

  const ofName = (expr: Expr, name: string, scope: Scope): Type => {
    const inner = scope.get(name);
    if (inner !== undefined) return inner;
    if (typeNames.has(name)) return scalar('type');
    const type = Object.hasOwn(parts.variables, name) ? parts.variables[name] : undefined;
    if (type !== undefined) {
      // A member that is named does not come here.
      if (name === 'claims') claims = true;
      if (name === 'now') now = true;
      return type;
    }
    const known = Object.keys(parts.variables);
    return fault(expr, `there is no ${name}: known here are ${known.join(', ')}${didYouMean(name, known)}`);
  };

  const member = (expr: Expr, operand: Expr, name: string, scope: Scope): Type => {
    if (isClaims(operand, scope)) {
      looks.claims.add(name);
      count += 1;
      return dyn;
    }
    const type = typeOfExpr(operand, scope);
    if (type.name === 'dyn') return dyn;
    if (type.name !== 'map') return fault(expr, `${inWords(type)} has no members, so no ${name}`);
    if (type.named !== undefined) note(type.named, name);
    if (type.named === 'header' && !headerName.test(name))
      fault(expr, `is no name of a header: ${JSON.stringify(name)} (of method, host and path ask request.method, ...)`);
    if (type.members === undefined) return type.of ?? dyn;
    const of = Object.hasOwn(type.members, name) ? type.members[name] : undefined;
    const known = Object.keys(type.members);
    if (of !== undefined) return of;
    const noun = type.named === 'capture' ? 'the path of the rule captures' : `${type.named} has`;
    return fault(expr, `there is no ${name}: ${noun} ${known.join(', ') || 'nothing'}${didYouMean(name, known)}`);
  };

  /** The variable, and not what a loop of the condition calls so. */
  const isClaims = ({exprKind}: Expr, scope: Scope): boolean =>
    exprKind.case === 'identExpr' && exprKind.value.name === 'claims' && !scope.has('claims');

  const note = (named: NonNullable<Type['named']>, name: string): void => {
    if (named === 'header') looks.headers.add(name);
    else if (named === 'parameter') looks.query.add(name);
    else if (named === 'capture') looks.captures.add(name);
    else if (named === 'value') looks.values.add(name);
    else looks[named].add(name);
  };

  const ofStruct = (expr: Expr, {messageName, entries}: Case<'structExpr'>, scope: Scope): Type => {
    if (messageName !== '') return fault(expr, `there are no messages here: ${messageName} is unknown`);
    const values = entries.map(({keyKind, value}) => {
      if (keyKind.case === 'mapKey') typeOfWhole(keyKind.value as Expr, scope);
      return typeOfWhole(value as Expr, scope);
    });
    return mapOf(commonOf(values));
  };

  const ofLoop = (expr: Expr, loop: Case<'comprehensionExpr'>, scope: Scope): Type => {
    const range = typeOfWhole(loop.iterRange as Expr, scope);
    if (!['list', 'map', 'dyn'].includes(range.name)) {
      return fault(loop.iterRange as Expr, `is ${inWords(range)}: only a list or a map can be looked through`);
    }
    const isShort = loop.iterRange?.exprKind.case === 'listExpr';
    // One list within another is the product of both, and a client may make them long.
    if (!isShort && loops > 0)
      return fault(expr, 'a list is looked through for each member of another: that may be too much work');
    if (!isShort) loops += 1;
    const item = range.name === 'map' ? dyn : (range.of ?? dyn);
    const outside = new Map(scope).set(loop.accuVar, typeOfExpr(loop.accuInit as Expr, scope));
    const inside = new Map(outside).set(loop.iterVar, item);
    if (loop.iterVar2 !== '') inside.set(loop.iterVar2, dyn);
    typeOfExpr(loop.loopCondition as Expr, inside);
    outside.set(loop.accuVar, typeOfExpr(loop.loopStep as Expr, inside));
    if (!isShort) loops -= 1;
    return typeOfExpr(loop.result as Expr, outside);
  };

  const ofCall = (expr: Expr, call: Case<'callExpr'>, scope: Scope): Type => {
    const {function: name, args} = call;
    const [first, second] = args as [Expr | undefined, Expr | undefined];
    if (name === '_[_]' && first !== undefined && second !== undefined) return ofIndex(expr, first, second, scope);
    if (name === '@in' && first !== undefined && second !== undefined) return ofIn(expr, first, second, scope);
    const target = call.target === undefined ? undefined : typeOfWhole(call.target, scope);
    const given = args.map((arg) => typeOfWhole(arg, scope));
    switch (name) {
      case '_&&_':
      case '_||_':
      case '!_':
      case '@not_strictly_false':
        for (const [at, type] of given.entries()) wantBool(args[at] as Expr, type);
        return bool;
      case '_?_:_':
        wantBool(first as Expr, given[0] as Type);
        return common(given[1] as Type, given[2] as Type);
      case '_==_':
      case '_!=_':
        if (!comparable(given[0] as Type, given[1] as Type)) {
          return fault(
            expr,
            `compares ${inWords(given[0] as Type)} with ${inWords(given[1] as Type)}: these are never equal`,
          );
        }
        return bool;
      case 'matches':
        checkPattern(call.target === undefined ? second : first, expr);
    }
    const result = ofFunction(expr, name, target, given);
    checkLiteral(expr, call);
    return result;
  };

  /** What is written in the condition itself is read now: it would never be worked out. */
  const checkLiteral = (expr: Expr, {function: name, target, args}: Case<'callExpr'>): void => {
    const [first] = args;
    const text = constantText(first);
    if (first === undefined || text === undefined) return;
    if (target === undefined && Object.hasOwn(readers, name) && !parts.works(expr))
      fault(first, `is no ${name} that can be read: write ${readers[name]}`);
    if (target !== undefined && isZoned(name) && !isZone(text))
      fault(first, 'is no time zone: write "Europe/Berlin", "UTC" or "+02:00"');
  };

  const wantBool = (expr: Expr, type: Type): void => {
    if (!fits(type, bool)) fault(expr, `is ${inWords(type)}, where true or false is needed`);
  };

  const constantText = (expr: Expr | undefined): string | undefined =>
    expr?.exprKind.case === 'constExpr' && expr.exprKind.value.constantKind.case === 'stringValue'
      ? expr.exprKind.value.constantKind.value
      : undefined;

  const ofIndex = (expr: Expr, operand: Expr, index: Expr, scope: Scope): Type => {
    const name = constantText(index);
    if (name !== undefined) {
      count += 1;
      return member(expr, operand, name, scope);
    }
    typeOfWhole(index, scope);
    return typeOfWhole(operand, scope).of ?? dyn;
  };

  const ofIn = (expr: Expr, item: Expr, range: Expr, scope: Scope): Type => {
    const name = constantText(item);
    const isNamed = name !== undefined && isClaims(range, scope);
    const type = isNamed ? mapOf(member(expr, range, name, scope)) : typeOfExpr(range, scope);
    if (name !== undefined && type.named !== undefined) member(expr, range, name, scope);
    else if (!isNamed) typeOfWhole(range, scope);
    const given = typeOfWhole(item, scope);
    if (!['list', 'map', 'dyn'].includes(type.name)) {
      return fault(range, `is ${inWords(type)}: \`in\` asks a list or a map (for a part of a text write .contains())`);
    }
    if (type.name === 'list' && !comparable(given, type.of ?? dyn)) {
      return fault(
        expr,
        `looks for ${inWords(given)} in a list of what is ${inWords(type.of ?? dyn)}: it is never there`,
      );
    }
    return bool;
  };

  const checkPattern = (pattern: Expr | undefined, expr: Expr): void => {
    const source = constantText(pattern);
    if (source === undefined) fault(pattern ?? expr, 'the pattern of matches() must be written here, in quotes');
    else if (!parts.isPattern(source)) {
      fault(pattern ?? expr, 'is no regular expression of RE2: it knows no look-around and no back-references');
    }
  };

  const ofFunction = (expr: Expr, name: string, target: Type | undefined, given: readonly Type[]): Type => {
    const all = parts.functions.get(name);
    if (all === undefined && name === 'has') return fault(expr, 'has() asks for one member: write has(claims.level)');
    if (all === undefined) {
      const known = [...parts.functions.keys()].filter((one) => /^[a-z]\w*$/i.test(one));
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

  const result = typeOfWhole(whole, new Map());
  if (!fits(result, bool)) fault(whole, `is ${inWords(result)}: a condition must be true or false`);
  return {
    request: [...looks.request],
    headers: [...looks.headers],
    query: [...looks.query],
    captures: [...looks.captures],
    principal: [...looks.principal],
    values: [...looks.values],
    claims: {named: [...looks.claims], whole: claims},
    now,
  };
};

/** A token of RFC 9110 section 5.6.2. */
const headerName = /^[\w!#$%&'*+.^`|~-]+$/;

/** What is read from a text, and an example of it. */
const readers: Readonly<Record<string, string>> = {
  timestamp: '"2026-01-31T00:00:00Z"',
  duration: '"1h30m"',
  int: '"60"',
  uint: '"60"',
  double: '"0.5"',
  bool: '"true"',
};

const typeNames = new Set(['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint']);

const constants: Readonly<Record<string, Type>> = {
  boolValue: bool,
  bytesValue: bytes,
  doubleValue: double,
  int64Value: int,
  uint64Value: uint,
  stringValue: text,
  nullValue: none,
};

/** `has(a.b)` asks whether it is there. */
const asked = (isTest: boolean, type: Type): Type => (isTest ? bool : type);

/** Of an empty list nobody knows what it is a list of. */
const commonOf = ([first = dyn, ...others]: readonly Type[]): Type => others.reduce(common, first);

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

const didYouMean = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
};
