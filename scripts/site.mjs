// npm run docs: builds the site of docs/ into site/dist, with llms.txt (a line a page) and llms-full.txt (all of them).
import {spawnSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = `${root}site/`;
const run = (command, args) => {
  const {status} = spawnSync(command, args, {cwd: site, stdio: 'inherit'});
  if (status !== 0) process.exit(status ?? 1);
};

if (!existsSync(`${site}node_modules/vitepress`)) run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);

// The pages alone: whatever else lies in a checkout is none.
rmSync(`${site}pages`, {recursive: true, force: true});
mkdirSync(`${site}pages`);
const top = ['README.md', 'SECURITY.md', 'CHANGELOG.md'];
for (const name of [...top, 'docs']) cpSync(root + name, `${site}pages/${name}`, {recursive: true});
run(process.execPath, ['node_modules/vitepress/bin/vitepress.js', 'build']);

const pages = [
  ...top,
  ...readdirSync(`${root}docs`, {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
].map((name) => {
  const text = readFileSync(root + name, 'utf8');
  const [, title = name] = /^# (.*)$/m.exec(text) ?? [];
  // The first paragraph: no heading, table, list, code or comment, nor how loud an alert is.
  const blocks = text.replaceAll(/^```[\s\S]*?^```$/gm, '').split(/\n{2,}/);
  const paragraph = blocks.find((block) => /^(?!Severity:|\* )[A-Za-z[*(]/.test(block)) ?? '';
  // The first sentence, without links.
  const about = paragraph
    .replaceAll('\n', ' ')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\.)\s[\s\S]*$/, '$1')
    .trim();
  return {name, title, about, text};
});
const link = (name) => `/${name === 'README.md' ? '' : name.replace(/(README)?\.md$/, '')}`;
const lines = pages.map(({name, title, about}) => `- [${title}](${link(name)})${about === '' ? '' : `: ${about}`}`);
writeFileSync(
  `${site}dist/llms.txt`,
  `# Postern\n\n> External authorization for Envoy and Istio: who is this, may they, have they bought it.\n\n${lines.join('\n')}\n`,
);
writeFileSync(`${site}dist/llms-full.txt`, pages.map(({text}) => text).join('\n\n'));
