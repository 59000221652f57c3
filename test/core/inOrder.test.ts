// A list that things leave from anywhere: held equal to a Set, whatever comes and goes.
import assert from 'node:assert/strict';
import {makeInOrder, type Placed} from '../../src/core/inOrder.ts';

interface Thing extends Placed<Thing> {
  readonly number: number;
}

describe('in order', () => {
  it('holds what a Set would, in its order, and keeps nothing that has left', () => {
    const list = makeInOrder<Thing>();
    const set = new Set<Thing>();
    const all: Thing[] = [];
    let chance = 7;
    const next = (most: number) => {
      chance = (chance * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((chance / 2 ** 31) * most);
    };
    for (let number = 0; number < 5_000; number++) {
      if (next(2) === 0 || all.length === 0) {
        const thing: Thing = {number};
        all.push(thing);
        list.add(thing);
        set.add(thing);
      } else {
        // Of all that there ever were: those that have left already, too.
        const thing = all[next(all.length)] as Thing;
        assert.equal(list.delete(thing), set.delete(thing));
        assert.deepEqual([thing.before, thing.after], [undefined, undefined]);
      }
      assert.equal(list.size, set.size);
    }
    assert.deepEqual(
      [...list].map((thing) => thing.number),
      [...set].map((thing) => thing.number),
    );
  });

  it('may be left by each while it is looked through', () => {
    const list = makeInOrder<Thing>();
    for (let number = 0; number < 5; number++) list.add({number});
    const seen: number[] = [];
    for (const thing of list) {
      seen.push(thing.number);
      list.delete(thing);
    }
    assert.deepEqual([seen, list.size, [...list]], [[0, 1, 2, 3, 4], 0, []]);
  });
});
