// Counting agrees with a slow, obvious count; the number of series has an end.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {makeTally, makeTimings} from '../../src/observe/tally.ts';

const label = fc.constantFrom('a', 'b', '__proto__', 'constructor', '', undefined);

describe('tally', () => {
  it('counts like a slow count, and keep() drops what it should and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(label, label, label, label)), fc.constantFrom('a', 'b'), (added, kept) => {
        const tally = makeTally(10_000);
        const expected = new Map<string, number>();
        for (const labels of added) {
          tally.add(...labels);
          const key = JSON.stringify(labels.map((each) => each ?? 'none'));
          expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        const seen = () => new Map(tally.series().map(({labels, value}) => [JSON.stringify(labels), value]));
        assert.deepEqual(seen(), expected);
        tally.keep(1, new Set([kept]));
        assert.deepEqual(seen(), new Map([...expected].filter(([key]) => JSON.parse(key)[1] === kept)));
      }),
    );
  });

  it('beyond the limit everything counts under other', () => {
    const tally = makeTally(10);
    for (let at = 0; at < 1_000; at += 1) tally.add(`label-${at}`);
    assert.equal(tally.series().length, 11);
    assert.equal(tally.series().at(-1)?.value, 990);
    assert.deepEqual(tally.series().at(-1)?.labels, ['other', 'other', 'other', 'other']);
  });

  it('timings beyond the limit go under other', () => {
    const timings = makeTimings([1], 5);
    for (let at = 0; at < 100; at += 1) timings.add(`label-${at}`, 0.5);
    assert.equal(timings.series().length, 6);
    assert.equal(timings.series().at(-1)?.counts[0], 95);
  });
});
