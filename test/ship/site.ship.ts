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

/** Every page as a browser gets it, by its path. */
const html = (): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(dist, {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.html'))
      .map((name) => [`/${name}`, readFileSync(join(dist, name), 'utf8')]),
  );
const plain = (attribute: string) => attribute.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
const idsOf = (text = ''): readonly string[] => [...text.matchAll(/\bid="([^"]+)"/g)].map(([, id = '']) => plain(id));

describe('site', function () {
  this.timeout(300_000);
  let said = '';
  before(async () => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS)/.test(name)));
    const options = {env, maxBuffer: 64 * 1_048_576};
    const {stdout, stderr} = await promisify(execFile)(process.execPath, [join(root, 'scripts/site.mjs')], options);
    said = stdout + stderr;
  });

  it('is built without a warning', () => {
    assert.deepEqual(
      said.split('\n').filter((line) => /not loaded|falling back|\(!\)|dead link|deprecat/i.test(line)),
      [],
    );
  });

  it('every link leads to a page, and every anchor to a place on it', () => {
    const all = html();
    const pageAt = (path: string) =>
      [path, `${path}.html`, `${path}index.html`, `${path}/index.html`].find((one) => all.has(one));
    const dead: string[] = [];
    let count = 0;
    for (const [page, text] of all) {
      for (const [, written = ''] of text.matchAll(/<a [^>]*\bhref="([^"]+)"/g)) {
        const to = new URL(plain(written), `http://site${page}`);
        if (to.host !== 'site') continue;
        count++;
        const there = pageAt(to.pathname);
        const anchor = decodeURIComponent(to.hash.slice(1));
        if (there === undefined || (anchor !== '' && !idsOf(all.get(there)).includes(anchor)))
          dead.push(`${page}: ${written}`);
      }
    }
    assert.deepEqual(dead, []);
    assert.ok(count > 1_000, `${count} links`);
  });

  it('every picture is there', () => {
    for (const [page, text] of html()) {
      for (const [, from = ''] of text.matchAll(/<img [^>]*\bsrc="([^"]+)"/g))
        if (!from.startsWith('data:')) assert.ok(existsSync(join(dist, from)), `${page}: ${from}`);
    }
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

  it('llms.txt leads to pages, each with a sentence', () => {
    for (const line of readFileSync(join(dist, 'llms.txt'), 'utf8')
      .split('\n')
      .filter((one) => one.startsWith('- '))) {
      const [, path = ''] = /^- \[[^\]]+\]\(([^)]+)\): .{10,}$/.exec(line) ?? assert.fail(line);
      assert.ok(html().has(`${path}.html`) || html().has(`${path}index.html`), line);
    }
  });

  it('has llms.txt with a line a page, and all of them in one', () => {
    const lines = readFileSync(join(dist, 'llms.txt'), 'utf8');
    for (const page of pages) assert.ok(lines.includes(`](/${page.replace(/(README)?\.md$/, '')})`), page);
    const all = readFileSync(join(dist, 'llms-full.txt'), 'utf8');
    for (const page of pages) assert.ok(all.includes(readFileSync(join(root, page), 'utf8')), page);
  });
});
