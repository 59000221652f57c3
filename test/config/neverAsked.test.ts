// Warnings about providers that can never be asked: which, why, what to do; and none where they can.
import assert from 'node:assert/strict';
import {formatErrors} from '../../src/config/load.ts';
import {load} from './support.ts';

const oidc = (name: string, more = '') =>
  `{name: ${name}, type: oidc, issuer: https://id.example, audience: [a]${more}}`;
const kinde = (name: string, more = '', domain = `https://${name}.kinde.com`) =>
  `{name: ${name}, type: kinde, domain: '${domain}', audience: [a]${more}}`;
const apiKeys = ', apiKeys: {clientId: c, clientSecret: s}';
const introspection = (name: string, more = '') =>
  `{name: ${name}, type: introspection, endpoint: https://${name}.example/i, clientId: c, clientSecret: s${more}}`;
const keys = (name: string, more = '') => `{name: ${name}, type: apiKeys, file: ${name}.yaml${more}}`;
const at = (...places: string[]) => `, credentials: [${places.join(', ')}]`;
const own = at('{header: x-b}');

const listOf = (items: readonly string[]) => items.map((item) => `  - ${item}\n`).join('');
const fileOf = (providers: readonly string[], rules: readonly string[] = []) =>
  `providers:\n${listOf(providers)}rules:\n${listOf([...rules, '{name: rest, match: {}, require: {}}'])}`;
const rule = (providers: string) => `{name: r, match: {path: /r}, require: {providers: [${providers}]}}`;

describe('config/neverAsked', () => {
  const rows: [what: string, providers: string[], rules: string[], never: string[]][] = [
    ['two of one issuer', [oidc('a'), oidc('b')], [], ['b']],
    ['two of one issuer, with other audiences', [oidc('a'), oidc('b').replace('any', '[x]')], [], ['b']],
    ['two issuers', [oidc('a'), oidc('b').replace('id.', 'id2.')], [], []],
    ['oidc and kinde of one issuer', [oidc('a'), kinde('b', '', 'https://id.example')], [], ['b']],
    ['kinde and oidc of one issuer', [kinde('b', '', 'https://id.example/'), oidc('a')], [], ['a']],
    ['a place of its own', [oidc('a'), oidc('b', own)], [], []],
    [
      'a place of its own besides',
      [oidc('a'), oidc('b', at('{header: authorization, scheme: Bearer}', '{cookie: t}'))],
      [],
      [],
    ],
    ['its places among those above', [oidc('a', at('{cookie: t}', '{header: X-B}')), oidc('b', own)], [], ['b']],
    [
      'its places spread over two above',
      [oidc('a', at('{cookie: t}')), oidc('b', own), oidc('c', at('{header: x-b}', '{cookie: t}'))],
      [],
      ['c'],
    ],
    ['another scheme', [oidc('a'), oidc('b', at('{header: authorization, scheme: Token}'))], [], []],
    [
      'the same scheme in other letters',
      [oidc('a'), oidc('b', at('{header: Authorization, scheme: bearer}'))],
      [],
      ['b'],
    ],
    ['a rule that leaves the first out', [oidc('a'), oidc('b')], [rule('b')], []],
    ['a rule that names both', [oidc('a'), oidc('b')], [rule('b, a')], ['b']],
    ['a rule that names the first', [oidc('a'), oidc('b')], [rule('a')], ['b']],
    ['one of three left out', [oidc('a'), oidc('b'), oidc('c')], [rule('c, b')], ['c']],

    ['two businesses with keys', [kinde('a', apiKeys), kinde('b', apiKeys)], [], ['b']],
    ['two businesses with keys, each its place', [kinde('a', apiKeys), kinde('b', apiKeys + own)], [], []],
    ['two businesses, one with keys', [kinde('a'), kinde('b', apiKeys)], [], []],
    ['people and keys of one business', [kinde('a'), kinde('b', apiKeys, 'https://a.kinde.com')], [], []],
    ['keys and people of one business', [kinde('a', apiKeys), kinde('b', '', 'https://a.kinde.com')], [], ['b']],
    ['the same, with a rule for people', [kinde('a', apiKeys), kinde('b', '', 'https://a.kinde.com')], [rule('b')], []],

    ['two introspections', [introspection('a'), introspection('b')], [], ['b']],
    ['any after opaque, which is left JWTs', [introspection('a'), introspection('b', ', tokens: any')], [], []],
    ['opaque after any', [introspection('a', ', tokens: any'), introspection('b')], [], ['b']],
    ['JWTs after any', [introspection('a', ', tokens: any'), oidc('b')], [], ['b']],
    ['JWTs after opaque', [introspection('a'), oidc('b')], [], []],
    ["Kinde's keys after introspection", [introspection('a'), kinde('b', apiKeys)], [], ['b']],
    ["introspection after Kinde's keys", [kinde('a', apiKeys), introspection('b')], [], []],

    ['two files of keys', [keys('a'), keys('b')], [], ['b']],
    ['two files of keys, each its place', [keys('a'), keys('b', own)], [], []],
    ['keys after introspection, which leaves them', [introspection('a', own), keys('b', own)], [], []],
    ['tokens in a place of keys alone', [keys('a', own), oidc('b', own)], [], ['b']],
    ['tokens beside keys', [keys('a', at('{header: authorization, scheme: Bearer}')), oidc('b')], [], []],
    [
      'vendors that look further',
      [
        '{name: a, type: authgear, endpoint: https://id.example}',
        '{name: b, type: authgear, endpoint: https://id.example}',
      ],
      [],
      [],
    ],
  ];
  for (const [what, providers, rules, never] of rows) {
    it(`${what}: ${never.join() || 'none'}`, async () => {
      const loaded = await load(fileOf(providers, rules));
      assert.ok(loaded.settings, formatErrors(loaded.errors ?? []));
      const warned = loaded.warnings.map(({line, column}) => {
        assert.equal(column, 5);
        return /name: (\w+)/.exec(providers[line - 2] ?? '')?.[1];
      });
      assert.deepEqual(warned, never, formatErrors(loaded.warnings));
    });
  }

  const sayings: [providers: string[], words: string][] = [
    [
      [kinde('a', apiKeys), kinde('b', apiKeys)],
      'providers[1]: is never asked about API keys: "a" above it takes all API keys of Kinde, wherever it looks; give it places of its own (credentials), or name it in a rule (require: {providers: [b]})',
    ],
    [
      [introspection('a', ', tokens: any'), oidc('b')],
      'providers[1]: is never asked: "a" above it takes all tokens of its issuer, wherever it looks; move it up, give it places of its own (credentials), or name it in a rule (require: {providers: [b]})',
    ],
    [
      [oidc('a', at('{cookie: t}')), oidc('b', own), oidc('c', at('{header: x-b}', '{cookie: t}'))],
      'providers[2]: is never asked: "b" and "a" above it take all tokens of its issuer, wherever it looks; give it places of its own (credentials), or name it in a rule (require: {providers: [c]})',
    ],
  ];
  for (const [providers, words] of sayings) {
    it(words, async () => {
      const loaded = await load(fileOf(providers));
      assert.ok(
        formatErrors(loaded.settings ? loaded.warnings : []).endsWith(words),
        formatErrors(loaded.settings ? loaded.warnings : loaded.errors),
      );
    });
  }
});
