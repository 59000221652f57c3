// The lateness of the event loop, seen by a clock of the test.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeQueueDelay, type QueueDelay} from '../../src/envoy/queueDelay.ts';

describe('queueDelay', () => {
  it('is what two ticks in a row came late by, and forgets it', async () => {
    const interval = 5;
    const lateness = [0, 0, 10_000, 9_000, 0];
    // Each look at the clock is a tick; what was said after the tick before is noted then.
    const said: (number | undefined)[] = [];
    let time = 0;
    let delay: QueueDelay | undefined;
    delay = makeQueueDelay(() => {
      time += interval + (lateness[said.length] ?? 0);
      said.push(delay?.now());
      return time;
    }, interval);
    while (said.length <= lateness.length) await sleep(interval);
    delay.close();
    assert.deepEqual(said.slice(0, 6), [undefined, 0, 0, 0, 9_000, 0]);
  });
});
