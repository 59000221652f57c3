// Where credentials stand, and who is asked about them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {type Held, makeCredentialFinder} from '../../../src/core/credential/credential.ts';
import {makePlace, type Where} from '../../../src/core/credential/places.ts';
import {context, request, tableProvider} from '../../support/requests.ts';

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
    ['twice the same', 'sid=x; a=1; sid=x', 'value x'],
    ['three times, one of them another', 'sid=x; sid=x; sid=y', 'duplicate'],
    ['twice, once in quotes', 'sid=x; sid="x"', 'duplicate'],
    ['twice empty', 'sid=; sid=', 'nothing'],
    ['empty, then something', 'sid=; sid=y', 'duplicate'],
    ['two headers joined by a comma', 'sid=x,sid=y', 'duplicate'],
    ['a comma in quotes', 'sid="x,y"', 'duplicate'],
    ['a space before =', 'sid =x; sid=y', 'duplicate'],
  ];
  for (const [what, line, expected] of cookies) {
    it(`cookie: ${what}: ${expected}`, () =>
      assert.equal(word(held({cookie: 'sid'}, line === undefined ? {} : {cookie: line})), expected));
  }

  const pieced = {cookie: 't', pieces: '{name}.{n}'};
  const counted = (count: number) => Array.from({length: count}, (_, at) => `t.${at}=${at % 10}`).join('; ');
  const forms: [string, Where, string, string][] = [
    ['pieces', pieced, 't.0=a; x=1; t.1=b; t.2=c', 'value abc'],
    ['pieces in any order', pieced, 't.2=c; t.0=a; t.1=b', 'value abc'],
    ['one piece', pieced, 't.0=a', 'value a'],
    ['no piece, but whole', pieced, 't=a', 'value a'],
    ['quoted pieces', pieced, 't.0="a"; t.1="b"', 'value ab'],
    ['none', pieced, 'x=1; tt.0=a; t.=b; t.x=c; t.00=d', 'nothing'],
    ['a gap', pieced, 't.0=a; t.2=c', 'malformed'],
    ['no first piece', pieced, 't.1=b', 'malformed'],
    ['an empty piece between', pieced, 't.0=a; t.1=; t.2=c', 'malformed'],
    ['pieces that were emptied at the end', pieced, 't.0=a; t.1=; t.2=', 'value a'],
    ['a piece twice', pieced, 't.0=a; t.1=b; t.1=c', 'duplicate'],
    ['a piece twice with one value', pieced, 't.0=a; t.1=b; t.1=b', 'value ab'],
    ['whole and in pieces', pieced, 't=z; t.0=a', 'duplicate'],
    ['emptied as a whole, and in pieces', pieced, 't=; t.0=a', 'value a'],
    ['as many as are joined', pieced, counted(16), 'value 0123456789012345'],
    ['one more', pieced, counted(17), 'malformed'],
    ['counted from one', {cookie: 't', pieces: '{name}-{n+1}'}, 't-1=a; t-2=b', 'value ab'],
    ['counted from one, none of zero', {cookie: 't', pieces: '{name}-{n+1}'}, 't-0=z', 'nothing'],
    ['another name for pieces', {cookie: 't', pieces: 'c{n+1}'}, 'c1=a; c2=b', 'value ab'],
    ['encoded', {cookie: 't', encoded: true}, 't=a%2Bb%3D', 'value a+b='],
    ['encoded wrongly', {cookie: 't', encoded: true}, 't=a%', 'malformed'],
    ['encoded control characters', {cookie: 't', encoded: true}, 't=a%0D%0Ab', 'malformed'],
    ['not encoded', {cookie: 't'}, 't=a%2B', 'value a%2B'],
    ['encoded and cut within an escape', {...pieced, encoded: true}, 't.0=a%2; t.1=Bb', 'value a+b'],
    ['a scheme', {cookie: 't', scheme: 'Bearer'}, 't=Bearer x', 'value x'],
    ['a scheme in quotes', {cookie: 't', scheme: 'Bearer'}, 't="bearer x"', 'value x'],
    ['a scheme, encoded', {cookie: 't', scheme: 'Bearer'}, 't=Bearer%20x', 'value x'],
    ['a scheme, quoted and encoded', {cookie: 't', scheme: 'Bearer'}, 't=%22Bearer%20x%22', 'value x'],
    ['without the scheme', {cookie: 't', scheme: 'Bearer'}, 't=x', 'malformed'],
    ['another scheme', {cookie: 't', scheme: 'Bearer'}, 't=Basic x', 'malformed'],
    ['a scheme over pieces', {...pieced, scheme: 'Bearer'}, 't.0=Bearer%20x; t.1=y', 'value xy'],
  ];
  for (const [what, where, line, expected] of forms) {
    it(`cookie: ${what}: ${expected}`, () => assert.equal(word(held(where, {cookie: line})), expected));
  }

  const jwt = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln';
  const other = 'eyJhbGciOiJSUzI1NiJ9.e30.b3RoZXI';
  const kubernetes = (token: string) =>
    `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
  const protocols: [string, string | undefined, string, string][] = [
    ['none', undefined, 'nothing', ''],
    ['a protocol', 'v1.chat', 'nothing', 'v1.chat'],
    ['two protocols', 'v1.chat, v2.chat', 'nothing', 'v1.chat, v2.chat'],
    ['a JWT alone', jwt, `value ${jwt}`, ''],
    ['bearer and a token', `bearer, ${jwt}`, `value ${jwt}`, 'bearer'],
    ['bearer and an opaque token', 'Bearer,opaque-1', 'value opaque-1', 'Bearer'],
    ['among protocols', `v1.chat, bearer, ${jwt}, v2.chat`, `value ${jwt}`, 'v1.chat, bearer, v2.chat'],
    ['as Kubernetes has it', `v1.chat, ${kubernetes(jwt)}`, `value ${jwt}`, 'v1.chat'],
    ['an opaque one as Kubernetes has it', `${kubernetes('opaque')},v1.chat`, 'value opaque', 'v1.chat'],
    ['the same under another name', kubernetes(jwt).replace('k8s.io', 'acme.example'), `value ${jwt}`, ''],
    [
      'the same without a name',
      kubernetes(jwt).replace('k8s.io.', ''),
      'nothing',
      kubernetes(jwt).replace('k8s.io.', ''),
    ],
    ['as openHAB has it', `org.openhab.ws.accessToken.base64.${btoa(jwt)}, x`, `value ${jwt}`, 'x'],
    [
      'as openHAB has it, without padding',
      `org.openhab.ws.accessToken.base64.${btoa('oh.a.~~~?').replaceAll('=', '')}`,
      'value oh.a.~~~?',
      '',
    ],
    [
      'as Quarkus has it',
      `bearer-token-carrier, ${encodeURIComponent(`quarkus-http-upgrade#Authorization#Bearer ${jwt}`)}`,
      `value ${jwt}`,
      'bearer-token-carrier',
    ],
    ['a JWT behind a word', `access_token.${jwt}`, `value ${jwt}`, ''],
    ['a JWT behind a word and a dash', `v1.chat, bearer-${jwt}`, `value ${jwt}`, 'v1.chat'],
    ['what only looks like one behind a word', 'v1.eyes.chat.x', 'nothing', 'v1.eyes.chat.x'],
    ['a bad escape', 'v1%zz.chat', 'nothing', 'v1%zz.chat'],
    ['two tokens behind words', `a.${jwt}, b.${other}`, 'duplicate', ''],
    ['one token twice', `bearer, ${jwt}, ${kubernetes(jwt)}`, `value ${jwt}`, 'bearer'],
    ['two tokens', `bearer, ${jwt}, ${kubernetes(other)}`, 'duplicate', 'bearer'],
    ['two tokens, one alone', `${jwt}, ${other}`, 'duplicate', ''],
    ['bearer alone', 'bearer', 'nothing', 'bearer'],
    ['bearer and nothing', 'bearer, ', 'malformed', 'bearer'],
    ['no base64url', 'base64url.bearer.authorization.k8s.io.a+b', 'malformed', ''],
    ['padded base64url', `${kubernetes('a')}==`, 'malformed', ''],
    [
      'no text',
      `base64url.bearer.authorization.k8s.io.${Buffer.from([0, 255]).toString('base64url')}`,
      'malformed',
      '',
    ],
    ['more than anyone offers', `${'a,'.repeat(100)}b`, 'malformed', ''],
  ];
  for (const [what, line, expected, left] of protocols) {
    it(`subprotocol: ${what}: ${expected}`, () => {
      const place = makePlace({header: 'Sec-WebSocket-Protocol'});
      const headers = line === undefined ? {} : {'sec-websocket-protocol': line};
      assert.equal(word(place.find(request('/', {headers}))), expected);
      assert.equal(place.without?.(line ?? ''), left);
    });
  }
  it('subprotocol: another name before the token', () => {
    const place = makePlace({header: 'sec-websocket-protocol', scheme: 'Token'});
    const headers = {'sec-websocket-protocol': 'token, opaque, bearer, x'};
    assert.equal(word(place.find(request('/', {headers}))), 'value opaque');
  });

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
    assert.equal(makePlace({cookie: 'sid', encoded: false}).label, 'cookie:sid');
    assert.equal(
      makePlace({cookie: 'sid', scheme: 'BEARER', pieces: '{name}.{n}'}).label,
      'cookie:sid:bearer:{name}.{n}',
    );
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
