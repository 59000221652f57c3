// How long calls wait where they come at random, at half of the rate that Postern can answer.
import type {Case} from '../support/case.ts';
import {figure, spreadOf, times} from '../support/figures.ts';
import {inTurn, p50Of, p99Of} from '../support/inTurn.ts';

export const waiting: Case = {
  what: 'waits at half of the rate that Postern answers at most, calls at random moments (open loop), beside the empty handler at that rate',
  async measure(stage) {
    const messages = await stage.checks(1_000);
    const contestants = {
      empty: {server: await stage.empty(), messages},
      postern: {server: await stage.postern(), messages},
    };
    const most = await inTurn(stage, contestants);
    const half = spreadOf(most.postern.map(({perSecond}) => perSecond)).value / 2;
    const seen = await inTurn(stage, contestants, {perSecond: half, milliseconds: 3 * stage.pace.milliseconds});
    return [
      times('p99', p99Of(seen.postern), p99Of(seen.empty), 1.3),
      times('p50', p50Of(seen.postern), p50Of(seen.empty)),
      figure('p99', 'µs', p99Of(seen.postern)),
      figure(
        'calls',
        'a second',
        seen.postern.map(({perSecond}) => perSecond),
      ),
    ];
  },
};
