// The program's own timers.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {clocks} from '../../src/wiring/clocks.ts';

describe('running something after a while', () => {
  it('a time that no timer of Node can hold is not over at once', async () => {
    let ran = 0;
    const ends = [2 ** 31, 8_760 * 3_600_000, Number.MAX_SAFE_INTEGER].map((milliseconds) =>
      clocks.after(milliseconds, () => {
        ran += 1;
      }),
    );
    await sleep(50);
    assert.equal(ran, 0);
    for (const end of ends) end();
  });

  it('is run once, unless called off', async () => {
    const ran: string[] = [];
    const {promise, resolve} = Promise.withResolvers<void>();
    clocks.after(5, () => void ran.push('a'));
    clocks.after(5, () => void ran.push('b'))();
    clocks.after(20, resolve);
    await Promise.all([promise, sleep(30)]);
    assert.deepEqual(ran, ['a']);
  });
});
