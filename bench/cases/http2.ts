// What grpc-js itself costs: an empty unary server on node:http2 alone beside one on grpc-js.
import type {Case} from '../support/case.ts';
import {figure, times} from '../support/figures.ts';
import {cpuOf, inTurn, p50Of, serial} from '../support/inTurn.ts';
import {memory} from '../support/usage.ts';

export const http2: Case = {
  what: 'an empty unary server on node:http2 alone, which decodes nothing, beside the empty handler on grpc-js',
  async measure(stage) {
    const messages = await stage.checks(1);
    const [grpc, bare] = [await stage.empty('grpc-js'), await stage.empty('http2')];
    const contestants = {grpc: {server: grpc, messages}, bare: {server: bare, messages}};
    const loaded = await inTurn(stage, contestants);
    const alone = await inTurn(stage, contestants, serial);
    return [
      times('CPU of a call', cpuOf(loaded.bare), cpuOf(loaded.grpc)),
      times('one call after the other', p50Of(alone.bare), p50Of(alone.grpc)),
      figure('resident afterwards', 'MiB', [memory(bare.pids[0] ?? 0).resident]),
      figure('resident afterwards, grpc-js', 'MiB', [memory(grpc.pids[0] ?? 0).resident]),
    ];
  },
};
