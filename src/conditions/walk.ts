// The walk over the parts of a condition, as the code of each kind of part sees it.
import type {CelFunc, Expr} from './library.ts';
import type {Notes} from './notes.ts';
import type {Type} from './types.ts';

/** What an expression of this kind holds. */
export type Case<Name extends Expr['exprKind']['case']> = Extract<Expr['exprKind'], {case: Name}>['value'];

export interface TypeCheckParts {
  readonly variables: Readonly<Record<string, Type>>;
  readonly functions: ReadonlyMap<string, readonly CelFunc[]>;
  /** Where a part of the text begins. */
  readonly at: (expr: Expr) => number;
  /** Whether a text is a regular expression in linear time. */
  readonly isPattern: (source: string) => boolean;
  /** Whether a call of literals alone can be worked out. */
  readonly works: (call: Expr) => boolean;
  /** Told of what is allowed and refuses whoever comes (doubts.ts). */
  readonly doubt?: (expr: Expr, message: string) => void;
}

/** Where an expression stands. */
export interface Scope {
  /** What the loops around it call their members and results. */
  readonly names: ReadonlyMap<string, Type>;
  /** How many of these loops go through lists that a client may make long. */
  readonly longLoops: number;
}

export interface Walk extends Omit<TypeCheckParts, 'at'> {
  readonly notes: Notes;
  typeOf(expr: Expr, scope: Scope): Type;
  /** The type of something that is used as it is, and not only one member of it. */
  typeOfWhole(expr: Expr, scope: Scope): Type;
  /** One more part, which is no expression of its own. */
  count(): void;
  fault(expr: Expr, message: string): never;
}
