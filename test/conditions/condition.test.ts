// What may stand in `require.when`, what is refused when it is read, and in which words.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {longestCondition, readCondition} from '../../src/conditions/condition.ts';
import {conditionFault} from '../../src/conditions/settings.ts';
import {variables} from '../../src/conditions/variables.ts';
import type {Bindings} from '../../src/core/condition.ts';

const held = (text: string, bindings: Bindings): boolean | string => {
  const read = readCondition(text);
  assert.ok('condition' in read, JSON.stringify(read));
  return read.condition.test(bindings);
};

describe('a condition', () => {
  const refused: [text: string, words: RegExp][] = [
    ['', /cannot be read as CEL/],
    ['request.method ==', /cannot be read as CEL: = was not expected \(character 16, at "=="\)/],
    ['request.methd == "GET"', /there is no methd: request has method, host, .*; did you mean method\? \(character 8/],
    ['requests.method == "GET"', /there is no requests: known here are request, principal, .*did you mean request\?/],
    ['principal.role == "x"', /there is no role: principal has .*did you mean roles\?/],
    ['request.captures.usr == "x"', /there is no usr: the path of the rule captures user; did you mean user\?/],
    ['"a" in request.captures', /there is no a: the path of the rule captures user/],
    ['request.method', /is a text: a condition must be true or false/],
    ['1 + 1', /is a whole number: a condition must be true or false/],
    ['request.method == 1', /compares a text with a whole number: these are never equal/],
    ['principal.roles == "admin"', /compares a list with a text/],
    ['request.method && true', /is a text, where true or false is needed/],
    ['true || 1', /is a whole number, where true or false is needed/],
    ['principal.roles.startsWith("a")', /startsWith\(\) cannot be used on a list and a text/],
    ['request.method.startWith("a")', /there is no function startWith; did you mean startsWith\?/],
    ['hasRole("admin")', /there is no function hasRole/],
    ['principal.subject < 3', /< cannot be used on a text and a whole number/],
    [
      'principal.subject in request.method',
      /is a text: `in` asks a list or a map \(for a part of a text write \.contains\(\)\)/,
    ],
    ['3 in principal.roles', /looks for a whole number in a list of what is a text: it is never there/],
    ['request.headers == {}', /can only be asked for a member that is named here: write the header in quotes/],
    ['request.headers.exists(h, h == "x")', /can only be asked for a member that is named here/],
    ['request.headers[principal.subject] == "x"', /can only be asked for a member/],
    ['request.query[request.method] == "x"', /can only be asked for a member/],
    ['value[principal.subject] > 3', /can only be asked for a member/],
    ['principal == principal', /can only be asked for a member that is named here: write principal\./],
    ['claims.mail.matches("(?=a)")', /is no regular expression of RE2: it knows no look-around/],
    ['claims.mail.matches("(a")', /is no regular expression of RE2/],
    ['claims.mail.matches(claims.pattern)', /the pattern of matches\(\) must be written here, in quotes/],
    ['claims.a.exists(x, claims.b.exists(y, x == y))', /a list is looked through for each member of another/],
    ['claims.a.map(x, claims.b.filter(y, y > x)).size() > 0', /a list is looked through for each member of another/],
    ['Foo{a: 1}.a == 1', /there are no messages here: Foo is unknown/],
    ['"a".b == 1', /a text has no members, so no b/],
    [`${'('.repeat(30_000)}`, /is longer than 4096 characters/],
    [`${'('.repeat(2_000)}true${')'.repeat(2_000)}`, /nested too deeply/],
    [`${'['.repeat(40)}1${']'.repeat(40)} == []`, /nested too deeply/],
    [Array(400).fill('true').join(' && '), /is too long: it has more than 300 parts/],
    ['true &&\n  request.methd == "x"', /\(line 2, character 10/],
  ];
  for (const [text, words] of refused)
    it(`is refused: ${text.slice(0, 60).replaceAll('\n', ' ')}`, () =>
      assert.match(conditionFault(text, ['user']) ?? 'good', words));

  const good: [text: string, bindings: Bindings, answer: boolean | RegExp][] = [
    ['"GET" == request.method', {request: new Map([['method', 'GET']])}, true],
    ['claims.n == 3', {claims: {n: 3}}, true],
    ['claims.n == 3', {claims: {n: '3'}}, false],
    ['claims.n > 3', {claims: {n: '3'}}, /does not fit what it is given: \(string, int\)/],
    ['claims.a.b', {claims: {a: {b: true}}}, true],
    ['claims.a.b', {claims: {a: {b: 'true'}}}, /neither true nor false/],
    ['claims.a.b', {claims: {}}, /asks for something that is not there/],
    ['has(claims.a) && claims.a.b', {claims: {}}, false],
    ['has(claims.a.b)', {claims: {a: {}}}, false],
    ['claims["https://acme.example/plan"] == "pro"', {claims: {'https://acme.example/plan': 'pro'}}, true],
    ['claims.list[7] == 1', {claims: {list: [1]}}, /a place that the list does not have/],
    ['int(claims.n) % 2 == 0', {claims: {n: 4}}, true],
    ['int(claims.n) > 0', {claims: {n: 1e300}}, /out of range|not what is needed/],
    ['claims.constructor == 1', {claims: {}}, /not there/],
    ['has(claims.__proto__)', {claims: {}}, false],
    ['claims.a == null', {claims: {a: null}}, true],
    ['claims.a.exists(x, x == "b") || claims.nothing', {claims: {a: ['b']}}, true],
    ['now > timestamp("2026-01-01T00:00:00Z")', {now: Date.UTC(2026, 5, 1)}, true],
    ['now.getHours("Europe/Berlin") == 14', {now: Date.UTC(2026, 5, 1, 12)}, true],
    ['now.getDayOfWeek() in [1, 2, 3, 4, 5]', {now: Date.UTC(2026, 5, 1, 12)}, true],
    ['["a", "b"].exists(x, claims.l.exists(y, x == y))', {claims: {l: ['b']}}, true],
    [
      'value.seats >= 10 && "eu" in value.regions',
      {
        value: new Map<string, unknown>([
          ['seats', 50],
          ['regions', ['eu']],
        ]),
      },
      true,
    ],
    ['value.calls > 1000000.0', {value: new Map([['calls', Number.POSITIVE_INFINITY]])}, true],
  ];
  for (const [text, bindings, answer] of good)
    it(`${text}, with ${JSON.stringify(bindings).slice(0, 60)}: ${String(answer)}`, () => {
      const got = held(text, bindings);
      if (typeof answer === 'boolean') assert.equal(got, answer);
      else assert.match(String(got), answer);
    });

  it('tells what it looks at, so that nothing else is gathered', () => {
    const read = readCondition(
      'request.headers["X-A"] == "1" && has(request.headers.b) && "c" in request.query && request.captures.d == principal.subject && value.e > 1 && now > now',
    );
    assert.ok('condition' in read);
    assert.deepEqual(read.condition.looks, {
      request: ['headers', 'query', 'captures'],
      headers: ['X-A', 'b'],
      query: ['c'],
      captures: ['d'],
      principal: ['subject'],
      values: ['e'],
      claims: {named: [], whole: false},
      now: true,
    });
  });

  const spellings: [text: string, headers: readonly string[]][] = [
    ['request.headers.x == "1"', ['x']],
    ['request["headers"].x == "1"', ['x']],
    [`request['headers']["x-a"] == "1"`, ['x-a']],
    ['request [ "headers" ]\n["X-A"] == "1"', ['X-A']],
    ["request[r\"headers\"]['''x-a'''] == \"1\"", ['x-a']],
    ['request["\\x68eaders"]["\\u0078-a"] == "1"', ['x-a']],
    ['(request).headers[("x-a")] == "1"', ['x-a']],
    ['has(request.headers.x)', ['x']],
    ['has(request["headers"].x)', ['x']],
    ['"x-a" in request["headers"]', ['x-a']],
    ['["a", "b"].exists(r, request["headers"]["x-a"] == r)', ['x-a']],
    ['principal.roles.map(h, request.headers["x-a"] + h).exists(r, r == "ab")', ['x-a']],
    ['true ? request["headers"]["x-a"] == "1" : request.headers.b == "1"', ['x-a', 'b']],
    ['[{"headers": {"x": "1"}}].exists(request, request.headers.x == "1")', []],
  ];
  for (const [text, headers] of spellings)
    it(`knows the headers of ${text.replaceAll('\n', ' ')}`, () => {
      const read = readCondition(text);
      assert.ok('condition' in read, JSON.stringify(read));
      assert.deepEqual(read.condition.looks.headers, headers);
      const parts = new Map([['headers', new Map(headers.map((name) => [name, '1']))]]);
      assert.equal(
        typeof read.condition.test({
          request: new Map([...parts, ['method', 'GET']] as never),
          principal: new Map([['roles', []]]),
        }),
        'boolean',
      );
    });

  for (const text of [
    'request[request.method] == "1"',
    'request["head" + "ers"]["x"] == "1"',
    'request.headers["x" + "-a"] == "1"',
    'request.headers[principal.roles[0]] == "1"',
    '["x-a"].exists(h, request.headers[h] == "1")',
    '["x-a"].exists(h, h in request.headers)',
    'request.headers.all(h, h != "x")',
    '[request].exists(r, r.headers["x"] == "1")',
    '[request.headers].exists(h, h["x"] == "1")',
    '{"r": request}.r.headers["x"] == "1"',
    '{"h": request.headers}["h"]["x"] == "1"',
    '(true ? request : request).headers["x"] == "1"',
    'dyn(request.headers)["x"] == "1"',
    'dyn(request)["headers"]["x"] == "1"',
    '[dyn(request.headers)].map(h, h["x"])[0] == "1"',
    'request.headers[b"x"] == "1"',
    'request.headers == {"x": "1"}',
    'request.headers.size() == 1',
    'size(request.headers) == 1',
    'string(request.headers) == "1"',
    'type(request.headers) == map',
  ])
    it(`refuses, since nobody knows which headers it looks at: ${text}`, () =>
      assert.match(conditionFault(text, []) ?? '', /\(character \d+/));

  const claimed: [text: string, named: readonly string[], whole: boolean][] = [
    ['claims.a.b == 1', ['a'], false],
    ['claims["https://a.example/b"] == 1 && has(claims.c)', ['https://a.example/b', 'c'], false],
    ['"a" in claims', ['a'], false],
    ['claims[principal.subject] == 1', [], true],
    ['claims.exists(name, name == "a")', [], true],
    ['principal.subject in claims', [], true],
    ['[claims].exists(c, c.a == 1)', [], true],
    ['[{"a": 1}].exists(claims, claims.a == 1)', [], false],
  ];
  for (const [text, named, whole] of claimed)
    it(`knows the claims of ${text}`, () => {
      const read = readCondition(text);
      assert.ok('condition' in read, JSON.stringify(read));
      assert.deepEqual(read.condition.looks.claims, {named, whole});
    });

  it('has the variables that the guide lists, and no others', () => {
    const page = readFileSync(new URL('../../docs/guides/conditions.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name]) => name).sort();
    const known = Object.entries(variables).flatMap(([name, {members}]) =>
      members === undefined ? [name] : Object.keys(members).map((member) => `${name}.${member}`),
    );
    assert.deepEqual(listed, known.sort());
  });

  it('of any text is read or refused, in bounded time, and never throws', () => {
    const word = fc.constantFrom(
      ...[
        'request',
        'principal',
        'claims',
        'value',
        'now',
        '.',
        '[',
        ']',
        '(',
        ')',
        '"a"',
        '1',
        '==',
        '&&',
        '||',
        '!',
        '?',
        ':',
        ' in ',
        'x',
        ',',
      ],
      ...[
        'exists',
        'has',
        'map',
        'method',
        'roles',
        'matches',
        '{',
        '}',
        '-',
        '+',
        'true',
        'null',
        '\n',
        "'",
        'b"',
        'r"',
        '//',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(word, {maxLength: 60}).map((words) => words.join('')),
          fc.string({maxLength: longestCondition}),
        ),
        (text) => {
          const read = readCondition(text);
          if (!('condition' in read)) return;
          const answer = read.condition.test({
            claims: {a: [1, 'x', null, {}]},
            now: 0,
            request: new Map(),
            principal: new Map(),
            value: new Map(),
          });
          assert.ok(typeof answer === 'boolean' || typeof answer === 'string');
        },
      ),
      {numRuns: 2_000},
    );
  });

  it('of any claims is true, false or words of ours, which hold nothing of them', () => {
    const conditions = [
      'claims.a == claims.b',
      'claims.a.exists(x, x.c > 1)',
      'claims.a[claims.b] == "z"',
      'claims.a + claims.b == 3',
      'size(claims.a) > 2',
      'claims.a.b.c.contains("z")',
      'int(claims.a) > 1 && duration(claims.b) > duration("1s")',
    ];
    const tests = conditions.map((text) => {
      const read = readCondition(text);
      assert.ok('condition' in read, `${text}: ${JSON.stringify(read)}`);
      return read.condition.test;
    });
    const canary = 'canary7';
    const value = fc.oneof(
      fc.jsonValue({maxDepth: 3}),
      fc.constant(canary),
      fc.constant([canary]),
      fc.constant({[canary]: canary}),
    );
    fc.assert(
      fc.property(value, value, (a, b) => {
        for (const test of tests) {
          const answer = test({claims: {a, b}});
          assert.ok(
            typeof answer === 'boolean' || (typeof answer === 'string' && !answer.includes(canary)),
            String(answer),
          );
        }
      }),
      {numRuns: 1_000},
    );
  });

  it('lists that it makes are looked through in steps as many as their members, and each run makes its own', () => {
    const members = Array.from({length: 20_000}, (_, at) => `m${at}`);
    for (const text of [
      'claims.l.map(x, x + "b").exists(x, x == "m19999b")',
      'claims.l.filter(x, x != "a").exists(x, x == "m19999")',
      'claims.l.filter(x, x != "m0").map(x, x).filter(x, x.startsWith("m")).size() == 19999',
      'claims.s.split(",").map(x, x.trim()) == claims.l',
      'claims.l.map(x, [x, x].map(y, y + "c").size()).all(n, n == 2)',
    ]) {
      const read = readCondition(text);
      assert.ok('condition' in read, text);
      for (let run = 0; run < 2; run++) {
        // Lists within lists end the stack long before so many.
        assert.equal(read.condition.test({claims: {l: members, s: members.join(' , ')}}), true, text);
      }
    }
  });

  it('looks through a list of 10,000 members in a number of steps that grows with it alone', () => {
    const read = readCondition(
      'claims.l.exists(x, x == "z") || claims.l.filter(x, x != "a").size() > 3 || claims.l.all(x, x != "q")',
    );
    assert.ok('condition' in read);
    let steps = 0;
    const list = new Proxy(
      Array.from({length: 10_000}, (_, at) => `m${at}`),
      {
        get(target, key, receiver) {
          steps += 1;
          return Reflect.get(target, key, receiver);
        },
      },
    );
    assert.equal(read.condition.test({claims: {l: list}}), true);
    assert.ok(steps < 100_000, String(steps));
  });
});
