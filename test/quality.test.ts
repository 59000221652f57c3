// The code compiles, is formatted and linted, and holds nothing that nobody uses.
import assert from 'node:assert/strict';
import {runTool} from './support/runTool.ts';

describe('quality', function () {
  this.timeout(180_000);
  for (const [title, command, ...args] of [
    ['types hold', 'tsc', '-p', '.'],
    ['format and lint', 'biome', 'check', '.'],
    ['nothing unused', 'knip'],
    ['every platform is in the lock file', 'node', 'scripts/complete-lock.mjs', '--check'],
  ] as const) {
    it(title, async () => {
      const {code, output} = await runTool(command, args);
      assert.equal(code, 0, output);
    });
  }
});
