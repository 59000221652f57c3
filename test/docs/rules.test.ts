// docs/rules.md: every recipe is good settings without a warning, and each of its cases comes out as it says.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse, stringify} from 'yaml';
import {readCaseFile} from '../../src/commands/test/caseFile.ts';
import {runCases} from '../../src/commands/test/run.ts';
import {loadSettings} from '../../src/config/load.ts';
import {readDocument} from '../../src/entitlements/document.ts';
import {temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/rules.md'), 'utf8');
const blocksOf = (text: string) => [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => parse(block));
const [intro = '', ...sections] = page.split(/^## /m);
const [ground, people] = blocksOf(intro);

describe('docs/rules.md', () => {
  it('has twenty recipes', () => assert.equal(sections.length, 20));

  for (const section of sections) {
    const title = section.slice(0, section.indexOf('\n'));
    it(title, async () => {
      const [settings, cases] = blocksOf(section);
      const folder = temporaryFolder();
      writeFiles(folder, {'postern.yaml': {...ground, ...settings}, 'keys.yaml': 'keys: []\n'});
      const loaded = await loadSettings(join(folder, 'postern.yaml'));
      assert.ok(loaded.settings, JSON.stringify(loaded.errors));
      const read = readCaseFile(stringify({...people, ...cases}), title);
      assert.ok('cases' in read, JSON.stringify(read));
      const known = await readDocument(people.entitlements);
      assert.ok('snapshot' in known, JSON.stringify(known));
      const results = await runCases(loaded, read.cases, {now: Date.now(), snapshot: known.snapshot});
      assert.ok(results.length > 0);
      assert.deepEqual(
        results.filter(({differences}) => differences.length > 0).map(({it: what, differences}) => [what, differences]),
        [],
      );
    });
  }
});
