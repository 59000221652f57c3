// The page at /, for a person who looks: what there is, and where.
import {createHash} from 'node:crypto';
import type {AdminAnswer, AdminRoute} from './route.ts';

const style = ':root{color-scheme:light dark}body{font:16px/1.5 system-ui;margin:2rem}td{padding:0 1rem .3rem 0}';
/** This one style and nothing else. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const row = ({method, path, token, about}: AdminRoute) => {
  const link = method === 'GET' && token !== true ? `<a href="${escaped(path)}">${escaped(path)}</a>` : escaped(path);
  return `<tr><td>${method}</td><td>${link}</td><td>${escaped(about)}${token === true ? ' (needs the admin token)' : ''}</td></tr>`;
};

/** HTML without script: a table of the routes that are for people and programs. */
export const indexPage = (routes: readonly AdminRoute[]): AdminAnswer => ({
  status: 200,
  type: 'text/html; charset=utf-8',
  policy,
  body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern</title>
<style>${style}</style>
<h1>Postern</h1>
<table>
${routes
  .filter(({about}) => about !== '')
  .map(row)
  .join('\n')}
</table>
</html>
`,
});
