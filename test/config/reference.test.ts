// The generated schema and reference page: fresh, and of one mind with the loader.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {Ajv2020} from 'ajv/dist/2020.js';
import {parse} from 'yaml';
import {schemaDocument} from '../../src/config/schemaDocument.ts';
import {good} from './support.ts';

describe('config: the generated reference', () => {
  it('is fresh', () => {
    const script = fileURLToPath(new URL('../../scripts/reference.ts', import.meta.url));
    execFileSync(process.execPath, [script, '--check']);
  });

  it('takes the good file and refuses bad ones', () => {
    const validate = new Ajv2020({strict: false}).compile(schemaDocument());
    assert.ok(validate(parse(good)), JSON.stringify(validate.errors));
    const bad: readonly [string, string][] = [
      ['level: info', 'level: loud'],
      ['drain: 10s', 'drain: 10'],
      ['audience: any', 'audience: 5'],
      ['roles: [admin, owner]', 'roles: []'],
      ['public: true', 'public: true, deny: true'],
      ['onFeedLost', 'onFeedLots'],
      ['type: file', 'type: flie'],
    ];
    for (const [from, to] of bad) assert.ok(!validate(parse(good.replace(from, to))), to);
  });
});
