// Pages as a whole: each reason has an entry in docs/troubleshooting.md, links lead somewhere, and lines wrap at 120.
import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {pagesToWrap, wrapPage} from '../../scripts/wrap.ts';
import {refusals} from '../../src/core/refusals.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md'].map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, 'docs', name)),
];
const text = (path: string) => readFileSync(path, 'utf8');
const withoutCode = (page: string) => page.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');

/** As GitHub and VitePress name the places of headings, for the headings that we have. */
const anchorsOf = (page: string) =>
  [...withoutCode(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );

describe('pages', () => {
  it('troubleshooting.md has an entry for each reason, and for nothing else', () => {
    const entries = [...text(join(root, 'docs/troubleshooting.md')).matchAll(/^## (.*)$/gm)].map(([, name]) => name);
    assert.deepEqual(entries.toSorted(), Object.keys(refusals).toSorted());
  });

  it('links lead to files that are there, and to headings of them', () => {
    const dead: string[] = [];
    for (const path of pages) {
      for (const [, target = ''] of withoutCode(text(path))
        .replaceAll(/`[^`\n]*`/g, 'code')
        .matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?|mailto):/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const at = file === '' ? path : join(dirname(path), file);
        const isThere =
          existsSync(at) && (anchor === undefined || !at.endsWith('.md') || anchorsOf(text(at)).includes(anchor));
        if (!isThere) dead.push(`${relative(root, path)}: ${target}`);
      }
    }
    assert.deepEqual(dead, []);
  });

  it('every page is in the sidebar of the site', () => {
    const sidebar = text(join(root, 'site/.vitepress/config.mjs'));
    const own = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
    assert.deepEqual(
      [...own, 'SECURITY.md', 'CHANGELOG.md'].filter((name) => !sidebar.includes(`${name.slice(0, -3)}'`)),
      [],
    );
  });

  it('lines of sentences wrap at 120: npm run format', () => {
    const long = pagesToWrap().filter((path) => wrapPage(text(path)) !== text(path));
    assert.deepEqual(long, []);
  });

  it('what cannot be broken stays whole', () => {
    const word = 'word '.repeat(23).trim();
    assert.equal(wrapPage(`- ${word} \`some code here\` and`), `- ${word}\n  \`some code here\` and`);
    assert.equal(wrapPage(`- ${word} more\n  and on\n- next`), `- ${word}\n  more and on\n- next`);
    for (const same of [
      `| ${word} | ${word} |`,
      `# ${word} ${word}`,
      `\`\`\`\n${word} ${word}\n\`\`\``,
      `${'x'.repeat(130)}`,
      `${word} aaaaa - b`,
    ]) {
      assert.equal(wrapPage(same), same);
    }
    // The code that ends here began on the line before.
    const unpaired = `says\` ${word} ${word}`;
    assert.equal(wrapPage(unpaired).replaceAll(/\s+/g, ' '), unpaired);
  });

  it('code that was begun is ended', () => {
    const unpaired = pages.flatMap((path) =>
      withoutCode(text(path))
        .split(/\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.) )/)
        .filter((paragraph) => paragraph.split('`').length % 2 === 0)
        .map((paragraph) => `${relative(root, path)}: ${paragraph.trim().slice(0, 80)}`),
    );
    assert.deepEqual(unpaired, []);
  });
});
