// Paths: what is canonical, what is ambiguous, and that no trick reads as a weaker path.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {canonicalPath, type PathAllowance, type PathOptions} from '../../src/core/path.ts';

const options = (...allow: PathAllowance[]): PathOptions => ({caseSensitive: true, allow: new Set(allow)});
const segments = (target: string, with_: PathOptions = options()) => canonicalPath(target, with_)?.segments;

describe('canonicalPath', () => {
  const canonical: [target: string, segments: string[]][] = [
    ['/', []],
    ['/?a=b', []],
    ['/a', ['a']],
    ['/a/', ['a']],
    ['/a/b?x=/../c#d', ['a', 'b']],
    ['/a%20b', ['a b']],
    ['/a%2Eb', ['a.b']],
    ['/caf%C3%A9', ['café']],
    ['/.well-known/openid-configuration', ['.well-known', 'openid-configuration']],
    ['/...', ['...']],
    ['/a..b/..c', ['a..b', '..c']],
    ['/100%25', ['100%']],
    ['/100%25x', ['100%x']],
    ['/a:b@c,d=e', ['a:b@c,d=e']],
    ['/%7Euser', ['~user']],
    ['/C%23', ['C#']],
    ['/what%3F', ['what?']],
    ['/Admin', ['Admin']],
  ];
  for (const [target, expected] of canonical) {
    it(`reads ${target} as ${JSON.stringify(expected)}`, () => assert.deepEqual(segments(target), expected));
  }

  const ambiguous = [
    '',
    '*',
    'a',
    'http://evil/a',
    '//',
    '//admin',
    '/a//b',
    '/a//',
    '/.',
    '/..',
    '/./a',
    '/a/..',
    '/a/../b',
    '/a/.',
    '/%2e',
    '/%2E%2e/a',
    '/.%2e/a',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/a;b',
    '/a;',
    '/..;/admin',
    '/a%3bb',
    '/a#b',
    '/a%00',
    '/a%0d%0a',
    '/a\u0000',
    '/a\tb',
    '/a%7f',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%u002f',
    '/%c0%af',
    '/%c0%ae%c0%ae/',
    '/%ff',
    '/%e0%80%af',
    '/a%252fb',
    '/%252e%252e/',
    '/%25%32%66',
    '/a%25%32%65',
    '/%ed%a0%80',
    '/\ud800',
    '/a%c2%85',
  ];
  for (const target of ambiguous) {
    it(`refuses ${JSON.stringify(target)}`, () => assert.equal(canonicalPath(target, options()), undefined));
  }

  const opened: [PathAllowance, target: string, segments: string[] | undefined][] = [
    ['semicolon', '/a;v=1/b', ['a', 'b']],
    ['semicolon', '/a%3bv', ['a']],
    ['semicolon', '/..;/admin', undefined],
    ['semicolon', '/;x/admin', undefined],
    ['encodedSlash', '/a%2fb', ['a/b']],
    ['encodedSlash', '/a%2f..%2fb', undefined],
    ['encodedSlash', '/a%5cb', undefined],
    ['emptySegment', '//admin', ['admin']],
    ['emptySegment', '//', []],
    ['emptySegment', '//..', undefined],
    ['doubleEncoding', '/a%252fb', ['a%2fb']],
    ['doubleEncoding', '/%252e%252e/a', undefined],
    ['doubleEncoding', '/%25252e%252e%252fa', undefined],
  ];
  for (const [allow, target, expected] of opened) {
    it(`with ${allow} reads ${target} as ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(segments(target, options(allow)), expected);
    });
  }

  it('keeps the case of captures when case does not count', () => {
    assert.deepEqual(canonicalPath('/Orgs/T1', {caseSensitive: false, allow: new Set()}), {
      segments: ['orgs', 't1'],
      captured: ['Orgs', 'T1'],
    });
  });

  it('gives back every segment that was encoded as a client should', () => {
    const honest = fc
      .string({unit: 'grapheme', minLength: 1})
      .filter((text) => text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f/\\;]|^\.{1,2}$|%[0-9a-f]{2}/i.test(text));
    fc.assert(
      fc.property(fc.array(honest), (parts) => {
        assert.deepEqual(segments(`/${parts.map(encodeURIComponent).join('/')}`), parts);
      }),
    );
  });

  it('never reads a trick as anything that an upstream could take for another path', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      ';',
      '%3b',
      '%25',
      '25',
      '2e',
      '2f',
      'a',
      '#',
      '%00',
      '?',
      '%c0%af',
      'admin',
    );
    fc.assert(
      fc.property(fc.array(piece, {maxLength: 12}), (pieces) => {
        const read = segments(`/${pieces.join('')}`);
        for (const segment of read ?? []) {
          let text = segment;
          for (let round = 0; round < 4; round++) {
            assert.ok(
              text !== '' && text !== '.' && text !== '..' && !/[/\\;\u0000]/.test(text),
              `${pieces.join('')} -> ${text}`,
            );
            text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
          }
        }
      }),
      {numRuns: 2_000},
    );
  });

  it('takes linear time on a long hostile path', () => {
    for (const piece of ['/a', '%2525', '/%2e', ';', '/.a', '/a;', '%25']) {
      canonicalPath(`/${piece.repeat(20_000)}`, options('doubleEncoding', 'semicolon', 'emptySegment'));
    }
  });
});
