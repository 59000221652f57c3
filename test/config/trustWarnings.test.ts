// What a configuration trusts without saying so: allowed, and told.
import assert from 'node:assert/strict';
import {formatErrors} from '../../src/config/load.ts';
import {load} from './support.ts';

const frontegg = 'name: fe, type: frontegg, clientId: c, apiKey: secret';
const client = 'clientId: c, clientSecret: secret';
const frontier = `name: fr, type: frontier, url: 'https://fr.acme.example', ${client}`;
const sealKey = '0123456789abcdef0123456789abcdef';

const warningsOf = async (provider: string, redis?: string): Promise<readonly string[]> => {
  const shared = redis === undefined ? '' : `redis: {${redis}}\n`;
  const loaded = await load(`providers:\n  - {${provider}}\n${shared}rules: [{name: all, match: {}, require: {}}]\n`);
  assert.ok(loaded.settings !== undefined, JSON.stringify(loaded.errors));
  return loaded.warnings.map((warning) => formatErrors([warning]));
};

describe('warnings about whom a configuration trusts', () => {
  const url = 'url: redis://redis:6379/0';
  const rows: readonly [what: string, provider: string, redis: string | undefined, warned: RegExp | undefined][] = [
    ['a region of Frontegg', `${frontegg}, region: us`, undefined, undefined],
    ['an environment of Frontegg', `${frontegg}, baseUrl: 'https://acme.frontegg.com'`, undefined, undefined],
    ['a gateway', `${frontegg}, baseUrl: 'https://fe.acme.example'`, undefined, /other customers verify.*set issuer/],
    [
      'one that looks like Frontegg',
      `${frontegg}, baseUrl: 'https://frontegg.com.acme.example'`,
      undefined,
      /other customers/,
    ],
    [
      'an audience that is not checked',
      `${frontegg}, baseUrl: 'https://fe.acme.example', audience: any`,
      undefined,
      /other customers/,
    ],
    ['with an issuer', `${frontegg}, baseUrl: 'https://fe.acme.example', issuer: x`, undefined, undefined],
    ['with an audience', `${frontegg}, baseUrl: 'https://fe.acme.example', audience: [x]`, undefined, undefined],
    ['Redis without a seal', frontier, url, /redis: has no sealKey.*"fr".*sign in as anyone; set sealKey/],
    ['Redis with a seal', frontier, `${url}, sealKey: ${sealKey}`, undefined],
    ['no Redis', frontier, undefined, undefined],
    [
      'Redis, and nothing of credentials in it',
      `name: a, type: oidc, issuer: 'https://id.acme.example', audience: [x]`,
      url,
      undefined,
    ],
    ['Redis, and JWTs of Authgear', `name: ag, type: authgear, endpoint: 'https://id.acme.example'`, url, undefined],
    [
      'Redis, and sessions of Authgear',
      `name: ag, type: authgear, endpoint: 'https://id.acme.example', mode: both`,
      url,
      /"ag"/,
    ],
    [
      'Redis, and API keys of Kinde',
      `name: ki, type: kinde, domain: 'https://a.kinde.com', audience: [x], apiKeys: {${client}}`,
      url,
      /"ki"/,
    ],
    [
      'Redis, and introspection',
      `name: in, type: introspection, endpoint: 'https://id.acme.example/i', audience: any, ${client}`,
      url,
      /"in"/,
    ],
  ];
  const oidc = `name: a, type: oidc, issuer: 'https://id.acme.example', audience: [x]`;
  for (const [what, shared, warned] of [
    ['alone', 'state: {dir: /s}', true],
    ['with a key', `state: {dir: /s, sealKey: ${sealKey}}`, false],
    ['with that of Redis', `state: {dir: /s}\nredis: {${url}, sealKey: ${sealKey}}`, false],
    ['beside a Redis without', `state: {dir: /s}\nredis: {${url}}`, true],
  ] as const) {
    it(`a state directory, ${what}: ${warned ? 'told' : 'nothing'}`, async () => {
      const loaded = await load(`providers:\n  - {${oidc}}\n${shared}\nrules: [{name: all, match: {}, require: {}}]\n`);
      assert.ok(loaded.settings !== undefined, JSON.stringify(loaded.errors));
      const told = loaded.warnings.map((warning) => formatErrors([warning]));
      assert.deepEqual(
        told.map((one) => /state: has no sealKey.*set sealKey/.test(one)),
        warned ? [true] : [],
        told.join('; '),
      );
    });
  }
  for (const [what, provider, redis, warned] of rows) {
    it(`${what}: ${warned === undefined ? 'nothing' : 'told'}`, async () => {
      const warnings = await warningsOf(provider, redis);
      assert.equal(warnings.length, warned === undefined ? 0 : 1, warnings.join('; '));
      if (warned !== undefined) assert.match(warnings[0] ?? '', warned);
    });
  }
});
