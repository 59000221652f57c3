// The table of docs/guides/network.md: every setting that is a file has a row, and every row is a setting.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {checkSettings} from '../../src/config/schema.ts';
import {type SchemaNode, schemaDocument} from '../../src/config/schemaDocument.ts';

/** Paths of the settings that are files: `providers[].ca`. */
const filesIn = (node: SchemaNode, path: string): readonly string[] => {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    filesIn(child, path === '' ? key : `${path}.${key}`),
  );
  const items = node.items === undefined ? [] : filesIn(node.items, `${path}[]`);
  const shapes = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap((shape) => filesIn(shape, path));
  return [...(node.title === 'file' ? [path] : []), ...below, ...items, ...shapes];
};

const page = readFileSync(new URL('../../docs/guides/network.md', import.meta.url), 'utf8');
const rows = page
  .slice(page.indexOf('## Which file is read again'), page.indexOf('## Who may ask'))
  .split('\n')
  .filter((line) => line.startsWith('| `') && !line.includes('${file:'));

describe('the table of named files', () => {
  const settings = [...new Set(filesIn(schemaDocument(), ''))].sort();

  it('has a row for each setting that is a file, and no other', () => {
    assert.ok(settings.length >= 15, settings.join(' '));
    const told = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, of]) => of));
    assert.deepEqual(told.sort(), settings);
  });

  it('relative ones start at the folder of the configuration', () => {
    const files = {ca: 'a', clientCertificate: {cert: 'b', key: 'c'}};
    const tree = {
      server: {tls: {cert: 'a', key: 'b', clientCa: 'c'}},
      answers: {listen: '127.0.0.1:9193', tls: {cert: 'a', key: 'b', clientCa: 'c'}},
      remote: {ca: 'a'},
      redis: {url: 'rediss://r', tls: {ca: 'a', cert: 'b', key: 'c'}},
      providers: [
        {name: 'keys', type: 'apiKeys', file: 'a'},
        {name: 'in', type: 'introspection', endpoint: 'https://a', clientId: 'a', clientSecret: 'b', ...files},
      ],
      entitlements: {source: {type: 'http', url: 'https://a', ...files}},
      rules: [{name: 'all', match: {}, require: {}}],
    };
    const resolved: string[] = [];
    const resolve = (path: string) => {
      resolved.push(path);
      return `/folder/${path}`;
    };
    assert.equal(checkSettings(tree, resolve).findings, undefined);
    // Without entitlements.source.path, which belongs to another source.
    assert.equal(resolved.length, settings.length - 1);
  });
});
