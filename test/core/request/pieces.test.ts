// Cookies and parameters: taken apart once a request, in a bounded number of steps, however many places ask.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {makePlace, type Where} from '../../../src/core/credential/places.ts';
import {percentDecoded} from '../../../src/core/request/percent.ts';
import {
  cookiesOf,
  decodedParameter,
  longestLine,
  mostCookies,
  mostParameters,
  parametersOf,
} from '../../../src/core/request/pieces.ts';
import type {Request} from '../../../src/core/request/request.ts';
import {request} from '../../support/requests.ts';

/** A request that counts how often its lines are read whole. */
const counting = (target: string, headers: Record<string, string>) => {
  const reads = {cookie: 0, target: 0};
  const of = new Map(Object.entries(headers));
  const asked: Request = {
    ...request(target),
    headers: {
      ...of,
      get: (name: string) => {
        if (name === 'cookie') reads.cookie++;
        return of.get(name);
      },
      has: (name: string) => of.has(name),
    } as unknown as Request['headers'],
  };
  return {asked, reads};
};

describe('pieces', () => {
  it('are taken apart once, for however many places', () => {
    const {asked, reads} = counting('/?a=1', {cookie: 'a=1; b=2'});
    const wheres: Where[] = Array.from({length: 50}, (_, at) => ({cookie: `c${at}`}));
    for (const where of wheres) makePlace(where).find(asked);
    assert.equal(reads.cookie, 1);
    assert.equal(cookiesOf(asked), cookiesOf(asked));
    assert.equal(parametersOf(asked), parametersOf(asked));
  });

  it('are not taken apart where a header holds the credential', () => {
    const {asked, reads} = counting('/?a=1', {authorization: 'Bearer x', cookie: 'a=1'});
    makePlace({header: 'authorization', scheme: 'Bearer'}).find(asked);
    assert.equal(reads.cookie, 0);
  });

  for (const filler of ['a=1;', ';', 'a;', '=;', '%;', ' ;', '\t', '"', 'a=']) {
    it(`60 kB of ${JSON.stringify(filler)} in cookies take at most ${mostCookies} steps`, () => {
      const pieces = cookiesOf(request('/', {headers: {cookie: filler.repeat(60_000 / filler.length)}}));
      assert.ok(pieces.steps <= mostCookies, `${pieces.steps}`);
    });
  }
  for (const filler of ['%&', '%=&', '&', 'a=1&', '%61=1&', '+', '%', '%c3', '=', '%ff=&', '%25']) {
    it(`60 kB of ${JSON.stringify(filler)} in a query take at most ${mostParameters} steps`, () => {
      const pieces = parametersOf(request(`/?${filler.repeat(60_000 / filler.length)}`));
      assert.ok(pieces.steps <= mostParameters, `${pieces.steps}`);
    });
  }

  const found = (where: Where, target: string, cookie = ''): string =>
    makePlace(where).find(request(target, {headers: {cookie}})).held;
  const manyCookies = (count: number) => Array.from({length: count}, (_, at) => `c${at}=1`).join('; ');
  const manyParameters = (count: number) => Array.from({length: count}, (_, at) => `p${at}=1`).join('&');
  const bounds: [what: string, held: string, expected: string][] = [
    ['as many cookies as are looked at', found({cookie: 'c7'}, '/', manyCookies(mostCookies)), 'value'],
    ['one cookie more', found({cookie: 'c7'}, '/', manyCookies(mostCookies + 1)), 'malformed'],
    ['one cookie more, and not ours', found({cookie: 'sid'}, '/', manyCookies(mostCookies + 1)), 'malformed'],
    ['a long line of cookies', found({cookie: 'sid'}, '/', `sid=${'x'.repeat(longestLine - 4)}`), 'value'],
    ['a longer one', found({cookie: 'sid'}, '/', `sid=${'x'.repeat(longestLine - 3)}`), 'malformed'],
    ['as many parameters as are looked at', found({query: 'p7'}, `/?${manyParameters(mostParameters)}`), 'value'],
    ['one parameter more', found({query: 'p7'}, `/?${manyParameters(mostParameters + 1)}`), 'malformed'],
    ['a long query', found({query: 't'}, `/?t=${'x'.repeat(longestLine - 2)}`), 'value'],
    ['a longer query', found({query: 't'}, `/?t=${'x'.repeat(longestLine - 1)}`), 'malformed'],
  ];
  for (const [what, held, expected] of bounds) it(`${what}: ${expected}`, () => assert.equal(held, expected));

  const white = ['\u2000', '\u00a0', '\u3000', '\ufeff', '\f', '\v', '\u0085', '\u2028', '\u180e', '\u200b'];
  for (const space of white) {
    it(`U+${space.charCodeAt(0).toString(16).padStart(4, '0')} is no white space of a cookie`, () => {
      const honest = '__Host-session=victim';
      const place = makePlace({cookie: '__Host-session'});
      const alone = place.find(request('/', {headers: {cookie: `${space}__Host-session=x`}}));
      assert.equal(alone.held, 'nothing');
      for (const line of [`${honest}; ${space}__Host-session=x`, `__Host-session${space}=x; ${honest}`]) {
        assert.deepEqual(place.find(request('/', {headers: {cookie: line}})), {held: 'value', value: 'victim'});
      }
    });
    it(`nor of a header`, () => {
      const place = makePlace({header: 'authorization', scheme: 'Bearer'});
      assert.equal(place.find(request('/', {headers: {authorization: `${space}Bearer x`}})).held, 'nothing');
      assert.equal(
        place.find(request('/', {headers: {authorization: `Bearer ${space}x`}})).held === 'value',
        space === '\u180e' || space === '\u200b' || space === '\u0085',
      );
    });
  }
});

describe('percentDecoded', () => {
  const plain = (text: string): string | undefined => {
    try {
      return decodeURIComponent(text);
    } catch {
      return undefined;
    }
  };
  const piece = fc.constantFrom(
    ...'%|%2|c3|a9|%c3%a9|%e2|%82|%ac|%ed|%a0|%80|%f0|%9f|%98|%f4|%90|%8f|%C0|%AF|a|é|\ud800|+|0|%00|%25'.split('|'),
  );

  it('says what decodeURIComponent says, and undefined where that throws', () => {
    const text = fc.oneof(
      fc.string({unit: 'binary'}),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (of) => assert.equal(percentDecoded(of), plain(of))),
      {numRuns: 5_000},
    );
  });
  it('knows every sequence of two bytes, and of three around each boundary', () => {
    const hex = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`;
    for (let first = 0; first < 256; first++) {
      assert.equal(percentDecoded(hex(first)), plain(hex(first)));
      for (let second = 0; second < 256; second++) {
        for (const rest of ['', '%80', '%bf', '%80%80', '%bf%bf', '%7f', '%c0']) {
          const text = hex(first) + hex(second) + rest;
          assert.equal(percentDecoded(text), plain(text), text);
        }
      }
    }
  });
  it('reads + as a space in a query', () => assert.equal(decodedParameter('a+b%2B'), 'a b+'));
});
