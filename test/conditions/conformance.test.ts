// The conformance tests of CEL's specification (v0.25, as @bufbuild/cel-spec ships them), as far as conditions go: all
// without messages of protobuf and without extensions but that for texts.
import assert from 'node:assert/strict';
import {getConformanceSuite} from '@bufbuild/cel-spec/testdata/tests.js';
import {appendInPlace} from '../../src/conditions/appending.ts';
import {Faulty} from '../../src/conditions/faults.ts';
import {type CelFunc, library} from '../../src/conditions/library.ts';
import {payForLoops} from '../../src/conditions/paying.ts';
import {typeCheck} from '../../src/conditions/typeCheck.ts';
import {dyn} from '../../src/conditions/types.ts';

type Suite = ReturnType<typeof getConformanceSuite>;
type Row = Suite['tests'][number];

/** Of other things than conditions: protobuf, and extensions that are not there. */
const left =
  /^(proto\d|enums|wrappers|dynamic|namespace|optionals|block_ext|bindings_ext|math_ext|network_ext|encoders_ext|macros2)/;
/** Nor names in back-ticks, `strings.quote`, and a map whose keys are equal numbers of two types. */
const messages = /`|0u: 2\}|strings\.quote|TestAll|Value\b|google\.|proto\d?\b|Enum|NestedType/;

function* rowsOf(suite: Suite): Generator<Row> {
  yield* suite.tests;
  for (const inner of suite.suites) yield* rowsOf(inner);
}

type Value = Extract<Row['original']['resultMatcher'], {case: 'value'}>['value'];

/** A value of the specification's tests, as `shown` writes one of the library's. */
const wanted = ({kind}: Value): unknown => {
  switch (kind.case) {
    case 'listValue':
      return kind.value.values.map(wanted);
    case 'mapValue':
      return Object.fromEntries(
        kind.value.entries.map(({key, value}) => [wanted(key as Value), wanted(value as Value)]),
      );
    case 'uint64Value':
      return `${kind.value}u`;
    case 'bytesValue':
      return Buffer.from(kind.value);
    case 'nullValue':
      return null;
    case 'typeValue':
      return `type ${kind.value}`;
    default:
      return kind.value;
  }
};

// biome-ignore lint/suspicious/noExplicitAny: whatever the library answers
const shown = (value: any): unknown => {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value.value === 'bigint') return `${value.value}u`;
  if (typeof value.entries === 'function')
    return Object.fromEntries([...value].map(([key, member]) => [shown(key), shown(member)]));
  if (typeof value[Symbol.iterator] === 'function') return [...value].map(shown);
  return `type ${value.name}`;
};

const expectedOf = ({original: {resultMatcher: matcher}}: Row): {readonly value: unknown} | 'error' | undefined => {
  if (matcher.case === undefined) return {value: true};
  if (matcher.case === 'evalError') return 'error';
  return matcher.case === 'value' ? {value: wanted(matcher.value)} : undefined;
};

const functions = Map.groupBy(library().env.funcs, ({name}) => name) as ReadonlyMap<string, readonly CelFunc[]>;

/** Why it is refused when it is read. */
const faultOf = (look: () => unknown): string | undefined => {
  try {
    look();
    return undefined;
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    return error.message;
  }
};

/** What this program makes of it: refused when it is read, or run. */
const outcome = (text: string, names: readonly string[]): {read: string | undefined; run: unknown} => {
  const {parse, plan, env, meter, isCelError, isPattern} = library();
  try {
    const {expr} = parse(text);
    const variables = Object.fromEntries(names.map((name) => [name, dyn]));
    const read = faultOf(() => typeCheck(expr, {variables, functions, at: () => 0, isPattern, works: () => true}));
    appendInPlace(expr);
    payForLoops(expr);
    meter.reset();
    const result = plan(env, expr)({});
    return {read, run: isCelError(result) ? 'error' : {value: shown(result)}};
  } catch (error) {
    if (error instanceof Faulty) throw error;
    return {read: 'cannot be read', run: 'error'};
  }
};

describe("the conformance tests of CEL's specification", () => {
  let tried = 0;
  for (const suite of getConformanceSuite().suites) {
    if (left.test(suite.name)) continue;
    it(suite.name, () => {
      for (const row of rowsOf(suite)) {
        const {expr, bindings, disableCheck} = row.original;
        const expected = expectedOf(row);
        if (expected === undefined || Object.keys(bindings).length > 0 || messages.test(expr)) continue;
        tried += 1;
        const {read, run} = outcome(expr, []);
        assert.deepEqual(run, expected, expr);
        // What is refused when it is read must be what the specification's own checker refuses, or an error anyway.
        if (!disableCheck && expected !== 'error' && typeof expected.value === 'boolean')
          assert.equal(read, undefined, `${expr}: ${read}`);
      }
    });
  }

  it('are hundreds', () => assert.ok(tried > 1_000, String(tried)));
});
