// What docs/day2.md finds: a running Postern with Redis, grants, an API key, and one denial in its log.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {freePort} from '../support/ports.ts';
import {runPostern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';

export const day2Page = join(import.meta.dirname, '../../docs/day2.md');

export interface Scene {
  readonly folder: string;
  /** Of the configuration that every command finds. */
  readonly config: string;
  /** File with the line of the denial. */
  readonly log: string;
  /** As a Secret gives them: every program of the page has them in its environment. */
  readonly secrets: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const secrets = {
  POSTERN_ADMIN_TOKEN: 'b7Yc0Q2nVdJm5pLw8sTzRkXhGfUaEi4oN1MvCq3B6ZI=',
  POSTERN_SEAL_KEY: 'q3B6ZIb7Yc0Q2nVdJm5pLw8sTzRkXhGfUaEi4oN1MvC=',
};

export const startScene = async (): Promise<Scene> => {
  const redis = await startRedis();
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
  const postern = await startPostern(settings, {
    files: {'keys.yaml': 'keys: []\n', 'entitlements.yaml': entitlements},
    unready: true,
  });
  const at = (name: string) => join(postern.folder, name);
  const config = at('postern.yaml');
  const loaded = await runPostern(['entitlements', 'load', at('entitlements.yaml'), '-c', config]);
  assert.equal(loaded.code, 0, loaded.output);
  const made = await runPostern(['keys', 'new', '--id', 'ci', '--tenant', 'tiny', '--file', at('keys.yaml')]);
  const headers = [
    ['x-api-key', made.output.split('\n')[0] ?? ''],
    ['x-request-id', 'b2f1'],
  ] as const;
  const client = makeCheckClient(postern.address);
  const ask = () => client.check(checkRequestOf({path: '/orgs/tiny/reports/q3', headers}));
  const until = performance.now() + 20_000;
  const reason = async () => JSON.parse((await ask()).deniedResponse?.body ?? '{}').code;
  while ((await reason()) !== 'missing_feature') assert.ok(performance.now() < until);
  client.close();

  // The line is written a moment after the answer.
  const denial = () =>
    postern
      .logs()
      .split('\n')
      .slice(0, -1)
      .findLast((line) => line.includes('missing_feature'));
  while (denial() === undefined) {
    assert.ok(performance.now() < until);
    await sleep(20);
  }
  writeFileSync(at('log'), `${denial()}\n`);
  return {
    folder: postern.folder,
    config,
    log: at('log'),
    secrets,
    stop: async () => {
      for (const name of Object.keys(secrets)) delete process.env[name];
      await postern.stop();
      await redis.stop();
    },
  };
};
