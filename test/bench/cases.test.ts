// The benchmark: its cases can be listed, figures are what they are said to be, and the page is made of what is kept.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {cases} from '../../bench/cases/index.ts';
import {figure, times} from '../../bench/support/figures.ts';
import {lossesOf, readResults} from '../../bench/support/result.ts';

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

describe('the benchmark', () => {
  it('--list names every case, and every file of bench/cases is one', () => {
    const listed = execFileSync(process.execPath, [here('bench/run.ts'), '--list'], {encoding: 'utf8'});
    for (const [name, {what}] of Object.entries(cases)) {
      assert.match(listed, new RegExp(`^${name} .*`, 'm'));
      assert.match(what, /^[^\n]{10,}[^.]$/, name);
    }
    const files = readdirSync(here('bench/cases')).filter((name) => name !== 'index.ts');
    assert.equal(files.length, Object.keys(cases).length);
  });

  it('a ratio is taken round by round, and shown with its middle half', () => {
    const {value, low, high} = times('x', [2, 4, 6, 8, 100], [1, 2, 3, 2, 10]);
    assert.deepEqual([value, low, high], [2, 2, 4]);
    assert.deepEqual(figure('x', 'ms', [7], 5), {what: 'x', unit: 'ms', value: 7, low: 7, high: 7, goal: 5});
  });

  const at = (value: number, low: number, high: number) => ({what: 'x', unit: 'times' as const, value, low, high});
  const rows: [string, ReturnType<typeof at>, ReturnType<typeof at>, boolean | undefined][] = [
    ['better', at(1, 1, 1), at(2, 2, 2), undefined],
    ['a little worse', at(1.1, 1.1, 1.1), at(1, 1, 1), undefined],
    ['worse', at(1.3, 1.2, 1.4), at(1, 0.9, 1.1), true],
    ['worse, as far as one can tell', at(1.3, 1, 1.6), at(1, 0.9, 1.1), false],
  ];
  for (const [title, now, before, certain] of rows) {
    it(`beside what was kept: ${title}`, () => {
      assert.deepEqual(
        lossesOf([now], [before]).map((loss) => loss.certain),
        certain === undefined ? [] : [certain],
      );
      assert.deepEqual(lossesOf([{...now, unit: 'µs'}], [before]), [], 'ratios alone');
    });
  }

  it('what is kept is of cases that there are, and stands on the page', () => {
    const page = readFileSync(here('docs/performance.md'), 'utf8');
    for (const [name, {figures}] of Object.entries(readResults())) {
      assert.ok(Object.hasOwn(cases, name), name);
      for (const {what, value, unit} of figures) assert.ok(page.includes(`| ${what} | ${value} ${unit} |`), what);
    }
  });
});
