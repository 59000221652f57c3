// The path of a request: whoever may not go to /admin gets there by no spelling of it that some upstream understands.
import {openGate, textOf} from '../gate.ts';
import {must, type Target} from '../target.ts';

/** How upstreams read a path, one after the other, each twice: decoding, other separators, parameters, dots. */
const decoded = (path: string): string =>
  path.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
const folded = (path: string): string =>
  path.replaceAll(/[^\0-\x7f]/gu, (one) => (/^[./\\]+$/.test(one.normalize('NFKC')) ? one.normalize('NFKC') : one));
const separated = (path: string): string => path.replaceAll('\\', '/');
const withoutParameters = (path: string): string => path.replaceAll(/;[^/]*/g, '');
const cut = (path: string): string => path.split(/[?#]/, 1)[0] as string;

const resolved = (path: string): readonly string[] => {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    const trimmed = segment.trim();
    if (trimmed === '..') segments.pop();
    else if (trimmed !== '.' && trimmed !== '') segments.push(segment);
  }
  return segments;
};

const readingsOf = (raw: string): readonly (readonly string[])[] => {
  let forms = new Set([cut(raw)]);
  for (const read of [decoded, folded, decoded, separated, withoutParameters, cut]) {
    forms = new Set([...forms, ...[...forms].map(read)]);
  }
  return [...forms].map(resolved);
};

export const path: Target = {
  name: 'path',
  seeds: [
    '/admin/users', '/orgs/acme/orders/1?x=1', '/orgs/other/orders', '/a/b/c', '/public/../admin', '/a/%2e%2e/admin',
    '/a;x=1/admin', '//admin', '/%61dmin', '/%2561dmin', '/a\\..\\admin', '/a/..%20/admin', '/a/\uff0e\uff0e/admin',
    '/public/%c0%ae%c0%ae/admin', '/orgs/acme/..;/..;/admin', '/admin#', '/x?/../admin',
  ], // biome-ignore format: a table
  words: ['admin', '/admin', 'orgs', 'acme', 'other', '/..', '/.', '..;', '%2e%2e', '%252e', '%5c', ';a=b', '\u2025', '%e2%80%a4', '%0a', '%09', '%20'], // biome-ignore format: a table
  longest: 60_000,
  async open() {
    const gate = await openGate();
    return {
      async run(input) {
        const target = textOf(input);
        const {allowed} = await gate.ask({path: target, headers: {authorization: `Bearer ${gate.token}`}});
        if (!allowed || target.length > 4_000) return undefined;
        return () => {
          for (const [first, second] of readingsOf(target)) {
            must(first !== 'admin', 'let through, and may mean /admin');
            must(
              first !== 'orgs' || second === undefined || second === 'acme',
              "let through, and may mean another tenant's",
            );
          }
        };
      },
      close: gate.close,
    };
  },
};
