// postern explain of a refusal for what was not bought: which plans would open it, and each question once.
import assert from 'node:assert/strict';
import {fileURLToPath} from 'node:url';
import {runPostern} from '../support/postern.ts';

describe('postern explain of what was not bought', () => {
  const file = fileURLToPath(new URL('../../examples/postern.yaml', import.meta.url));
  it('names the plans that the refusal names, and each question once', async () => {
    const claims = JSON.stringify({sub: 'carol', org_id: 'tiny'});
    const {output} = await runPostern(['explain', 'GET', '/orgs/tiny/reports/q3', '--claims', claims, '-c', file]);
    assert.match(
      output,
      /deny: missing_feature, status 403\n[\s\S]* {2}would be opened by pro \(for the feature reports\)\n/,
    );
    assert.equal(output.match(/feature reports: missing-feature/g)?.length, 1, output);
  });
});
