// Whatever a client writes, and however those behind read it: nothing is let in whose plain form would not be.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {makeCheck} from '../../../src/check.ts';
import type {PathAllowance, PathOptions} from '../../../src/core/request/path.ts';
import type {Match, Rule} from '../../../src/core/rule/rules.ts';
import {context, request} from '../../support/requests.ts';

const closed = (name: string, match: Match): Rule => ({name, match, access: {access: 'deny'}, shadow: false});
const open = (name: string, match: Match): Rule => ({name, match, access: {access: 'public'}, shadow: false});
const rules = [
  closed('host', {hosts: ['admin.example', '127.0.0.1', '[::1]']}),
  closed('admin', {path: '/admin/**'}),
  closed('keys', {path: '/keys/**'}),
  open('rest', {path: '/**'}),
];
const nobody = {providers: [], revocations: {revoked: () => false}, entitlements: {entitled: () => ({entitled: true})}};
const isAllowed = async (paths: PathOptions, target: string, host = 'x.example'): Promise<boolean> => {
  const parts = {...nobody, rules, paths} as unknown as Parameters<typeof makeCheck>[0];
  return (await makeCheck(parts)(request(target, {host}), context())).outcome === 'allow';
};

/** Steps that services, frameworks and proxies take with a path, in any order and number. */
const steps: readonly ((path: string) => string)[] = [
  (path) => path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  (path) => decoded(path),
  (path) => path.replaceAll('\\', '/'),
  (path) => path.replace(/\/{2,}/g, '/'),
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => path.replace(/\0.*$/s, ''),
  (path) =>
    path
      .replace(/[\u2044\u2215\uff0f]/g, '/')
      .replace(/[\u2024\uff0e\ufe52]/g, '.')
      .replaceAll('\u2025', '..'),
  (path) =>
    path.replace(
      /(^|\/)([.\s\u200b\u00ad]+)(?=\/|$)/g,
      (_, slash: string, dots: string) => slash + dots.replace(/[^.]/g, ''),
    ),
  (path) => withoutDots(path),
];
const folds: typeof steps = [
  (path) => path.toLowerCase(),
  (path) => path.toUpperCase().toLowerCase(),
  (path) => path.toLocaleLowerCase('tr').replaceAll('\u0131', 'i'),
  (path) => path.normalize('NFKC').toLowerCase(),
];
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};
const withoutDots = (path: string): string => {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/').replace(/^\/+/, '')}`;
};
const isClosed = (path: string): boolean => /^\/+(admin|keys)(\/|$)/.test(path);

const piece = fc.constantFrom(
  ...['/', '//', '.', '..', '%2e', '%2E%2e', '%2f', '%252f', '%252e', '%5c', '\\', ';', ';x', '%3b', '#', '%23', '%00'],
  ...['%20', '%09', '%C2%A0', '%E2%80%8B', '%EF%BC%8E', '%E2%80%A5', '%EF%BC%8F', '%E2%81%84', '%25', '%61', '%2561'],
  ...['admin', 'Admin', 'ADM%C4%B0N', 'adm%C4%B1n', 'dmin', 'key%C5%BF', '%E2%84%AAeys', 'keys', 'x', 'public', '?'],
);
const target = fc.array(piece, {minLength: 1, maxLength: 8}).map((pieces) => `/${pieces.join('')}`);

describe('readers', () => {
  for (const caseSensitive of [true, false]) {
    it(`no reading of a path that is let in is a closed one, ${caseSensitive ? 'with' : 'without'} case`, async () => {
      const taken = caseSensitive ? steps : [...steps, ...folds];
      const order = fc.array(fc.integer({min: 0, max: taken.length - 1}), {maxLength: 6});
      await fc.assert(
        fc.asyncProperty(target, order, async (path, chosen) => {
          if (!(await isAllowed({caseSensitive, allow: new Set()}, path))) return;
          // An encoded `?` or `#` is a character of its segment, to whoever parses before decoding.
          let [read = ''] = path.split(/[?#]/, 1);
          if (!caseSensitive) read = decoded(read);
          for (const step of chosen) read = taken[step]?.(read) ?? read;
          assert.ok(!isClosed(read), `${path} is read as ${read}`);
        }),
        {numRuns: 5_000},
      );
    });
  }

  const opening: Readonly<Record<PathAllowance, (path: string) => readonly string[]>> = {
    semicolon: (path) => [path.replace(/;[^/]*/g, '')],
    encodedSlash: (path) => [decoded(path)],
    emptySegment: (path) => [path.replace(/\/{2,}/g, '/')],
    doubleEncoding: (path) => [decoded(path), decoded(decoded(path))],
  };
  for (const allowance of Object.keys(opening) as PathAllowance[]) {
    it(`nor where ${allowance} is opened`, async () => {
      await fc.assert(
        fc.asyncProperty(target, async (path) => {
          const [before = ''] = path.split(/[?#]/);
          if (!(await isAllowed({caseSensitive: true, allow: new Set([allowance])}, path))) return;
          for (const read of [decoded(before), ...opening[allowance](before)])
            assert.ok(!isClosed(read), `${path}: ${read}`);
        }),
        {numRuns: 3_000},
      );
    });
  }

  /** How services find a host in what they are sent. */
  const hosts: readonly ((host: string) => string)[] = [
    (host) => host.split(':')[0] ?? '',
    (host) => host.replace(/:[^:]*$/, ''),
    (host) => host.split('@').at(-1) ?? '',
    (host) => host.split(',')[0] ?? '',
    (host) => host.split(',').at(-1) ?? '',
    (host) => host.trim(),
    (host) => host.replace(/\.+$/, ''),
    (host) => host.split(/[/\\?#\0]/)[0] ?? '',
    (host) => decoded(host),
    (host) => host.toLowerCase(),
    (host) => host.normalize('NFKC').replaceAll('\u3002', '.'),
    (host) => (URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host),
  ];
  it('no reading of a host that is let in is a closed one', async () => {
    const part = fc.constantFrom(
      ...[
        'admin',
        'ADMIN',
        '.',
        '..',
        'example',
        ':',
        '80',
        ':+80',
        ':0x50',
        '@',
        ',',
        ' ',
        '%2e',
        '%00',
        '/',
        '\\',
        '#',
      ],
      ...[
        '127',
        '0x7f',
        '0177',
        '2130706433',
        '0',
        '1',
        '.1',
        '[',
        ']',
        '::1',
        '0:0::1',
        '\uff0e',
        '\u3002',
        '\u0130',
        'x',
      ],
    );
    const order = fc.array(fc.integer({min: 0, max: hosts.length - 1}), {maxLength: 5});
    await fc.assert(
      fc.asyncProperty(fc.array(part, {minLength: 1, maxLength: 7}), order, async (parts, chosen) => {
        const host = parts.join('');
        if (!(await isAllowed({caseSensitive: true, allow: new Set()}, '/x', host))) return;
        let read = host;
        for (const step of chosen) read = hosts[step]?.(read) ?? read;
        assert.ok(!['admin.example', '127.0.0.1', '[::1]', '::1'].includes(read), `${host} is read as ${read}`);
      }),
      {numRuns: 5_000},
    );
  });
});
