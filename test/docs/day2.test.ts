// docs/day2.md: every command of it, run before a running Postern with Redis, prints what the page shows.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {freePort} from '../support/ports.ts';
import {type Postern, runPostern, startPostern} from '../support/postern.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {runPage} from './console.ts';

const page = join(import.meta.dirname, '../../docs/day2.md');

/** As a Secret gives them: every program of this page has them in its environment. */
const secrets = {
  POSTERN_ADMIN_TOKEN: 'b7Yc0Q2nVdJm5pLw8sTzRkXhGfUaEi4oN1MvCq3B6ZI=',
  POSTERN_SEAL_KEY: 'q3B6ZIb7Yc0Q2nVdJm5pLw8sTzRkXhGfUaEi4oN1MvC=',
};

describe('docs/day2.md', function () {
  this.timeout(180_000);
  let redis: Redis;
  let postern: Postern;
  before(async () => {
    redis = await startRedis();
    Object.assign(process.env, secrets);
    const settings = {
      admin: {listen: `127.0.0.1:${await freePort()}`, token: '${POSTERN_ADMIN_TOKEN}'},
      providers: [{name: 'keys', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]}],
      redis: {url: redis.url, sealKey: '${POSTERN_SEAL_KEY}'},
      entitlements: {source: {type: 'redis'}, deployment: 'docs'},
      rules: [
        {name: 'health', match: {path: '/healthz'}, public: true},
        {name: 'orders', match: {path: '/orgs/{org}/orders/**'}, require: {tenant: '{org}'}},
        {name: 'reports', match: {path: '/orgs/{org}/reports/**'}, require: {tenant: '{org}', features: ['reports']}},
      ],
    };
    const entitlements = {
      features: {orders: {}, reports: {}},
      plans: {free: {features: ['orders'], default: true}, pro: {features: ['orders', 'reports']}},
      grants: [{plan: 'pro', tenant: 'acme'}],
    };
    postern = await startPostern(settings, {
      files: {'keys.yaml': 'keys: []\n', 'entitlements.yaml': entitlements},
      unready: true,
    });
    const config = join(postern.folder, 'postern.yaml');
    const loaded = await runPostern(['entitlements', 'load', join(postern.folder, 'entitlements.yaml'), '-c', config]);
    assert.equal(loaded.code, 0, loaded.output);
    const made = await runPostern([
      'keys',
      'new',
      '--id',
      'ci',
      '--tenant',
      'tiny',
      '--file',
      join(postern.folder, 'keys.yaml'),
    ]);
    const key = made.output.split('\n')[0] ?? '';
    const client = makeCheckClient(postern.address);
    const ask = () =>
      client.check(
        checkRequestOf({
          path: '/orgs/tiny/reports/q3',
          headers: [
            ['x-api-key', key],
            ['x-request-id', 'b2f1'],
          ],
        }),
      );
    const until = performance.now() + 20_000;
    const reason = async () => JSON.parse((await ask()).deniedResponse?.body ?? '{}').code;
    while ((await reason()) !== 'missing_feature') assert.ok(performance.now() < until);
    client.close();
  });
  after(async () => {
    for (const name of Object.keys(secrets)) delete process.env[name];
    await postern?.stop();
    await redis?.stop();
  });

  it('prints what it shows', () => {
    const log = join(postern.folder, 'log');
    writeFileSync(
      log,
      `${postern
        .logs()
        .split('\n')
        .filter((line) => /missing_feature/.test(line))
        .at(-1)}\n`,
    );
    const ran = runPage({path: page, folder: postern.folder, config: join(postern.folder, 'postern.yaml'), log});
    assert.ok(ran.length >= 20, `${ran.length} commands`);
    if (process.env.UPDATE_DOCS === '1') return;
    for (const {command, shown, printed} of ran) assert.equal(printed, shown, command);
  });
});
