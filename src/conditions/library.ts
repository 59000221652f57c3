// The CEL library, loaded when the first condition is met: it takes some 25 MB and 0.1 s, which others need not pay.
import {createRequire} from 'node:module';
import type * as Cel from '@bufbuild/cel';
import type * as Extensions from '@bufbuild/cel/ext';
import type * as Messages from '@bufbuild/protobuf';
import type * as WellKnown from '@bufbuild/protobuf/wkt';
import type * as Patterns from '@bufbuild/re2';

import {makeAppend} from './appending.ts';

export type {CelFunc, CelList, CelType} from '@bufbuild/cel';

/** An expression as it was read (cel.expr.Expr of the specification's protos). */
export type Expr = ReturnType<typeof Cel.parse>['expr'];

/** What functions over lists are made of. */
export interface ListParts {
  readonly celFunc: typeof Cel.celFunc;
  readonly celList: typeof Cel.celList;
  readonly listOfAnything: Cel.CelListType;
}

export interface Library {
  readonly parse: typeof Cel.parse;
  readonly plan: typeof Cel.plan;
  readonly isCelError: typeof Cel.isCelError;
  readonly env: ReturnType<typeof Cel.celEnv>;
  readonly timestamp: (milliseconds: number) => Messages.Message;
  /** Whether a text is a regular expression of RE2, which is tried in linear time. */
  readonly isPattern: (source: string) => boolean;
}

let loaded: Library | undefined;

/** Everything of it that is used, with the functions for texts. The same one after the first call. */
export const library = (): Library => {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const {parse, plan, isCelError, celEnv, celFunc, celList, listType, CelScalar} =
    require('@bufbuild/cel') as typeof Cel;
  const {strings} = require('@bufbuild/cel/ext') as typeof Extensions;
  const {timestampFromMs} = require('@bufbuild/protobuf/wkt') as typeof WellKnown;
  const {RE2JS} = require('@bufbuild/re2') as typeof Patterns;
  const compile = kept((source) => RE2JS.compile(source));
  const append = makeAppend({celFunc, celList, listOfAnything: listType(CelScalar.DYN)});
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
    env: celEnv({funcs: [...strings, append], re2: {compile}}),
    timestamp: timestampFromMs,
    isPattern,
  };
  return loaded;
};

/** More patterns than the rules of a large configuration hold; they are literals, so no client adds any. */
const mostKept = 1_000;

/** The library would compile a pattern each time. */
const kept = <Made>(make: (source: string) => Made): ((source: string) => Made) => {
  const known = new Map<string, Made>();
  return (source) => {
    const found = known.get(source);
    if (found !== undefined) return found;
    const made = make(source);
    if (known.size >= mostKept) known.clear();
    known.set(source, made);
    return made;
  };
};
