// Rules that give a treatment to those whose attributes match.

import type {Principal} from '../principal.ts';
import {type Attributes, attributeReader} from './attributes.ts';
import {type CompilePattern, operators} from './operators.ts';

/** One comparison of an attribute with a value. */
export interface Condition {
  readonly attribute: string;
  readonly op: string;
  readonly negate: boolean;
  /** Shape by operator: `{list}`, `{string}`, `{number}`, `{start, end}`, `{boolean}`, `{date}`. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** `and` of no conditions matches. */
export interface TargetingRule {
  readonly logic: 'and' | 'or';
  readonly conditions: readonly Condition[];
  readonly treatment: boolean;
}

/** What compiling needs from outside. */
export interface TargetingParts {
  readonly compilePattern: CompilePattern;
  /** Told of every condition that can never hold, in a sentence that says which and why. */
  readonly report?: (sentence: string) => void;
}

/** Does it hold for them? */
type Test = (principal: Principal, attributes: Attributes) => boolean;

/** The treatment of the first rule that matches, or undefined if none does. */
export type Treatment = (principal: Principal, attributes: Attributes) => boolean | undefined;

const never: Test = () => false;

const compileCondition = (condition: Condition, {compilePattern, report}: TargetingParts): Test => {
  const {attribute, op, negate, value} = condition;
  const operator = operators.get(op);
  if (operator === undefined) {
    report?.(`A condition on ${attribute} has the unknown operator ${op}: it never holds`);
    return never;
  }
  const part = (name: string) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? value[name] : undefined;
  const compare = operator(part, compilePattern);
  if (compare === undefined) {
    report?.(`A condition on ${attribute} has a value that ${op} cannot use: it never holds`);
    return never;
  }
  const read = attributeReader(attribute);
  const wanted = negate !== true;
  // undefined (missing or of another type) equals neither, so it holds neither as it stands nor negated.
  return (principal, attributes) => compare(read(principal, attributes)) === wanted;
};

const compileRule = ({logic, conditions}: TargetingRule, parts: TargetingParts): Test => {
  const tests = conditions.map((condition) => compileCondition(condition, parts));
  return logic === 'or'
    ? (principal, attributes) => tests.some((test) => test(principal, attributes))
    : (principal, attributes) => tests.every((test) => test(principal, attributes));
};

/** Prepares rules to be asked many times. What is missing, mistyped or unknown never matches, negated or not. */
export const compileRules = (rules: readonly TargetingRule[], parts: TargetingParts): Treatment => {
  const compiled = rules.map((rule) => ({matches: compileRule(rule, parts), treatment: rule.treatment === true}));
  return (principal, attributes) => compiled.find(({matches}) => matches(principal, attributes))?.treatment;
};
