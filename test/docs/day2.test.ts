// docs/day2.md: every command of it, run before a running Postern with Redis, prints what the page shows. With the kubectl of a
// real cluster: test/ship/docs.cluster.ts.
import assert from 'node:assert/strict';
import {tool} from '../support/tools.ts';
import {runPage} from './console.ts';
import {day2Page, type Scene, startScene} from './day2Scene.ts';

describe('docs/day2.md', function () {
  this.timeout(180_000);
  let scene: Scene;
  before(async () => {
    scene = await startScene();
  });
  after(() => scene?.stop());

  it('prints what it shows', async () => {
    const programs = {jq: `#!/bin/sh\nexec ${await tool('jq')} "$@"\n`};
    const ran = runPage({path: day2Page, ...scene, programs});
    assert.ok(ran.length >= 20, `${ran.length} commands`);
    if (process.env.UPDATE_DOCS === '1') return;
    for (const {command, shown, printed} of ran) assert.equal(printed, shown, command);
  });
});
