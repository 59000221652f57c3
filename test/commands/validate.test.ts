// postern validate: what it says of files that the settings name.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';

describe('postern validate', () => {
  it('is content, and says which files serve will need and are not there', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      'postern.yaml': {
        server: {tls: {cert: 'tls.crt', key: 'tls.key'}},
        entitlements: {source: {type: 'file', path: 'grants.yaml'}},
        rules: [{name: 'all', match: {}, public: true}],
      },
      'tls.crt': 'a certificate',
    });
    const {code, output} = await runPostern(['validate', '-c', join(folder, 'postern.yaml')]);
    assert.equal(code, 0, output);
    assert.match(output, /server\.tls\.key: \S+tls\.key is not there; serve will need it/);
    assert.match(output, /entitlements\.source\.path: \S+grants\.yaml is not there/);
    assert.doesNotMatch(output, /tls\.crt/);
    assert.match(output, /good: 1 rule, 0 providers/);
  });
});
