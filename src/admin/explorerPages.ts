// The explorer's page: its files, as they stand in the folder explorer/. Nothing in them is secret; what they show is asked
// for with the admin token.
import {readFile} from 'node:fs/promises';
import {extname} from 'node:path';
import type {AdminAnswer, AdminRoute} from './route.ts';

/** All of them: what is not named here is not served. */
export const explorerFiles = [
  'amounts.js',
  'api.js',
  'app.js',
  'ask.js',
  'confirm.js',
  'controls.css',
  'decision.js',
  'decisions.js',
  'dom.js',
  'entitlements.js',
  'explanation.js',
  'filters.js',
  'gate.js',
  'icon.svg',
  'layout.css',
  'parts.css',
  'parts.js',
  'providers.js',
  'revocations.js',
  'revoke.js',
  'rules.js',
  'steps.css',
  'steps.js',
  'stream.js',
  'system.js',
  'tables.css',
  'theme.css',
  'words.js',
] as const;

/** Its own files and its own port: no script, style or handler in the page, nothing made a script of a text, no form sent. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** `explorer` stands beside `src` in a checkout and beside `dist` in the package. */
const folders = ['../../explorer/', '../../../explorer/'].map((path) => new URL(path, import.meta.url));

/** GET /explorer and its files, each read when it is first asked for. Where there is no token they are closed. */
export const makeExplorerPages = (read: (file: string) => Promise<string> = readShipped): readonly AdminRoute[] => {
  const kept = new Map<string, Promise<string>>();
  const answer = async (file: string): Promise<AdminAnswer> => {
    const text = kept.get(file) ?? read(file);
    kept.set(file, text);
    text.catch(() => kept.delete(file));
    return {status: 200, type: types[extname(file)] ?? 'text/plain', policy, body: await text};
  };
  const page = (path: string, file: string, about: string): AdminRoute => ({
    method: 'GET',
    path,
    token: 'configured',
    about,
    handle: () => answer(file),
  });
  return [
    page('/explorer', 'index.html', 'The explorer: decisions and why, rules, providers, entitlements, revocations'),
    ...explorerFiles.map((file) => page(`/explorer/${file}`, file, '')),
  ];
};

const readShipped = async (file: string): Promise<string> => {
  const [checkout, shipped] = folders.map((folder) => new URL(file, folder));
  return readFile(checkout as URL, 'utf8').catch(() => readFile(shipped as URL, 'utf8'));
};
