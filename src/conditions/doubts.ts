// What is allowed in a condition, and refuses whoever comes: told to whoever looks it through, and no fault.
import type {Expr} from './library.ts';
import type {Type} from './types.ts';
import type {Walk} from './walk.ts';

/** Numbers of JSON are decimals to CEL, which reckons with those of one kind alone. */
export const checkArithmetic = (expr: Expr, name: string, given: readonly Type[], {doubt}: Walk): void => {
  if (!/^_[-+*/%]_$/.test(name) || !given.some(({decimal}) => decimal)) return;
  if (name === '_%_') doubt?.(expr, noRemainder);
  else if (given.some(isWhole)) doubt?.(expr, mixed);
};

const isWhole = ({name}: Type): boolean => name === 'int' || name === 'uint';
const decimals = 'numbers of claims and of what was bought are decimals, so this can never be worked out';
const mixed = `reckons with a whole number: ${decimals}; write 5.0 for 5, or int(...) around the other`;
const noRemainder = `asks for the remainder of a decimal: ${decimals}; write int(...) around it`;
