// The page at /, for a person who looks: what there is, and where.
import type {AdminRoute} from './route.ts';

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const row = ({method, path, token, about}: AdminRoute) => {
  const link = method === 'GET' && !token ? `<a href="${escaped(path)}">${escaped(path)}</a>` : escaped(path);
  return `<tr><td>${method}</td><td>${link}</td><td>${escaped(about)}${token ? ' (needs the admin token)' : ''}</td></tr>`;
};

/** HTML without script: a table of the routes. */
export const indexPage = (routes: readonly AdminRoute[]): string =>
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern</title>
<style>body{font:16px/1.5 system-ui;margin:2rem}td{padding:0 1rem .3rem 0}</style>
<h1>Postern</h1>
<table>
${routes.map(row).join('\n')}
</table>
</html>
`;
