// The examples in docs/entitlements.md are read as they stand there.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {makeFileSource} from '../../src/entitlements/file.ts';
import {recordKeys} from '../../src/entitlements/record.ts';
import {temporaryFolder} from '../support/ports.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/entitlements.md'), 'utf8');
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]+?)```/g)].map(([, language, text]) => ({
  language,
  text: text ?? '',
}));

describe('docs/entitlements.md', () => {
  const examples: [string, string, string | undefined][] = [
    ['the file', 'e.yaml', blocks.find(({text}) => text.startsWith('features:'))?.text],
    ['the lines', 'e.jsonl', blocks.find(({language}) => language === 'json')?.text],
  ];
  for (const [what, name, text] of examples) {
    it(`${what} is read`, async () => {
      const path = join(temporaryFolder(), name);
      writeFileSync(path, text ?? '');
      const loaded = await makeFileSource(path).load(undefined);
      assert.ok(loaded !== 'unchanged' && [...loaded.snapshot.grants].length > 0);
    });
  }

  it('names every key of the record', () => {
    const {features, plans, flags, grants, version, changes} = recordKeys('postern:');
    for (const key of [features, plans, flags, grants, version, changes]) assert.ok(page.includes(`\`${key}\``), key);
  });
});
