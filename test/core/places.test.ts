// Where credentials stand, and who is asked about them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {type Held, makeCredentialFinder} from '../../src/core/credential.ts';
import {makePlace, type Where} from '../../src/core/places.ts';
import {context, request, tableProvider} from '../support/requests.ts';

const held = (where: Where, headers: Record<string, string>, target = '/'): Held =>
  makePlace(where).find(request(target, {headers}));

const word = (found: Held): string => (found.held === 'value' ? `value ${found.value}` : found.held);

describe('places', () => {
  const bearer = {header: 'Authorization', scheme: 'Bearer'};
  const rows: [string, Where, string | undefined, string][] = [
    ['no header', bearer, undefined, 'nothing'],
    ['empty', bearer, '', 'nothing'],
    ['a token', bearer, 'Bearer abc.def', 'value abc.def'],
    ['lower case', bearer, 'bearer abc', 'value abc'],
    ['mixed case', bearer, 'bEARER abc', 'value abc'],
    ['several spaces', bearer, 'Bearer   abc  ', 'value abc'],
    ['the scheme alone', bearer, 'Bearer', 'malformed'],
    ['the scheme and a space', bearer, 'Bearer ', 'malformed'],
    ['two words', bearer, 'Bearer abc def', 'malformed'],
    ['a tab between', bearer, 'Bearer\tabc', 'malformed'],
    ['a colon', bearer, 'Bearer: abc', 'malformed'],
    ['another scheme', bearer, 'Basic abc', 'nothing'],
    ['a longer scheme', bearer, 'BearerX abc', 'nothing'],
    ['a shorter scheme', bearer, 'Bear abc', 'nothing'],
    ['two lines', bearer, 'Bearer abc,Bearer def', 'duplicate'],
    ['the same twice', bearer, 'Bearer abc,Bearer abc', 'duplicate'],
    ['another scheme first', bearer, 'Basic abc, Bearer def', 'duplicate'],
    ['another scheme last', bearer, 'Bearer abc,Basic def', 'duplicate'],
    ['an empty second line', bearer, 'Bearer abc,', 'duplicate'],
    ['the scheme alone, then a token', bearer, 'Bearer,bearer abc', 'duplicate'],
    ['AWS SigV4', bearer, 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c', 'nothing'],
    ['another scheme that it is asked for', {header: 'authorization', scheme: 'Basic'}, 'basic YTpi', 'value YTpi'],
    ['a whole header', {header: 'X-Api-Key'}, ' k1 ', 'value k1'],
    ['a whole header, empty', {header: 'x-api-key'}, ' ', 'nothing'],
    ['a whole header twice', {header: 'x-api-key'}, 'k1,k1', 'duplicate'],
  ];
  for (const [what, where, value, expected] of rows) {
    it(`header: ${what}: ${expected}`, () => {
      const name = 'header' in where ? where.header.toLowerCase() : '';
      assert.equal(word(held(where, value === undefined ? {} : {[name]: value})), expected);
    });
  }

  const cookies: [string, string | undefined, string][] = [
    ['no cookies', undefined, 'nothing'],
    ['others', 'a=1; b=2', 'nothing'],
    ['among others', 'a=1; sid=x; b=2', 'value x'],
    ['without spaces', 'a=1;sid=x;b=2', 'value x'],
    ['in quotes', 'sid="x"', 'value x'],
    ['with = in it', 'sid=x==', 'value x=='],
    ['empty', 'sid=', 'nothing'],
    ['empty in quotes', 'sid=""', 'nothing'],
    ['a name alone', 'sid', 'nothing'],
    ['another case', 'SID=x', 'nothing'],
    ['a longer name', 'xsid=x; sidx=y', 'nothing'],
    ['inside another value', 'a=sid=x', 'nothing'],
    ['twice', 'sid=x; sid=y', 'duplicate'],
    ['twice the same', 'sid=x; a=1; sid=x', 'duplicate'],
    ['empty, then something', 'sid=; sid=y', 'duplicate'],
    ['two headers joined by a comma', 'sid=x,sid=y', 'duplicate'],
    ['a comma in quotes', 'sid="x,y"', 'duplicate'],
    ['a space before =', 'sid =x; sid=y', 'duplicate'],
  ];
  for (const [what, line, expected] of cookies) {
    it(`cookie: ${what}: ${expected}`, () =>
      assert.equal(word(held({cookie: 'sid'}, line === undefined ? {} : {cookie: line})), expected));
  }

  const queries: [string, string][] = [
    ['/', 'nothing'],
    ['/?', 'nothing'],
    ['/?t', 'nothing'],
    ['/?t=', 'nothing'],
    ['/?t=x', 'value x'],
    ['/?a=1&t=x&b=2', 'value x'],
    ['/?t=a%2Fb+c', 'value a/b c'],
    ['/?%74=x', 'value x'],
    ['/?t=x&t=y', 'duplicate'],
    ['/?t=x&%74=y', 'duplicate'],
    ['/?t&t=y', 'duplicate'],
    ['/?t=%', 'malformed'],
    ['/?t=%ff', 'malformed'],
    ['/?T=x&tt=y&a=t=z', 'nothing'],
    ['/?%=x', 'nothing'],
    ['/t=x', 'nothing'],
  ];
  for (const [target, expected] of queries) {
    it(`query: ${target}: ${expected}`, () => assert.equal(word(held({query: 't'}, {}, target)), expected));
  }

  it('the same place has the same label, whatever its spelling', () => {
    assert.equal(makePlace({header: 'AUTHORIZATION', scheme: 'BEARER'}).label, 'header:authorization:bearer');
    assert.equal(makePlace({header: 'X-Api-Key'}).label, 'header:x-api-key');
    assert.equal(makePlace({cookie: 'sid'}).label, 'cookie:sid');
    assert.equal(makePlace({query: 'access_token'}).label, 'query:access_token');
  });

  it('a megabyte of anything is read in a moment', () => {
    const begun = performance.now();
    for (const filler of [
      ',',
      ' ',
      ';',
      '&',
      '=',
      'sid',
      '"',
      '%',
      '+',
      'Bearer ',
      'Bearer,',
      'a=1;',
      'a=1&',
      ' ,',
      '\t',
    ]) {
      const line = filler.repeat(1_048_576 / filler.length);
      for (const place of [bearer, {header: 'authorization'}, {cookie: 'sid'}, {query: 't'}] as Where[]) {
        held(place, {authorization: line, cookie: line}, `/?${line}`);
        held(place, {authorization: `Bearer ${line}`, cookie: `sid=${line}`}, `/?t=${line}`);
      }
    }
    assert.ok(performance.now() - begun < 10_000, 'a quadratic reading of one would take minutes');
  });
});

describe('who is asked', () => {
  const token = makePlace({header: 'authorization', scheme: 'Bearer'});
  const cookie = makePlace({cookie: 'sid'});
  const parameter = makePlace({query: 't'});
  const providers = [
    {...tableProvider('a', token, new Map(), 'a'), places: [token, cookie]},
    {...tableProvider('b', cookie, new Map(), 'b'), places: [cookie, parameter]},
  ];
  const find = makeCredentialFinder(providers);
  const asked = (target: string, headers: Record<string, string>): string => {
    const found = find(request(target, {headers}));
    return found.found === 'credential' ? `${found.provider.name} ${found.credential.value}` : found.found;
  };
  const rows: [string, string, Record<string, string>, string][] = [
    ['nothing', '/', {}, 'nothing'],
    ['the first place', '/?t=b3', {authorization: 'Bearer a1', cookie: 'sid=b2'}, 'a a1'],
    ['the second place', '/?t=b3', {cookie: 'sid=b2'}, 'b b2'],
    ['the last place', '/?t=b3', {}, 'b b3'],
    [
      'no falling through from a refused place',
      '/?t=b3',
      {authorization: 'Bearer zz', cookie: 'sid=b2'},
      'unsupported',
    ],
    ['nor from a provider that has not that place', '/', {authorization: 'Bearer b1'}, 'unsupported'],
    ['nor from a duplicate', '/', {authorization: 'Bearer a1,Bearer a2', cookie: 'sid=b2'}, 'duplicate'],
    ['nor from a malformed one', '/', {authorization: 'Bearer', cookie: 'sid=b2'}, 'malformed'],
    ['past another scheme', '/', {authorization: 'Basic zz', cookie: 'sid=b2'}, 'b b2'],
  ];
  for (const [what, target, headers, expected] of rows) {
    it(`${what}: ${expected}`, () => assert.equal(asked(target, headers), expected));
  }

  it('headers that are no place change nothing', () => {
    const known = [
      'x-forwarded-authorization',
      'x-api-key',
      'proxy-authorization',
      '__proto__',
      'constructor',
      'cookie2',
    ];
    const name = fc.oneof(fc.constantFrom(...known), fc.stringMatching(/^x-[a-z]{1,8}$/));
    fc.assert(
      fc.property(
        fc.constantFrom(...rows),
        fc.array(fc.tuple(name, fc.string())),
        ([, target, headers, expected], more) => {
          const all = new Map([...more, ...Object.entries(headers)]);
          const found = find({...request(target), headers: all});
          const word = found.found === 'credential' ? `${found.provider.name} ${found.credential.value}` : found.found;
          assert.equal(word, expected);
        },
      ),
    );
  });

  it('what stands in a later place never changes who is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (line, query) => {
        assert.equal(asked(`/?${query}`, {authorization: 'Bearer a1', cookie: line}), 'a a1');
      }),
    );
  });

  it('the provider answers for the value alone', async () => {
    const found = find(request('/', {headers: {authorization: 'Bearer a1'}}));
    assert.ok(found.found === 'credential');
    const {now, deadline} = context();
    const answer = await found.provider.authenticate(found.credential, {request: request('/'), now, deadline});
    assert.equal(answer.rejected, 'bad_signature');
  });
});
