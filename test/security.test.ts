// SECURITY.md and docs/security.md name a test for each thing that they say: the tests are there.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const [, defended = ''] = /## What is defended[^\n]*\n(.*?)\n## /s.exec(page) ?? [];
const rows = defended.split('\n').filter((line) => /^\| (?!against|-)/.test(line) && !line.startsWith('|---'));

describe('SECURITY.md', () => {
  it('has rows', () => assert.ok(rows.length > 25, String(rows.length)));

  for (const row of rows) {
    const [, against = ''] = row.split(' | ', 1)[0]?.split('| ') ?? [];
    it(`${against}: its test is there`, () => {
      const [, file = '', name = ''] = /\| `(test\/[\w./-]+)`: "([^"]+)" \|$/.exec(row) ?? [];
      assert.notEqual(file, '', 'no test is named');
      assert.ok(existsSync(join(root, file)), `${file} does not exist`);
      const names = readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter((line) => /\b(?:it|describe)\(/.test(line));
      assert.ok(
        names.some((line) => line.includes(name)),
        `${file} has no test "${name}"`,
      );
    });
  }
});

describe('docs/security.md', () => {
  const advice = readFileSync(join(root, 'docs/security.md'), 'utf8');
  const named = [...advice.matchAll(/^\| (.*?) \| .* \| `(test\/[\w./-]+)`: "([^"]+)" \|$/gm)];

  it('names a test for what to set, wherever there can be one', () => {
    const all = advice
      .split('\n')
      .filter((line) => /^\| [^|]+ \| [^|]+ \| [^|]+ \|$/.test(line) && !line.includes('| do |'));
    assert.ok(named.length >= 20, String(named.length));
    assert.equal(all.length - named.length, 1);
  });

  for (const [, what, file = '', name = ''] of named) {
    // Rows of a table are tests, too.
    it(`${what}: its test is there`, () =>
      assert.ok(readFileSync(join(root, file), 'utf8').includes(name), `${file}: ${name}`));
  }
});

describe('what is deployed', () => {
  it('a Redis that holds revocations says that it is full, and forgets none', () => {
    const compose = readFileSync(join(root, 'deploy/compose.yaml'), 'utf8');
    assert.match(compose, /--maxmemory-policy, noeviction/);
    assert.doesNotMatch(compose, /(allkeys|volatile)-/);
  });

  it('the base of the image can be given by its digest', () => {
    const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
    assert.deepEqual(dockerfile.match(/^(ARG NODE_IMAGE|FROM \$)[^\n]*$/gm), [
      'ARG NODE_IMAGE=node:24-bookworm-slim',
      `FROM \${NODE_IMAGE} AS build`,
    ]);
  });
});
