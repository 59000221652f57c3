// Tenants that several issuers may vouch for: allowed, and told.
import assert from 'node:assert/strict';
import {formatErrors} from '../../src/config/load.ts';
import {load} from './support.ts';

const oidc = (name: string, more = '') =>
  `{name: ${name}, type: oidc, issuer: 'https://${name}.example', audience: [x]${more}}`;
const withTenant = ', claims: {tenant: org}';
const keys = '{name: keys, type: apiKeys, file: keys.yaml}';
const asking = '{name: r, match: {path: "/orgs/{org}"}, require: {tenant: "{org}"}}';

describe('warnings about tenants that several may vouch for', () => {
  const rows: [string, readonly string[], string, RegExp | undefined][] = [
    ['one issuer', [oidc('a', withTenant)], asking, undefined],
    ['one, and keys of our own', [oidc('a', withTenant), keys], asking, undefined],
    ['one, and one that names none', [oidc('a', withTenant), oidc('b')], asking, undefined],
    [
      'two',
      [oidc('a', withTenant), oidc('b', withTenant)],
      asking,
      /rules\[0\]\.require\.tenant: .*"a" and "b".*tenants/,
    ],
    [
      'two, one with those that are granted, which are all',
      [oidc('a', withTenant), oidc('b', `${withTenant}, tenants: granted`)],
      asking,
      /rules\[0\]\.require\.tenant: .*"a" and "b".*tenants/,
    ],
    ['two, one with tenants', [oidc('a', withTenant), oidc('b', `${withTenant}, tenants: [t1]`)], asking, undefined],
    [
      'two, and no rule asks for a tenant',
      [oidc('a', withTenant), oidc('b', withTenant)],
      '{name: r, match: {}, require: {}}',
      undefined,
    ],
    [
      'two, and the rule asks one',
      [oidc('a', withTenant), oidc('b', withTenant)],
      '{name: r, match: {path: "/orgs/{org}"}, require: {tenant: "{org}", providers: [a]}}, {name: s, match: {}, require: {}}',
      undefined,
    ],
    [
      'a vendor whose tokens have tenants',
      [oidc('a', withTenant), "{name: ki, type: kinde, domain: 'https://a.kinde.com', audience: [x]}"],
      asking,
      /"a" and "ki"/,
    ],
  ];
  for (const [what, providers, rules, warned] of rows) {
    it(`${what}: ${warned === undefined ? 'nothing' : 'told'}`, async () => {
      const grants = 'entitlements: {source: {type: file, path: e.yaml}}';
      const loaded = await load(`providers: [${providers.join(', ')}]\n${grants}\nrules: [${rules}]\n`);
      assert.ok(loaded.settings !== undefined, JSON.stringify(loaded.errors));
      const told = formatErrors(loaded.warnings);
      if (warned === undefined) assert.doesNotMatch(told, /vouched/);
      else assert.match(told, warned);
    });
  }
});
