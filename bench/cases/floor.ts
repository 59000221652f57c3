// The full decision for a token in use, beside a server that does nothing.
import type {Case} from '../support/case.ts';
import {figure, times} from '../support/figures.ts';
import {cpuOf, inTurn, p50Of, p99Of, serial} from '../support/inTurn.ts';
import {memory} from '../support/usage.ts';

export const floor: Case = {
  what: 'the full decision for a token in use, beside an empty handler on stock grpc-js',
  async measure(stage) {
    const [postern, empty] = [await stage.postern(), await stage.empty()];
    const [one, thousand] = [await stage.checks(1), await stage.checks(1_000)];
    const contestants = {
      empty: {server: empty, messages: one},
      one: {server: postern, messages: one},
      thousand: {server: postern, messages: thousand},
    };
    const loaded = await inTurn(stage, contestants);
    const alone = await inTurn(stage, contestants, serial);
    return [
      times('CPU of a call, one token', cpuOf(loaded.one), cpuOf(loaded.empty), 1),
      times('CPU of a call, 1,000 tokens in turn', cpuOf(loaded.thousand), cpuOf(loaded.empty), 1),
      times('one call after the other', p50Of(alone.one), p50Of(alone.empty)),
      times('p99 with 32 calls under way', p99Of(loaded.one), p99Of(loaded.empty)),
      figure('CPU of a call, the empty handler', 'µs', cpuOf(loaded.empty)),
      figure('CPU of a call, 1,000 tokens in turn', 'µs', cpuOf(loaded.thousand)),
      figure('resident afterwards', 'MiB', [memory(postern.pid).resident]),
      figure('the empty handler, resident afterwards', 'MiB', [memory(empty.pids[0] ?? 0).resident]),
    ];
  },
};
