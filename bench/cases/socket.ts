// A Unix socket, as a sidecar listens: beside the empty handler there, and beside TCP.

import {freePort} from '../../test/support/ports.ts';
import type {Case} from '../support/case.ts';
import {figure, times} from '../support/figures.ts';
import {cpuOf, inTurn, p50Of, serial} from '../support/inTurn.ts';

export const socket: Case = {
  what: 'one call after the other over a Unix socket, beside the empty handler there, and the socket beside TCP',
  async measure(stage) {
    const [tcp, unix] = [`127.0.0.1:${await freePort()}`, stage.socket()];
    const messages = await stage.checks(1);
    const postern = await stage.postern({...stage.usual, server: {listen: [tcp, unix]}});
    const {allowed: _, ...uncounted} = postern;
    const contestants = {
      empty: {server: await stage.empty('grpc-js', stage.socket()), messages},
      unix: {server: {...uncounted, address: unix}, messages},
      tcp: {server: {...uncounted, address: tcp}, messages},
    };
    const before = await postern.allowed?.();
    const loaded = await inTurn(stage, contestants);
    const alone = await inTurn(stage, contestants, serial);
    if (before === (await postern.allowed?.())) throw new Error('no call was let through');
    return [
      times('one call after the other, the empty handler the same way', p50Of(alone.unix), p50Of(alone.empty), 1.15),
      times('one call after the other, beside TCP', p50Of(alone.unix), p50Of(alone.tcp)),
      times('CPU of a call, beside TCP', cpuOf(loaded.unix), cpuOf(loaded.tcp)),
      figure('one call after the other', 'µs', p50Of(alone.unix)),
    ];
  },
};
