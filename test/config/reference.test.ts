// The generated schema and reference page: fresh, and of one mind with the loader.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
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

  const published = JSON.parse(readFileSync(new URL('../../postern.schema.json', import.meta.url), 'utf8')) as object;

  it('has patterns that Go reads too, for Helm checks values by them', () => {
    const patterns = [...JSON.stringify(published).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(
      ([, of]) => of ?? '',
    );
    assert.ok(patterns.length > 10);
    assert.deepEqual(
      patterns.filter((pattern) => /\(\?(?!:|<?[A-Za-z]+>)|\\\\[1-9]/.test(pattern)),
      [],
    );
  });

  for (const [what, schema] of [
    ['as it is made', schemaDocument()],
    ['as it is published', published],
  ] as const) {
    it(`takes the good file and refuses bad ones: ${what}`, () => {
      const validate = new Ajv2020({strict: false}).compile(schema);
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
  }
});
