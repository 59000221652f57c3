// Questions to Prometheus on pages are PromQL: promtool reads each of them.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {stringify} from 'yaml';
import {temporaryFolder} from '../support/ports.ts';
import {tool} from '../support/tools.ts';
import {root} from './charts.ts';

const docs = join(root, 'docs');

describe('questions to Prometheus', () => {
  it('are PromQL', async () => {
    const questions = readdirSync(docs, {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.md'))
      .flatMap((page) =>
        // One on a line; what goes on is indented.
        [...readFileSync(join(docs, page), 'utf8').matchAll(/^```promql\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) =>
          code.trim().split(/\n(?=\S)/),
        ),
      );
    assert.ok(questions.length > 30, `${questions.length}`);
    const rules = questions.map((expr, index) => ({record: `question:${index}`, expr}));
    const file = join(temporaryFolder(), 'rules.yaml');
    writeFileSync(file, stringify({groups: [{name: 'pages', rules}]}));
    const {stdout} = await promisify(execFile)(await tool('promtool'), ['check', 'rules', file]);
    assert.match(stdout, new RegExp(`SUCCESS: ${questions.length} rules found`));
  });
});
