// A vendor is its folder and one line of the table: everything else is joined from there.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {checkSettings} from '../../src/config/schema.ts';
import {lookupTypes, providerFiles, providerSchemas, relationTypes, sourceSchemas} from '../../src/vendors/index.ts';

const folder = resolve(import.meta.dirname, '../../src/vendors');
const table = readFileSync(join(folder, 'index.ts'), 'utf8');
/** A folder each; those of the standards, which are no vendor's, share one, a file each. */
const vendors = readdirSync(folder, {withFileTypes: true})
  .filter((entry) => entry.isDirectory() && entry.name !== 'standards')
  .map(({name}) => name);
const standards = readdirSync(join(folder, 'standards'))
  .filter((file) => !file.endsWith('Choice.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const typeOf = (schema: {readonly shape: {readonly type: unknown}}) =>
  (schema.shape.type as {readonly value: string}).value;

describe('the table of vendors', () => {
  it('has a line for each vendor and standard, and each name is the type of its settings', () => {
    const [, listed = ''] = /const vendors = \{([^}]*)\}/.exec(table) ?? [];
    const names = listed.split(',').map((name) => name.trim());
    assert.deepEqual(providerSchemas.map(typeOf), names);
    assert.deepEqual(new Set(names), new Set([...vendors, ...standards]));
  });
  it('names a vendor nowhere but in its import and its entry', () => {
    for (const vendor of vendors) {
      assert.equal(table.match(new RegExp(`\\b${vendor}\\b`, 'g'))?.length, 3, vendor);
    }
  });
  it('what is joined', () => {
    assert.deepEqual(sourceSchemas.map(typeOf), ['kinde', 'frontegg', 'frontier']);
    assert.deepEqual(relationTypes, ['frontier']);
    assert.deepEqual(lookupTypes, ['kinde', 'frontier']);
    assert.deepEqual(providerFiles, ['file']);
  });
  it('files of a provider start at the folder of the configuration', () => {
    const keys = {name: 'k', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]};
    const rules = [{name: 'a', match: {path: '/a'}, require: {}}];
    const {settings} = checkSettings({providers: [keys], rules}, (path) => `/etc/${path}`);
    assert.deepEqual(
      settings?.providers.map((provider) => 'file' in provider && provider.file),
      ['/etc/keys.yaml'],
    );
  });
  it('the smallest is small, without the words of init', () => {
    const lines = readdirSync(join(folder, 'cognito'))
      .filter((file) => file !== 'choice.ts')
      .map((file) => readFileSync(join(folder, 'cognito', file), 'utf8').split('\n').length - 1);
    assert.ok(lines.length <= 4 && lines.reduce((sum, count) => sum + count, 0) < 130);
  });
});
