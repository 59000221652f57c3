// Code in the pages: lines that fit a screen. Sentences are wrapped by scripts/wrap.ts; tables cannot be.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const root = join(import.meta.dirname, '../..');
const width = 120;
/** What a program has printed, a prompt with what was typed, and what Redis takes on one line only. */
const isAsItIs = (line: string): boolean => /^\s*([{"]|\$ |ACL )/.test(line);

const pages = readdirSync(join(root, 'docs'), {recursive: true, encoding: 'utf8'})
  .filter((name) => name.endsWith('.md') && !name.startsWith('reference/'))
  .map((name) => join('docs', name));

describe('code in the pages', () => {
  it(`has lines of ${width} characters at most`, () => {
    const long = ['README.md', 'SECURITY.md', ...pages].flatMap((page) => {
      let isCode = false;
      return readFileSync(join(root, page), 'utf8')
        .split('\n')
        .flatMap((line, index) => {
          if (line.trimStart().startsWith('```')) isCode = !isCode;
          return isCode && line.length > width && !isAsItIs(line) ? [`${page}:${index + 1}`] : [];
        });
    });
    assert.deepEqual(long, []);
  });
});
