// Paths: what is canonical, what is ambiguous, and that no trick reads as a weaker path.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {readAsSyntax} from '../../../src/core/request/foldings.ts';
import {canonicalPath, isTooLong, type PathAllowance, type PathOptions} from '../../../src/core/request/path.ts';

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
    ['/a%20', ['a ']],
    ['/wait%E2%80%A6', ['wait…']],
    ['/..%20a', ['.. a']],
    ['/%E8%A8%98%E4%BA%8B%EF%BC%9F', ['記事？']],
    ['/%ef%bd%81', ['ａ']],
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
    '/..%20/a',
    '/a/..%09',
    '/.%20',
    '/%20..',
    '/%20.%20.%20',
    '/%20',
    '/%20/a',
    '/a/%C2%A0%20',
    '/%E2%80%8B/a',
    '/%C2%AD/a',
    '/%EF%BB%BF/a',
    '/..%C2%A0',
    '/..%E3%80%80/a',
    '/.%E2%80%8B./a',
    '/..%EF%BB%BF',
    '/.%C2%AD.',
    '/..%E2%80%AE',
    '/%EF%BC%8E%EF%BC%8E/a',
    '/%E2%80%A4%E2%80%A4/a',
    '/%E2%80%A5/a',
    '/%EF%B8%B0/a',
    '/.%EF%BC%8E/a',
    '/a%EF%BC%8Fb',
    '/a%EF%BC%BCb',
    '/a%EF%B9%A8b',
    '/a%E2%88%95b',
    '/a%E2%81%84b',
    '/a%E2%88%96b',
    '/a%C2%A5b',
    '/a%E2%84%80',
    '/%EF%BC%852e',
    '/a%CD%BEb',
    '/a%EF%BF%BD',
    '/a\ufffd',
    '/a b',
    '/a ',
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

  const caseless: PathOptions = {caseSensitive: false, allow: new Set(['doubleEncoding'])};
  for (const target of [
    '/%C5%BFecrets',
    '/adm%C4%B1n',
    '/adm%C4%B0n',
    '/%E2%84%AAeys',
    '/pa%C3%9F',
    '/%EF%AC%81le',
    '/%EF%BC%A1dmin',
    '/%25C5%25BFecrets',
  ]) {
    it(`without case refuses ${target}, which others fold into ASCII`, () => {
      assert.equal(canonicalPath(target, caseless), undefined);
      assert.notEqual(canonicalPath(target, options('doubleEncoding')), undefined);
    });
  }
  it('without case knows every form of a letter as one', () => {
    const read = (text: string) => canonicalPath(`/${encodeURIComponent(text)}`, caseless)?.segments;
    assert.deepEqual(read('ΟΔΟΣ'), read('οδος'));
    assert.deepEqual(read('οδοσ'), read('οδος'));
    assert.deepEqual(read('µ'), read('μ'));
    assert.deepEqual(read('ÜBER'), ['über']);
  });

  const readings: [allow: PathAllowance[], target: string, readings: string[]][] = [
    [['encodedSlash'], '/a%2Fb', ['a/b', 'a|b']],
    [['encodedSlash'], '/%2Fa', ['/a', 'a', '|a']],
    [['encodedSlash'], '/a/b%20c', []],
    [['doubleEncoding'], '/%2561dmin/x', ['%61dmin|x', 'admin|x']],
    [['doubleEncoding'], '/a%252fb', ['a%2fb', 'a/b', 'a|b']],
    [['doubleEncoding'], '/100%25', []],
    [['semicolon'], '/a;x/b', ['a|b', 'a;x|b']],
    [['emptySegment'], '/a//b', ['a|b', 'a||b']],
    [['emptySegment'], '/a//', ['a', 'a|']],
    [['semicolon', 'encodedSlash'], '/a;b%2fc', ['a', 'a|c', 'a;b/c', 'a;b|c']],
  ];
  for (const [allow, target, expected] of readings) {
    it(`with ${allow.join()} reads ${target} in ${expected.length} ways`, () => {
      const {segments: first = [], others} = canonicalPath(target, options(...allow)) ?? {};
      const all = others === undefined ? [] : [first, ...others.map((other) => other.segments)];
      assert.deepEqual(all.map((one) => one.join('|')).sort(), [...expected].sort());
    });
  }
  it('reads nothing that would decode a third time, nor a long path in several ways', () => {
    assert.equal(segments('/%25252561dmin', options('doubleEncoding')), undefined);
    assert.equal(segments(`/a;/${'b'.repeat(4_096)}`, options('semicolon')), undefined);
    assert.deepEqual(segments(`/a;/${'b'.repeat(4_000)}`, options('semicolon')), ['a', 'b'.repeat(4_000)]);
  });
  it('knows a path that is too long, whatever its query', () => {
    assert.equal(isTooLong(`/${'a'.repeat(16_383)}?${'b'.repeat(60_000)}`), false);
    assert.equal(isTooLong(`/${'a'.repeat(16_384)}`), true);
    assert.equal(isTooLong('/abc'.repeat(512)), false);
    assert.equal(isTooLong('/abc'.repeat(513)), true);
    assert.equal(isTooLong(`/a?${'/'.repeat(10_000)}`), false);
  });
  it('never throws, whatever it is given, and its own form is read as itself', () => {
    const allowances = fc.subarray<PathAllowance>(['semicolon', 'encodedSlash', 'emptySegment', 'doubleEncoding']);
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), allowances, fc.boolean(), (text, allow, caseSensitive) => {
        canonicalPath(text, {caseSensitive, allow: new Set(allow)});
        const read = canonicalPath(`/${text}`, {caseSensitive, allow: new Set()})?.segments;
        if (read === undefined) return;
        const again = `/${read.map(encodeURIComponent).join('/')}`;
        assert.deepEqual(canonicalPath(again, {caseSensitive, allow: new Set()})?.segments, read);
      }),
      {numRuns: 3_000},
    );
  });
  it('is the path that Node reads, wherever it is one', () => {
    const piece = fc.constantFrom(...'/|.|..|%2e|a|B|%20|%|%2f|é|%C3%A9|;|:|@|~|!|//|\t| '.split('|'));
    fc.assert(
      fc.property(fc.array(piece, {maxLength: 9}), (pieces) => {
        const target = `/${pieces.join('')}`;
        const read = segments(target);
        if (read === undefined) return;
        const {pathname} = new URL(`http://x${target}`);
        assert.deepEqual(
          pathname
            .replace(/^\/|\/$/g, '')
            .split('/')
            .map(decodeURIComponent),
          read.length === 0 ? [''] : read,
        );
      }),
      {numRuns: 3_000},
    );
  });

  it('keeps the case of captures when case does not count', () => {
    assert.deepEqual(canonicalPath('/Orgs/T1', {caseSensitive: false, allow: new Set()}), {
      segments: ['orgs', 't1'],
      captured: ['Orgs', 'T1'],
    });
  });

  /** Nothing but what is dropped or not seen, with dots or without, and what normalises to a separator. */
  const isOdd = (text: string): boolean =>
    readAsSyntax.test(text) ||
    /^\.{0,2}$/.test(text.replace(/[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, ''));

  it('gives back every segment that was encoded as a client should', () => {
    const honest = fc
      .string({unit: 'grapheme', minLength: 1})
      .filter(
        (text) => text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f/\\;]|%[0-9a-f]{2}/i.test(text) && !isOdd(text),
      );
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
