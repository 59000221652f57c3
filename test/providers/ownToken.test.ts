// The token with which Postern itself asks a vendor: when it is fetched, and how often at the most.
import assert from 'node:assert/strict';
import {setImmediate} from 'node:timers/promises';
import {makeOwnToken} from '../../src/providers/ownToken.ts';

describe('our own token', () => {
  let clock = 0;
  let asked: string[] = [];
  /** What the vendor does with the next call: a token that lives so many seconds, or a fault. */
  let next: number | Error = 100;
  const make = () => {
    clock = 1_000_000;
    asked = [];
    next = 100;
    return makeOwnToken(
      async (dependency) => {
        asked.push(dependency);
        await setImmediate();
        if (next instanceof Error) throw next;
        return {token: `t${asked.length}`, expiresIn: next};
      },
      () => clock,
    );
  };

  it('is fetched once for all who need it, and again after four fifths of its life, in the background', async () => {
    const token = make();
    assert.deepEqual(await Promise.all([token.get('a'), token.get('b')]), ['t1', 't1']);
    clock += 79_999;
    assert.equal(await token.get('a'), 't1');
    assert.deepEqual(asked, ['a']);
    clock += 1;
    assert.equal(await token.get('b'), 't1', 'nobody waits');
    await setImmediate();
    await setImmediate();
    assert.equal(await token.get('a'), 't2');
    assert.deepEqual(asked, ['a', 'b']);
  });

  it('is good for the last fifth while it cannot be replaced; every five seconds is tried', async () => {
    const token = make();
    await token.get('a');
    clock += 80_000;
    next = new Error('503');
    for (let second = 0; second < 20; second++) {
      assert.equal(await token.get('a'), 't1');
      await setImmediate();
      await setImmediate();
      clock += 1_000;
    }
    assert.equal(asked.length, 1 + 4);
    await assert.rejects(token.get('a'), /503/);
  });

  it('without one, a failure is told to everyone for a second, and not asked for again', async () => {
    const token = make();
    next = new Error('401: wrong secret');
    for (let request = 0; request < 100; request++) await assert.rejects(token.get('a'), /wrong secret/);
    assert.equal(asked.length, 1);
    clock += 1_000;
    next = 100;
    assert.equal(await token.get('a'), 't2');
  });

  it('one that is refused is replaced at once, and its successor not before five seconds', async () => {
    const token = make();
    assert.equal(await token.get('a'), 't1');
    assert.equal(token.refused('another'), true, 'there is another already');
    assert.equal(await token.get('a'), 't1');
    assert.equal(token.refused('t1'), true);
    assert.equal(await token.get('a'), 't2');
    clock += 4_999;
    assert.equal(token.refused('t2'), false);
    assert.equal(await token.get('a'), 't2', 'a new one would be refused as well');
    clock += 1;
    assert.equal(token.refused('t2'), true);
    assert.equal(await token.get('a'), 't3');
  });
});
