// The CEL library, loaded when the first condition is met: it takes some 25 MB and 0.1 s, which others need not pay.
import {createRequire} from 'node:module';
import type * as Cel from '@bufbuild/cel';
import type * as Extensions from '@bufbuild/cel/ext';
import type * as Messages from '@bufbuild/protobuf';
import type * as WellKnown from '@bufbuild/protobuf/wkt';
import type * as Patterns from '@bufbuild/re2';

import {makeAppend} from './appending.ts';
import {makeClaims} from './claims.ts';
import {metered} from './costs.ts';
import {kept} from './kept.ts';
import {type Meter, makeMeter} from './meter.ts';
import {makePay} from './paying.ts';
import {standardFunctions} from './standard.ts';

export type {CelEnv, CelFunc, CelList, CelMap, CelType} from '@bufbuild/cel';
/** The functions of one name. */
export type CelFuncGroup = NonNullable<ReturnType<Cel.CelEnv['funcs']['find']>>;

/** An expression as it was read (cel.expr.Expr of the specification's protos). */
export type Expr = ReturnType<typeof Cel.parse>['expr'];

/** How values are told apart. */
export interface Kinds {
  readonly isList: typeof Cel.isCelList;
  readonly isMap: typeof Cel.isCelMap;
}

/** What functions over lists are made of. */
export interface ListParts {
  readonly celFunc: typeof Cel.celFunc;
  readonly celList: typeof Cel.celList;
  readonly listOfAnything: Cel.CelListType;
}

/** What the paying of loops is made of. */
export interface PayingParts extends Kinds {
  readonly celFunc: typeof Cel.celFunc;
  readonly anything: typeof Cel.CelScalar.DYN;
  readonly spend: Meter['spend'];
}

/** What claims are made of. */
export type ClaimParts = Pick<typeof Cel, 'celList' | 'celMap'>;

/** What functions in the place of the library's are made of. */
export interface StandardParts {
  readonly cel: typeof Cel;
  readonly wkt: typeof WellKnown;
  /** For what can only be told while it is worked out. */
  readonly spend: Meter['spend'];
}

export interface Library {
  readonly parse: typeof Cel.parse;
  readonly plan: typeof Cel.plan;
  readonly isCelError: typeof Cel.isCelError;
  /** All functions, each of which is paid for. */
  readonly env: ReturnType<typeof Cel.celEnv>;
  readonly meter: Meter;
  readonly timestamp: (milliseconds: number) => Messages.Message;
  /** Claims as conditions look at them. */
  readonly claims: (claims: unknown) => unknown;
  /** Whether a text is a regular expression of RE2, which is tried in linear time. */
  readonly isPattern: (source: string) => boolean;
}

/** More patterns than the rules of a large configuration hold; they are literals, so no client adds any. */
const mostPatterns = 1_000;

let loaded: Library | undefined;

/** Everything of it that is used, with the functions for texts. The same one after the first call. */
export const library = (): Library => {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const cel = require('@bufbuild/cel') as typeof Cel;
  const {strings} = require('@bufbuild/cel/ext') as typeof Extensions;
  const wkt = require('@bufbuild/protobuf/wkt') as typeof WellKnown;
  const {RE2JS} = require('@bufbuild/re2') as typeof Patterns;
  const {parse, plan, isCelError, celEnv, celFunc, celList, celMap, listType, CelScalar} = cel;
  const {isCelList: isList, isCelMap: isMap} = cel;
  const meter = makeMeter();
  const {spend} = meter;
  // The library would compile a pattern each time.
  const compile = kept((source) => RE2JS.compile(source), mostPatterns);
  const append = makeAppend({celFunc, celList, listOfAnything: listType(CelScalar.DYN)});
  const pay = makePay({celFunc, anything: CelScalar.DYN, isList, isMap, spend});
  const env = celEnv({
    funcs: [...strings, ...standardFunctions({cel, wkt, spend}), append, pay],
    re2: {compile},
  });
  const isPattern = (source: string): boolean => {
    try {
      return compile(source) !== undefined;
    } catch {
      return false;
    }
  };
  loaded = {
    parse,
    plan,
    isCelError,
    env: metered(env, {meter, isList, isMap, instructionsOf: (source) => instructionsOf(compile(source))}),
    meter,
    timestamp: wkt.timestampFromMs,
    claims: makeClaims({celList, celMap}),
    isPattern,
  };
  return loaded;
};

/** Where a pattern does not tell it, more than most have. */
const unknownInstructions = 1_000;

const instructionsOf = (pattern: object): number => {
  const {re2Input} = pattern as {re2Input?: {prog?: {numInst?(): number}}};
  return re2Input?.prog?.numInst?.() ?? unknownInstructions;
};
