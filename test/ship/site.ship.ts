// The site of the documentation: it builds, which a dead link would keep it from, and every page is in it.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {root} from './charts.ts';

const dist = join(root, 'site/dist');
const pages = readdirSync(join(root, 'docs'), {recursive: true, encoding: 'utf8'})
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

describe('site', function () {
  this.timeout(300_000);
  before(async () => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS)/.test(name)));
    await promisify(execFile)(process.execPath, [join(root, 'scripts/site.mjs')], {env, maxBuffer: 64 * 1_048_576});
  });

  it('has every page', () => {
    for (const page of pages) {
      const path = page.replace(/README\.md$/, 'index.md').replace(/\.md$/, '.html');
      assert.ok(existsSync(join(dist, path)), path);
    }
    assert.match(readFileSync(join(dist, 'index.html'), 'utf8'), /external-authorization service for Envoy/);
  });

  it('has a search that works in the browser', () => {
    const assets = readdirSync(join(dist, 'assets'), {recursive: true, encoding: 'utf8'});
    assert.ok(
      assets.some((name) => /localSearchIndex/.test(name)),
      'no index',
    );
  });

  it('has llms.txt with a line a page, and all of them in one', () => {
    const lines = readFileSync(join(dist, 'llms.txt'), 'utf8');
    for (const page of pages) assert.ok(lines.includes(`](/${page.replace(/(README)?\.md$/, '')})`), page);
    const all = readFileSync(join(dist, 'llms-full.txt'), 'utf8');
    for (const page of pages) assert.ok(all.includes(readFileSync(join(root, page), 'utf8')), page);
  });
});
