// The reference pages say what the code says, and nothing that it does not.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {outdatedPages} from '../../scripts/reference-observe.ts';
import {reasons, refusals} from '../../src/core/refusals.ts';
import {metricTable} from '../../src/observe/metricTable.ts';

const root = resolve(import.meta.dirname, '../..');
const page = (path: string) => readFileSync(join(root, path), 'utf8');
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name as string);

describe('reference pages', () => {
  it('are what scripts/reference-observe.ts makes', () => assert.deepEqual(outdatedPages(), []));

  it('metrics: every one is documented, and every documented one exists', () => {
    assert.deepEqual(new Set(firstCells(page('docs/reference/metrics.md'))), new Set(Object.keys(metricTable)));
  });

  it('reasons: every one is documented with its status and code, and every documented one exists', () => {
    const text = page('docs/reference/reasons.md');
    assert.deepEqual(new Set(firstCells(text)), new Set(reasons));
    for (const reason of reasons) {
      const {status, grpc, kind} = refusals[reason];
      assert.match(text, new RegExp(`^\\| \`${reason}\` \\| ${status} \\| ${grpc} \\| ${kind} \\|`, 'm'));
    }
  });

  it('queries ask for metrics that exist', () => {
    const known = new Set<string>(Object.keys(metricTable));
    const asked = [page('docs/reference/metrics.md'), page('docs/operate.md')].flatMap(
      (text) => text.match(/postern_\w+/g) ?? [],
    );
    assert.ok(asked.length > 50);
    for (const name of asked) assert.ok(known.has(name.replace(/_bucket$/, '')), `${name} does not exist`);
  });
});
