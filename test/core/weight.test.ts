// The weight of a value beside what V8 takes for it: never far less, whatever shape somebody gives it.
import assert from 'node:assert/strict';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {weightOf} from '../../src/core/weight.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that a value takes, measured by many of it. */
const measured = (json: string): number => {
  const many = Math.ceil(4_000_000 / json.length);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const held = Array.from({length: many}, () => JSON.parse(json));
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / many;
  assert.equal(held.length, many);
  return bytes;
};

const of = (count: number, one: (at: number) => unknown) => Array.from({length: count}, (_, at) => one(at));
const rows: readonly [string, unknown][] = [
  ['a token as they are', {iss: 'https://id.example', sub: 'alice', roles: ['admin', 'member'], exp: 1_800_000_000}],
  ['a long text', {sub: 'x'.repeat(10_000)}],
  ['text beyond Latin', {sub: 'ж'.repeat(5_000)}],
  ['many texts', of(1_000, (at) => `role number ${at}`)],
  ['many numbers', of(1_000, (at) => at + 0.5)],
  ['many empty objects', of(1_000, () => ({}))],
  ['many empty lists', of(1_000, () => [])],
  ['many members', Object.fromEntries(of(1_000, (at) => [`member-${at}`, true]) as [string, boolean][])],
  ['objects of one member', of(500, () => ({a: 1}))],
  ['deep', JSON.parse(`${'[{"a":'.repeat(30)}1${'}]'.repeat(30)}`)],
];

describe('weight', function () {
  // Generated cases by the thousand, on machines that do other work, too.
  this.timeout(120_000);
  for (const [what, value] of rows)
    it(`of ${what} is near what it takes`, () => {
      const [weight, bytes] = [weightOf(value), measured(JSON.stringify(value))];
      assert.ok(weight > bytes * 0.6 && weight < bytes * 4, `weighs ${weight}, and takes ${Math.round(bytes)}`);
    });

  it('of what is nested deeper than calls may be', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    assert.ok(weightOf(deep) > 5_000_000);
  });

  it('of undefined members, and of nothing', () => {
    assert.ok(weightOf({a: undefined, b: 'x'.repeat(100), c: undefined}) > 200);
    assert.ok(weightOf(undefined) >= 0);
  });
});
