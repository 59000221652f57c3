// The lateness of the event loop, seen by a clock of the test.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeQueueDelay} from '../../src/envoy/queueDelay.ts';

describe('queueDelay', () => {
  it('is what the last tick came late by, and forgets it', async () => {
    let skew = 0;
    const delay = makeQueueDelay(() => performance.now() + skew, 5);
    const until = async (what: () => boolean) => {
      for (let left = 400; left > 0 && !what(); left--) await sleep(5);
      assert.ok(what());
    };
    assert.equal(delay.now(), 0);
    skew = 10_000;
    await until(() => delay.now() > 9_000);
    await until(() => delay.now() < 9_000);
    delay.close();
  });
});
