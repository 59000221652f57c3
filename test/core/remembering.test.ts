// A function that remembers answers as before, computes what is in use once, and holds no more than its limits.
import assert from 'node:assert/strict';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {remembering} from '../../src/core/remembering.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('remembering', () => {
  const counting = (limits?: {texts: number; characters: number}) => {
    const computed: string[] = [];
    const of = remembering((text) => {
      computed.push(text);
      return `<${text}>`;
    }, limits);
    return {of, computed};
  };

  it('computes once what is asked about again', () => {
    const {of, computed} = counting();
    assert.deepEqual(['a', 'b', 'a', 'b', 'a'].map(of), ['<a>', '<b>', '<a>', '<b>', '<a>']);
    assert.deepEqual(computed, ['a', 'b']);
  });
  it('what is in use stays, however many others are asked about once', () => {
    const {of, computed} = counting({texts: 10, characters: 1_000});
    for (let number = 0; number < 1_000; number++) {
      of('in use');
      of(`once ${number}`);
    }
    assert.equal(computed.filter((text) => text === 'in use').length, 1);
    assert.equal(computed.length, 1_001);
  });
  for (const [title, limits, length] of [
    ['texts', {texts: 10, characters: 1_000_000}, 3],
    ['characters', {texts: 1_000_000, characters: 100}, 10],
  ] as const)
    it(`holds at most twice its limit of ${title}: what was asked about before that is computed anew`, () => {
      const {of, computed} = counting(limits);
      const names = Array.from({length: 100}, (_, at) => `${at}`.padStart(length, '0'));
      for (const name of [...names, ...names.slice(0, 80)]) of(name);
      assert.equal(computed.length, 180);
    });
  it('a text longer than everything is answered, and not kept', () => {
    const {of, computed} = counting({texts: 10, characters: 5});
    assert.deepEqual([of('longer than that'), of('a'), of('longer than that'), of('a')].at(-1), '<a>');
    assert.deepEqual(computed, ['longer than that', 'a', 'longer than that']);
  });
  it('holds the text and not what it was cut from: a header of 100 kB with a short token in it', () => {
    const of = remembering((text) => `${text.length}`);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let number = 0; number < 1_000; number++) {
      const header = Buffer.from(`a=${`${number}`.padStart(20, 'x')}; b=${'y'.repeat(100_000)}`).toString();
      of(header.slice(2, 22));
    }
    collectGarbage();
    assert.ok(process.memoryUsage().heapUsed - before < 10_000_000);
    assert.equal(of('7'.padStart(20, 'x')), '20');
  });
  it('takes half of a surrogate pair for no other text', () => {
    const {of} = counting();
    assert.deepEqual(['\ud800', '\ufffd', '\ud801', '\ud800'].map(of), [
      '<\ud800>',
      '<\ufffd>',
      '<\ud801>',
      '<\ud800>',
    ]);
  });
});
