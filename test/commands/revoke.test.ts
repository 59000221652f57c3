// postern revoke and revocations, against a running Postern and through Redis.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {revocationOf} from '../../src/core/revocation/revocationOrder.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {runPostern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';

const rules = [{name: 'all', match: {}, public: true}];

describe('revocationOf', () => {
  const now = Date.parse('2026-05-01T12:00:00.500Z');
  const rows: [order: object, before: number | undefined, fault: RegExp | undefined][] = [
    [{subject: 'u1'}, undefined, undefined],
    [{sessionId: 's1', reason: 'stolen', by: 'ops'}, undefined, undefined],
    [{subject: 'u1', before: '2026-05-01T11:00:00Z'}, Date.parse('2026-05-01T11:00:00Z') / 1_000, undefined],
    [{subject: 'u1', before: '2026-05-01T13:00:00+02:00'}, Date.parse('2026-05-01T11:00:00Z') / 1_000, undefined],
    [{subject: 'u1', before: 1_700_000_000}, 1_700_000_000, undefined],
    [{subject: 'u1', before: '1700000000'}, 1_700_000_000, undefined],
    [{subject: 'u1', before: 'yesterday'}, undefined, /no time/],
    [{subject: 'u1', before: '2026-05-01'}, undefined, /no time/],
    [{subject: 'u1', before: '2027-05-01T00:00:00Z'}, undefined, /future/],
    [{subject: 'u1', before: Number.NaN}, undefined, /no time/],
    [{subject: 'u1', before: null}, undefined, /no time/],
    [{}, undefined, /selects nobody/],
    [{before: 1}, undefined, /selects nobody/],
    [{subject: ''}, undefined, /subject/],
    [{subject: 'u1', user: 'u2'}, undefined, /unknown key/],
    [{subject: 'u1', expires: 7}, undefined, /unknown key/],
    [{subject: 'u1', id: 'x'}, undefined, /unknown key/],
    [{subject: 'u1', reason: ''}, undefined, /reason/],
    [{subject: 'u1', by: 'x'.repeat(513)}, undefined, /by/],
  ];
  for (const [order, before, fault] of rows) {
    it(`${JSON.stringify(order)}: ${fault ?? before}`, () => {
      const made = revocationOf(order, {now, keep: 1_000, salt: 's'});
      if ('fault' in made) assert.match(made.fault, fault ?? /never/);
      else assert.deepEqual([made.revocation.before, made.revocation.expires, fault], [before, now + 1_000, undefined]);
    });
  }
});

describe('postern revoke', function () {
  this.timeout(60_000);
  it('asks the running process where there is no Redis, and says why it cannot', async () => {
    const postern = await startPostern({admin: {token: 'a-token-of-tests'}, rules});
    const config = join(postern.folder, 'postern.yaml');
    const revoked = await runPostern(['revoke', '-c', config, '--subject', 'u1', '--tenant', 't1']);
    assert.deepEqual([revoked.code, /subject="u1" tenant="t1"/.test(revoked.output)], [0, true], revoked.output);
    assert.match((await runPostern(['revocations', '-c', config])).output, /subject="u1" tenant="t1"/);
    assert.equal(await postern.metric('postern_revocations'), 1);
    await postern.stop();
    const gone = await runPostern(['revocations', '-c', config]);
    assert.deepEqual([gone.code, /is Postern running\?/.test(gone.output)], [1, true], gone.output);
  });

  it('knows the providers: a misspelt one would refuse nobody', async () => {
    const folder = temporaryFolder();
    const config = join(folder, 'postern.yaml');
    const providers = [{name: 'acme', type: 'oidc', issuer: 'https://id.acme.example', audience: 'any'}];
    writeFileSync(config, stringify({providers, rules, admin: {token: 'a-token-of-tests'}}));
    const {code, output} = await runPostern(['revoke', '-c', config, '--provider', 'acmee']);
    assert.deepEqual([code, output.trim()], [1, '--provider: there is no provider "acmee"; did you mean "acme"?']);
  });

  it('goes through Redis where there is one, and says when it is away', async () => {
    const redis = await startRedis();
    const postern = await startPostern({redis: {url: redis.url}, rules});
    const config = join(postern.folder, 'postern.yaml');
    assert.equal((await runPostern(['revoke', '-c', config, '--session', 's1'])).code, 0);
    assert.match((await runPostern(['revocations', '-c', config])).output, /sessionId="s1"/);
    await postern.stop();
    await redis.stop();
    const away = await runPostern(['revoke', '-c', config, '--session', 's2']);
    assert.deepEqual([away.code, /Redis cannot be reached/.test(away.output)], [1, true], away.output);
  });

  it('needs an admin token or Redis, and somebody to revoke', async () => {
    const postern = await startPostern({rules});
    const config = join(postern.folder, 'postern.yaml');
    assert.match((await runPostern(['revoke', '-c', config, '--subject', 'u'])).output, /needs `admin.token`/);
    assert.match((await runPostern(['revoke', '-c', config])).output, /selects nobody/);
    await postern.stop();
  });
});

describe('the guarded pages', () => {
  it('refuse what is no order, and drop and revoke what is', async () => {
    const token = 'a-token-of-tests';
    const postern = await startPostern({admin: {token}, rules});
    const post = async (path: string, body: string, bearer = token) => {
      const headers = {authorization: `Bearer ${bearer}`};
      return (await fetch(`${postern.adminUrl}${path}`, {method: 'POST', headers, body})).status;
    };
    const rows: [path: string, body: string, status: number][] = [
      ['/revocations', '{"subject":"u1"}', 200],
      ['/revocations', '{}', 400],
      ['/revocations', '', 400],
      ['/revocations', '[]', 400],
      ['/revocations', '{"subjekt":"u1","tenant":"t1"}', 400],
      ['/revocations', '{"subject":{"$ne":1}}', 400],
      ['/revocations', '{"__proto__":{"subject":"u"}}', 400],
      ['/entitlements/drop', '{"tenant":"t1"}', 200],
      ['/entitlements/drop', '{}', 200],
      ['/entitlements/drop', '{"tenant":1}', 400],
      ['/entitlements/drop', '{"plan":"pro"}', 400],
      ['/entitlements/drop', 'nonsense', 400],
    ];
    for (const [path, body, status] of rows) assert.equal(await post(path, body), status, `${path} ${body}`);
    assert.equal(await post('/revocations', '{"subject":"u2"}', 'another'), 401);
    assert.equal(await postern.metric('postern_revocations'), 1);
    await postern.stop();
  });

  it('end the process when the address for Envoy is taken', async () => {
    const port = await freePort();
    const first = await startPostern({server: {listen: `127.0.0.1:${port}`}, rules});
    const config = join(first.folder, 'second.yaml');
    const admin = {listen: `127.0.0.1:${await freePort()}`};
    writeFileSync(config, stringify({server: {listen: `127.0.0.1:${port}`}, admin, rules}));
    const second = await runPostern(['serve', '-c', config]);
    assert.deepEqual([second.code, /cannot listen/.test(second.output)], [1, true], second.output);
    await first.stop();
  });
});
