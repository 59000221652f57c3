// The regular expressions of targeting rules: in linear time, so that no rule and no attribute can stop the process.
import {RE2JS} from 're2js';
import type {CompilePattern} from '../core/entitlement/operators.ts';

/** Takes JavaScript's syntax without look-around and back-references, which have no linear time: those are undefined. */
export const compilePattern: CompilePattern = (source) => {
  try {
    const pattern = RE2JS.compile(RE2JS.translateRegExp(source));
    return {test: (text) => pattern.test(text)};
  } catch {
    return undefined;
  }
};
