// Frontier as a source of entitlements, and the published API as the oracle of everything that is sent and read.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeFrontierApi} from '../../src/vendors/frontier/api.ts';
import {makeFrontierSource} from '../../src/vendors/frontier/entitlements.ts';
import {frontierSettings, frontierSource} from '../../src/vendors/frontier/settings.ts';
import {testRemote} from '../remote/servers.ts';
import {runPostern} from '../support/postern.ts';
import {principal} from '../support/requests.ts';
import {outages} from '../support/vendors/faults.ts';
import {codes, type Frontier, own, paths, refusalOf, startFrontier} from '../support/vendors/frontier.ts';

const never = Number.POSITIVE_INFINITY;

interface Method {
  readonly procedure: string;
  readonly http: readonly string[];
  readonly request: Readonly<Record<string, {json: string; kind: string}>>;
  readonly response: Readonly<Record<string, {json: string; kind: string}>>;
}
const {methods}: {readonly methods: Readonly<Record<string, Method>>} = JSON.parse(
  readFileSync(new URL('./frontierApi.json', import.meta.url), 'utf8'),
);

for (const api of ['connect', 'rest'] as const) {
  describe(`Frontier's entitlements, ${api}`, () => {
    let frontier: Frontier;
    let remote: ReturnType<typeof testRemote>;
    let later = 0;
    let warnings: object[] = [];

    beforeEach(async () => {
      frontier = await startFrontier(api);
      remote = testRemote({circuit: {failures: 1_000_000, shortest: 1, longest: 1}, random: () => 0});
      later = 0;
      warnings = [];
    });
    afterEach(async () => {
      await remote.close();
      await frontier.close();
    });

    const make = (settings: object = {}) =>
      makeFrontierSource(frontierSource.parse({type: 'frontier', url: frontier.url, api, ...own, ...settings}), {
        call: remote.call,
        now: () => Date.now() + later,
        log: {warn: (fields) => void warnings.push(fields)},
      });
    const acme = principal({tenant: 'org-1'});

    it('a feature of the plan, one that is not, and another organisation', async () => {
      frontier.features.add('org-1 reports');
      const source = make();
      assert.deepEqual(await source.lookup(acme, 'reports', undefined, never), {features: {reports: null}});
      assert.deepEqual(await source.lookup(acme, 'exports', undefined, never), {features: {}});
      assert.deepEqual(await source.lookup(principal({tenant: 'org-2'}), 'reports', undefined, never), {features: {}});
      const [, first] = frontier.asked;
      assert.deepEqual(first?.body, {org_id: 'org-1', feature: 'reports'});
    });

    it('asks as the service user of the settings, whose secret is compared once', async () => {
      const source = make();
      await Promise.all([1, 2, 3].map((of) => source.lookup(acme, `f${of}`, 'the token of the principal', never)));
      assert.deepEqual([frontier.count('token'), frontier.count('feature')], [1, 3]);
      for (const {path, headers} of frontier.asked.filter((one) => one.path === paths[api].feature)) {
        assert.match(String(headers.authorization), /^Bearer eyJ/, path);
      }
      // Four fifths of an hour.
      later = 47 * 60_000;
      await source.lookup(acme, 'f1', undefined, never);
      assert.equal(frontier.count('token'), 1);
      later = 49 * 60_000;
      await source.lookup(acme, 'f1', undefined, never);
      assert.equal(frontier.count('token'), 2);
    });

    it('without an organisation, or for a permission, nothing is asked', async () => {
      const source = make();
      const {tenant: _, ...nobody} = principal();
      assert.deepEqual(await source.lookup(nobody, 'reports', undefined, never), {features: {}});
      assert.deepEqual(await source.lookup(acme, undefined, undefined, never), {features: {}});
      assert.equal(frontier.asked.length, 0);
    });

    it('shares an answer among those of one organisation, and tells features apart', () => {
      const source = make();
      const key = source.keyOf(acme, 'reports');
      assert.equal(source.keyOf(principal({tenant: 'org-1', subject: 'u2'}), 'reports'), key);
      const others = [
        source.keyOf(principal({tenant: 'org-2'}), 'reports'),
        source.keyOf(acme, 'exports'),
        make({url: 'http://127.0.0.1:1'}).keyOf(acme, 'reports'),
      ];
      for (const other of others) assert.notEqual(other, key);
    });

    it('a feature that it does not know is not entitled, and said in the log', async () => {
      const body = api === 'rest' ? {code: 5, message: 'feature not found'} : {code: 'not_found', message: 'not found'};
      frontier.faults.set(paths[api].feature, {status: 404, body: JSON.stringify(body)});
      const source = make();
      assert.deepEqual(await source.lookup(acme, 'raports', undefined, never), {features: {}});
      const first = {feature: 'raports', refused: 'not_found', count: 1};
      assert.deepEqual(warnings, [first]);
      // Whoever asks for flags may name what they like: the log is told once a minute, with how often it was.
      for (let at = 0; at < 20; at++) await source.lookup(acme, `guessed-${at}`, undefined, never);
      assert.deepEqual(warnings, [first]);
      later = 61_000;
      await source.lookup(acme, 'guessed', undefined, never);
      assert.deepEqual(warnings, [first, {feature: 'guessed', refused: 'not_found', count: 21}]);
    });

    it('a token that it no longer takes is replaced once', async () => {
      const source = make();
      await source.lookup(acme, 'reports', undefined, never);
      const body = api === 'rest' ? {code: 16, message: 'not authenticated'} : {code: 'unauthenticated'};
      frontier.faults.set(paths[api].feature, {status: 401, body: JSON.stringify(body)});
      await assert.rejects(source.lookup(acme, 'reports', undefined, never), /may not ask/);
      assert.deepEqual([frontier.count('token'), frontier.count('feature')], [2, 3]);
      await assert.rejects(source.lookup(acme, 'reports', undefined, never), /may not ask/);
      assert.deepEqual([frontier.count('token'), frontier.count('feature')], [2, 4], 'and not again at once');
      frontier.faults.clear();
      assert.deepEqual(await source.lookup(acme, 'reports', undefined, never), {features: {}});
    });

    it('a service user that may not ask is a fault of the settings: unavailable', async () => {
      const source = make();
      for (const code of ['permission_denied', 'failed_precondition'] as const) {
        frontier.faults.set(paths[api].feature, {status: codes[code][0], body: JSON.stringify(refusalOf(api, code))});
        await assert.rejects(source.lookup(acme, 'reports', undefined, never), /may not ask/);
      }
    });

    it('a wrong secret is a fault of the settings: unavailable', async () => {
      await assert.rejects(make({clientSecret: 'wrong'}).lookup(acme, 'reports', undefined, never), Unavailable);
    });

    for (const fault of [...outages, {status: 200, body: '{"status":"true"}'}, {status: 200, body: '[]'}]) {
      it(`answered with ${JSON.stringify(fault)}: unavailable`, async () => {
        frontier.features.add('org-1 reports');
        frontier.faults.set(paths[api].feature, fault);
        await assert.rejects(make().lookup(acme, 'reports', undefined, never), Unavailable);
        frontier.faults.clear();
        frontier.faults.set(paths[api].token, fault);
        await assert.rejects(make().lookup(acme, 'reports', undefined, never), Unavailable);
      });
    }
  });

  describe(`the published API, ${api}`, () => {
    it('has every method and field that is used', async () => {
      const frontier = await startFrontier(api);
      const remote = testRemote();
      try {
        const client = makeFrontierApi(remote.call, 'frontier', {url: frontier.url, api});
        const secret = {client_id: own.clientId, client_secret: own.clientSecret};
        const headers = {
          authorization: `Basic ${Buffer.from(`${own.clientId}:${own.clientSecret}`).toString('base64')}`,
        };
        await client.keys(headers);
        await client.token({headers, body: {grant_type: 'client_credentials', ...secret}}, never);
        await client.token({headers, body: {grant_type: 'x', assertion: 'y'}}, never);
        await client.isPermitted(await frontier.token({id: 'own', type: 'app/serviceuser'}), 'get', 'a:b', never);
        await client.hasFeature(await frontier.token({id: 'own', type: 'app/serviceuser'}), 'o', 'f', never);

        assert.equal(frontier.asked.length, 5);
        for (const {path, body} of frontier.asked) {
          const method = Object.values(methods).find(({procedure, http}) =>
            api === 'connect' ? procedure === path : http.some((binding) => binding.split(' ')[1] === path),
          );
          assert.ok(method, `${path} is not published`);
          for (const [field, value] of Object.entries(body)) {
            assert.equal(method.request[field]?.kind, typeof value, `${field} of ${path}`);
          }
        }
        assert.equal(methods.GetJWKs?.response.keys?.kind, 'list');
        assert.deepEqual(methods.AuthToken?.response.access_token, {json: 'accessToken', kind: 'string'});
        assert.equal(methods.CheckResourcePermission?.response.status?.kind, 'bool');
        assert.equal(methods.CheckFeatureEntitlement?.response.status?.kind, 'bool');
      } finally {
        await remote.close();
        await frontier.close();
      }
    });
  });
}

describe("Frontier's example", () => {
  const file = fileURLToPath(new URL('../../examples/frontier.yaml', import.meta.url));
  const secrets = {
    FRONTIER_URL: 'https://frontier.acme.example',
    FRONTIER_API: 'rest',
    FRONTIER_HASH_KEY: 'h'.repeat(32),
    FRONTIER_BLOCK_KEY: 'b'.repeat(32),
    FRONTIER_CLIENT_ID: 'c1',
    FRONTIER_CLIENT_SECRET: 's1',
  };

  it('is a good configuration with what the environment gives', async () => {
    const {code, output} = await runPostern(['validate', '-c', file], secrets);
    assert.equal(code, 0, output);
  });

  it('has nothing else to fill in: each value that is particular stands in the environment alone', async () => {
    const settings = readFileSync(file, 'utf8').replaceAll(/^ *#.*$/gm, '');
    for (const [, name] of settings.matchAll(/\$\{(\w+)\}/g)) assert.ok(name !== undefined && name in secrets, name);
    assert.ok(!settings.includes('acme'));
    const {code, output} = await runPostern(['validate', '-c', file], {...secrets, FRONTIER_API: 'grpc'});
    assert.equal(code, 1);
    assert.equal([...output.matchAll(/\bapi\b.*connect.*rest/g)].length, 2, output);
  });

  it('and says which one is wrong', async () => {
    const {code, output} = await runPostern(['validate', '-c', file], {...secrets, FRONTIER_HASH_KEY: 'short'});
    assert.equal(code, 1);
    assert.match(output, /hashKey.*exactly 32 characters/);
    assert.ok(!output.includes('short"'));
  });
});

describe("Frontier's settings", () => {
  const good = {type: 'frontier', name: 'fr', url: 'https://frontier.example/'};
  const key = 'x'.repeat(32);

  it('defaults', () => {
    const {url, api, issuer, tenant, ttl, personalTokens} = frontierSettings.parse(good);
    assert.deepEqual(
      {url, api, issuer, tenant},
      {url: 'https://frontier.example', api: 'connect', issuer: 'frontier', tenant: 'organization'},
    );
    assert.deepEqual(ttl, {session: 10_000, secret: 60_000, refused: 5_000, relation: 5_000});
    assert.deepEqual(personalTokens, {prefix: 'fpt_', subject: 'token'});
  });

  const rows: readonly [what: string, settings: object, path: string][] = [
    ['a short hash key', {session: {hashKey: 'x'.repeat(31), blockKey: key}}, 'session.hashKey'],
    ['a long block key', {session: {hashKey: key, blockKey: 'x'.repeat(33)}}, 'session.blockKey'],
    ['32 letters that are more bytes', {session: {hashKey: 'é'.repeat(32), blockKey: key}}, 'session.hashKey'],
    ['one key of two', {session: {hashKey: key}}, 'session.blockKey'],
    ['a secret without id', {clientSecret: 's'}, 'clientSecret'],
    ['an id without secret', {clientId: 'c'}, 'clientId'],
    ['http: to another machine', {url: 'http://frontier.example'}, 'url'],
    ['another generation', {api: 'grpc'}, 'api'],
    ['a session that counts for days', {ttl: {session: '720h'}}, 'ttl.session'],
    ['a prefix that is no token', {personalTokens: {prefix: 'a.b'}}, 'personalTokens.prefix'],
    ['an empty prefix', {personalTokens: {prefix: ''}}, 'personalTokens.prefix'],
    ['places, which Frontier itself prescribes', {credentials: [{cookie: randomUUID()}]}, ''],
  ];
  for (const [what, settings, path] of rows) {
    it(`${what} is an error`, () => {
      const parsed = frontierSettings.safeParse({...good, ...settings});
      assert.deepEqual(
        parsed.error?.issues.map((issue) => issue.path.join('.')),
        [path],
      );
    });
  }
});
