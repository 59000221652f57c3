// The answer written by hand is, byte for byte, what protobufjs writes.
import assert from 'node:assert/strict';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import type {MethodDefinition} from '@grpc/grpc-js';
import {loadProtos} from '../../src/envoy/protos.ts';
import type {CheckResponse, HeaderValueOption, StructValue} from '../../src/envoy/wire.ts';
import {writeCheckResponse} from '../../src/envoy/write.ts';
import {makeRandom} from '../fuzz/random.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const {Check} = loadProtos()['envoy.service.auth.v3.Authorization'] as unknown as {
  Check: MethodDefinition<object, CheckResponse>;
};

const runs = Number(process.env.READ_RUNS ?? 4_000);

describe('a CheckResponse written by hand', () => {
  it(`has the bytes that protobufjs writes, ${runs} times`, function () {
    this.timeout(600_000);
    const random = makeRandom(5);
    const text = () =>
      random.pick(['', 'a', 'x-auth-subject', 'ä€😀', 'x'.repeat(127), 'x'.repeat(128), 'y'.repeat(20_000)]);
    const list = <T>(of: () => T): T[] => Array.from({length: random.below(4)}, of);
    const option = (): HeaderValueOption => ({
      header: {key: text(), value: text()},
      ...(random.below(2) === 0 && {append_action: random.pick([0, 2] as const)}),
    });
    const some = <K extends string, T>(key: K, of: () => T) =>
      random.below(2) === 0 ? {} : ({[key]: of()} as {[key in K]: T});
    const denial = () => ({status: {code: random.pick([200, 302, 401, 503])}, headers: list(option), body: text()});
    const ok = () => ({
      ...some('headers', () => list(option)),
      ...some('headers_to_remove', () => list(text)),
      ...some('response_headers_to_add', () => list(option)),
      ...some('query_parameters_to_remove', () => list(text)),
    });
    const value = (): StructValue =>
      random.pick<() => StructValue>([
        () => ({stringValue: text()}),
        () => ({numberValue: random.pick([0, -0, 1, -1.5, 1e300, Number.POSITIVE_INFINITY, 2 ** 53])}),
        () => ({boolValue: random.below(2) === 0}),
        () => ({listValue: {values: list(value)}}),
        () => ({structValue: {fields: Object.fromEntries(list(() => [text(), value()]))}}),
      ])();
    const metadata = () => ({
      fields: {
        postern: {structValue: {fields: Object.fromEntries(list(() => [text(), value()]))}},
        ...some('other', () => ({stringValue: text()})),
      },
    });
    for (let run = 0; run < runs; run++) {
      const response = {
        status: {code: random.pick([0, 7, 16])},
        ...random.pick([
          () => ({ok_response: ok()}),
          () => ({denied_response: denial()}),
          () => ({error_response: denial()}),
        ])(),
        ...some('dynamic_metadata', metadata),
      } as CheckResponse;
      // Twice: what changes is kept, and must not depend on what was written before.
      for (const bytes of [writeCheckResponse(response), writeCheckResponse(response)])
        assert.ok(bytes.equals(Check.responseSerialize(response)), JSON.stringify(response).slice(0, 2_000));
    }
  });

  it('throws for one without a status, which Envoy would take for an allow', () => {
    for (const status of [undefined, {}, {code: undefined}, {code: Number.NaN}])
      assert.throws(() => writeCheckResponse({status, ok_response: {}} as never), TypeError);
  });

  it('keeps no more of a principal than the bytes: a short Buffer is a part of a pool of 64 KiB, and keeps it whole', () => {
    const principals = Array.from({length: 2_000}, (_, at) => ({
      headers: [{header: {key: 'x-auth-subject', value: `u${at}`}, append_action: 2 as const}],
    }));
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    for (const ok_response of principals) {
      writeCheckResponse({status: {code: 0}, ok_response});
      // What else a call takes of the pool, which is gone when it has ended.
      Buffer.from('x'.repeat(2_000));
    }
    collectGarbage();
    const kept = process.memoryUsage().arrayBuffers - before;
    assert.ok(kept < 500_000, `${kept}`);
    assert.equal(principals.length, 2_000);
  });
});
