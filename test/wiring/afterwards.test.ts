// Work after the answer: never at once, never more than may wait, and not while requests wait.
import assert from 'node:assert/strict';
import {makeAfterwards} from '../../src/wiring/shadow/afterwards.ts';

const rig = (most?: number, mostBytes?: number) => {
  const turns: (() => void)[] = [];
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  let dropped = 0;
  let pressed = false;
  const afterwards = makeAfterwards<number>({
    run: (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.push(resolve));
    },
    pressed: () => pressed,
    dropped: () => {
      dropped += 1;
    },
    later: (run) => void turns.push(run),
    bytesOf: (item) => item,
    ...(most !== undefined && {most}),
    ...(mostBytes !== undefined && {mostBytes}),
  });
  return {
    ...afterwards,
    begun,
    ends,
    turn: () => {
      for (const run of turns.splice(0)) run();
    },
    dropped: () => dropped,
    press: (now: boolean) => {
      pressed = now;
    },
  };
};

describe('work after the answer', () => {
  it('begins in a later turn, a few in each, and goes on as some end', async () => {
    const {offer, begun, ends, turn} = rig();
    for (let item = 0; item < 100; item++) offer(item);
    assert.equal(begun.length, 0);
    turn();
    assert.equal(begun.length, 8);
    for (let count = 0; count < 20; count++) turn();
    assert.equal(begun.length, 64, 'so many under way at once');
    for (const end of ends.splice(0, 30)) end();
    await new Promise(setImmediate);
    for (let count = 0; count < 20; count++) turn();
    assert.equal(begun.length, 94);
    assert.deepEqual(
      begun,
      [...begun].sort((a, b) => a - b),
    );
  });
  it('what would be too much is dropped and counted', () => {
    const {offer, dropped, turn, begun} = rig(10);
    for (let item = 0; item < 25; item++) offer(item);
    assert.equal(dropped(), 15);
    turn();
    turn();
    assert.equal(begun.length, 10);
  });
  it('so is what would hold too many bytes, waiting or under way, until others have ended', async () => {
    const {offer, dropped, turn, begun, ends} = rig(undefined, 100);
    for (const bytes of [60, 60, 30]) offer(bytes);
    assert.equal(dropped(), 1);
    turn();
    offer(20);
    assert.deepEqual([begun, dropped()], [[60, 30], 2], 'what is under way counts');
    for (const end of ends.splice(0)) end();
    await new Promise(setImmediate);
    offer(100);
    turn();
    assert.deepEqual([begun, dropped()], [[60, 30, 100], 2]);
  });
  it('while requests wait nothing is done', () => {
    const {offer, press, turn, dropped, begun} = rig();
    for (let item = 0; item < 5; item++) offer(item);
    press(true);
    turn();
    assert.deepEqual([begun.length, dropped()], [0, 5]);
    press(false);
    offer(6);
    turn();
    assert.deepEqual(begun, [6]);
  });
  it('closed: nothing is begun any more', () => {
    const {offer, close, turn, begun} = rig();
    offer(1);
    close();
    offer(2);
    turn();
    assert.deepEqual(begun, []);
  });
});
