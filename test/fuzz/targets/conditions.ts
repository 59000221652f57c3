// Conditions (`require.when`): the text that people write, and the claims that somebody else fills.
import {readCondition} from '../../../src/conditions/condition.ts';
import {must, type Target} from '../target.ts';

const elsewhere = {step: undefined};

export const condition: Target = {
  name: 'condition',
  ...elsewhere,
  seeds: [
    'request.method in ["GET", "HEAD"] && "admin" in principal.roles',
    'has(claims.level) ? claims.level >= 3 : now - principal.authTime < duration("10m")',
    'claims.groups.exists(g, g.startsWith("a") && g.matches("^[a-z]+$")) || value.seats > 10',
    'request.headers["x-a"] == "1" && !("b" in request.query) && request.captures.c == principal.subject',
  ],
  words: ['request', 'principal', 'claims', 'value', 'now', 'method', 'roles', 'headers', 'exists(', 'all(', 'map(', 'filter(', 'has(', 'matches("', 'size(', '==', '&&', '||', '? ', ' : ', ' in ', '[', ']', '{', '}', '"', "'''", 'r"', 'b"', '0x', '1u', '1e9', '\\u0000', '//', '.', '-', '!'], // biome-ignore format: a table
  longest: 5_000,
  async open() {
    return {
      run(input) {
        const text = input.toString('utf8');
        const read = readCondition(text);
        if ('fault' in read) {
          must(read.fault.message !== '' && read.fault.at >= 0, 'bad, and nothing is said');
          must(read.fault.at <= Math.max(text.length, 4_096), 'a place behind the end');
          return;
        }
        const answer = read.condition.test({
          claims: {a: [1, 'x'], level: '3'},
          now: 0,
          request: new Map(),
          principal: new Map(),
          value: new Map(),
        });
        must(typeof answer === 'boolean' || answer !== '', 'neither true, false nor words');
      },
    };
  },
};

const secret = 'canary7';
const looked = [
  'claims.a == claims.b && claims.a != "x"',
  'claims.a.exists(x, x.c > 1) || claims.b.all(x, x != "y")',
  'claims.a[claims.b] == "z" || claims.a.b.c.contains("z")',
  'int(claims.a) + int(claims.b) > 2 || duration(claims.a) > duration("1s") || timestamp(claims.b) < now',
  'claims.a.matches("^(a+)+$") || size(claims.b) > 3 || claims.a.split(",").join("") == claims.b',
];

export const conditionClaims: Target = {
  name: 'conditionClaims',
  ...elsewhere,
  seeds: [
    `{"a": ["x", "${secret}", {"c": 2}], "b": {"c": "z"}}`,
    `{"a": "1h", "b": "2026-01-01T00:00:00Z"}`,
    `{"a": {"b": {"c": "${secret}"}}, "b": "b"}`,
    `{"a": 1e308, "b": -0.5}`,
  ],
  words: ['"a": ', '"b": ', '"c": ', 'null', 'true', '{}', '[]', '1e400', '-1', '"__proto__": ', '"x"', `"${secret}"`, '"1h"', '9223372036854775808'], // biome-ignore format: a table
  longest: 20_000,
  async open() {
    const tests = looked.map((text) => {
      const read = readCondition(text);
      if ('fault' in read) throw new Error(`${text}: ${read.fault.message}`);
      return read.condition.test;
    });
    return {
      run(input) {
        let claims: unknown;
        try {
          claims = JSON.parse(input.toString('utf8'));
        } catch {
          return;
        }
        if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return;
        for (const test of tests) {
          const answer = test({claims: claims as Record<string, unknown>, now: 0});
          must(typeof answer === 'boolean' || typeof answer === 'string', 'neither true, false nor words');
          must(!String(answer).includes(secret), 'a claim is quoted');
        }
      },
    };
  },
};
