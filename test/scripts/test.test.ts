// npm test itself: what it counts, when it fails, and that it finds what tests leave behind.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';
import {start} from '../support/processes.ts';

const script = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url));
const missing = `Object.assign(new Error('there is no envoy'), {name: 'ToolMissing'})`;

const runs: {title: string; tests: string; env?: Record<string, string>; last: string; code: number; says?: RegExp}[] =
  [
    {title: 'all good', tests: `it('a', () => {}); it('b', () => {});`, last: '2 passed, 0 failed', code: 0},
    {
      title: 'a failing test, with its error',
      tests: `it('a', () => {}); it('b', () => { throw new Error('broken glass'); });`,
      last: '1 passed, 1 failed',
      code: 1,
      says: /broken glass/,
    },
    {
      title: 'a test that was left out',
      tests: `it('a', () => {}); it.skip('b', () => {}); it('c');`,
      last: '1 passed, 0 failed, 2 skipped',
      code: 0,
    },
    {
      title: 'a tool that cannot be had, in a test',
      tests: `it('a', () => {}); it('b', async () => { throw ${missing}; });`,
      last: '1 passed, 0 failed, 1 skipped',
      code: 0,
      says: /Skipped, because\s+there is no envoy/,
    },
    {
      title: 'a tool that cannot be had, in a hook: every test that waits for it',
      tests: `it('a', () => {}); describe('x', () => { before(() => { throw ${missing}; }); it('b', () => {}); describe('y', () => it('c', () => {})); });`,
      last: '1 passed, 0 failed, 2 skipped',
      code: 0,
    },
    {
      title: 'the same where CI=true',
      tests: `it('a', () => {}); it('b', () => { throw ${missing}; });`,
      env: {CI: 'true'},
      last: '1 passed, 1 failed',
      code: 1,
    },
    {title: 'no test at all', tests: '', last: '0 passed, 1 failed', code: 1, says: /No test ran/},
    {title: 'a file that cannot be loaded', tests: 'it(', last: '0 passed, 1 failed', code: 1},
    {
      title: 'a failing hook',
      tests: `before(() => { throw new Error('no'); }); it('a', () => {});`,
      last: '0 passed, 1 failed',
      code: 1,
    },
    {
      title: 'a process that is left behind',
      tests: `it('a', async () => { const {spawn} = await import('node:child_process'); spawn('sleep', ['60'], {detached: true, stdio: 'ignore'}).unref(); });`,
      last: '1 passed, 1 failed',
      code: 1,
      says: /Left running: sleep 60/,
    },
  ];

describe('npm test', function () {
  this.timeout(60_000);
  for (const {title, tests, env = {}, last, code, says} of runs) {
    it(`says how it went: ${title}`, async function () {
      if (title.includes('left behind') && process.platform !== 'linux') this.skip();
      const file = join(temporaryFolder(), 'one.test.ts');
      writeFiles(join(file, '..'), {'one.test.ts': tests});
      const {CI: _, ...outer} = process.env;
      const run = await start({
        name: 'npm test',
        command: process.execPath,
        args: [script, file],
        env: {...outer, ...env},
      });
      assert.equal(await run.ended, code, run.output());
      assert.equal(run.output().trimEnd().split('\n').at(-1), last, run.output());
      if (says !== undefined) assert.match(run.output(), says);
    });
  }
});
