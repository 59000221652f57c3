// Cookies and parameters, taken apart in one walk for all places, are what they are by the plain words of their standards.
import assert from 'node:assert/strict';
import {makePlace} from '../../../src/core/credential/places.ts';
import {makeRandom, type Random} from '../../fuzz/random.ts';
import {request} from '../../support/requests.ts';

const runs = Number(process.env.READ_RUNS ?? 20_000);
const seed = Number(process.env.SEED ?? 11);

/** RFC 6265 section 5.2: pieces between `;`, each cut at its first `=`, blanks around both are none of them. */
const plainCookie = (line: string, name: string): string => {
  const values = line
    .split(';')
    .filter((piece) => piece.includes('='))
    .map((piece) => piece.split(/=(.*)/s).map((part) => part.replaceAll(/^[ \t]+|[ \t]+$/g, '')))
    .filter(([written]) => written === name)
    .map(([, value = '']) => value);
  const [first] = values;
  if (first === undefined) return 'nothing';
  if (first.includes(',') || new Set(values).size > 1) return 'duplicate';
  const bare = /^".*"$/s.test(first) && first.length > 1 ? first.slice(1, -1) : first;
  return bare === '' ? 'nothing' : `value ${bare}`;
};

/** As a form is sent (application/x-www-form-urlencoded), but what cannot be decoded is not repaired. */
const plainParameter = (target: string, name: string): string => {
  const decoded = (text: string): string | undefined => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch {
      return undefined;
    }
  };
  const query = /\?([^#]*)/s.exec(target)?.[1] ?? '';
  const values = query
    .split('&')
    .map((piece) => piece.split(/=(.*)/s))
    .filter(([written = '']) => decoded(written) === name)
    .map(([, value = '']) => value);
  const [first] = values;
  if (first === undefined) return 'nothing';
  if (values.length > 1) return 'duplicate';
  const value = decoded(first);
  return value === undefined ? 'malformed' : value === '' ? 'nothing' : `value ${value}`;
};

const words = {
  cookie: [
    'sid',
    'sid=',
    'sid=x;',
    ';sid=x',
    '=',
    '=',
    ';',
    '; ',
    ' ',
    '\t',
    '"',
    ',',
    'x',
    'SID',
    'sidx',
    '\u00a0',
    '\v',
    '%3B',
    'a=b; ',
  ],
  query: [
    't',
    't=',
    't=x&',
    '&t=%',
    '=',
    '=',
    '&',
    '&',
    '%74',
    '%',
    '%2',
    '%26',
    '+',
    'x',
    'T',
    '%c3%a4',
    '%ff',
    ';',
    '?',
    'ä',
    'a=b&',
  ],
};
const drawn = (random: Random, of: readonly string[]): string =>
  Array.from({length: random.below(14)}, () => random.pick(of)).join('');

describe('places, beside a plain reading', () => {
  it(`cookies: ${runs} lines`, function () {
    this.timeout(600_000);
    const random = makeRandom(seed);
    const place = makePlace({cookie: 'sid'});
    const seen = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      const cookie = drawn(random, words.cookie);
      const held = place.find(request('/', {headers: {cookie}}));
      const said = held.held === 'value' ? `value ${held.value}` : held.held;
      assert.equal(said, plainCookie(cookie, 'sid'), `seed ${seed}: ${JSON.stringify(cookie)}`);
      seen.set(held.held, (seen.get(held.held) ?? 0) + 1);
    }
    for (const kind of ['nothing', 'value', 'duplicate']) assert.ok((seen.get(kind) ?? 0) > runs / 100, kind);
  });

  it(`parameters: ${runs} queries`, function () {
    this.timeout(600_000);
    const random = makeRandom(seed);
    const place = makePlace({query: 't'});
    const seen = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      const target = `/a?${drawn(random, words.query)}`;
      const held = place.find(request(target, {}));
      const said = held.held === 'value' ? `value ${held.value}` : held.held;
      assert.equal(said, plainParameter(target, 't'), `seed ${seed}: ${JSON.stringify(target)}`);
      seen.set(held.held, (seen.get(held.held) ?? 0) + 1);
    }
    for (const kind of ['nothing', 'value', 'duplicate', 'malformed'])
      assert.ok((seen.get(kind) ?? 0) > runs / 200, `${kind} ${seen.get(kind)}`);
  });
});
