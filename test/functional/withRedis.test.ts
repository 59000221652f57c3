// The whole program with a Redis that comes, goes and hangs: decisions go on, and it is told.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort} from '../support/ports.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {type Stage, startStage} from '../support/stage.ts';

const settings = (port: number) => ({
  rules: [
    {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
    {name: 'rest', match: {path: '/**'}, require: {}},
  ],
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
  redis: {url: `redis://127.0.0.1:${port}/0`},
});
const files = {
  'entitlements.yaml': {
    features: {reports: {}},
    plans: {pro: {features: ['reports']}},
    grants: [{plan: 'pro', tenant: 'acme'}],
  },
};

const readiness = async (stage: Stage): Promise<{code: number; status: string; body: string}> => {
  const response = await fetch(`${stage.postern.adminUrl}/readyz`);
  const body = await response.text();
  return {code: response.status, status: JSON.parse(body).status, body};
};
const soon = async (stage: Stage, status: string): Promise<void> => {
  const until = performance.now() + 10_000;
  while ((await readiness(stage)).status !== status && performance.now() < until) await sleep(50);
  const {code, status: last, body} = await readiness(stage);
  assert.equal(last, status, body);
  assert.equal(code, 200, body);
};

describe('the program with Redis', function () {
  this.timeout(40_000);
  let stage: Stage | undefined;
  let redis: Redis | undefined;
  afterEach(async () => {
    await stage?.stop();
    await redis?.stop();
    stage = undefined;
    redis = undefined;
  });
  /** Allowed, refused, not bought: all as they should be, and none of them slow. */
  const decides = async (on: Stage) => {
    const [alice, bob] = [
      await on.identityProvider.token('alice'),
      await on.identityProvider.sign({sub: 'bob', org_id: 'other'}),
    ];
    assert.equal((await on.ask({path: '/reports', token: alice})).status, 200);
    assert.equal((await on.ask({path: '/reports', token: bob})).status, 403);
    assert.equal((await on.ask({path: '/x'})).status, 401);
  };

  it('decides with it, and without it when it crashed, and says degraded until it is back', async () => {
    redis = await startRedis();
    const {port} = redis;
    stage = await startStage({settings: settings(port), postern: {files}});
    await soon(stage, 'ready');
    await decides(stage);
    await redis.kill();
    await decides(stage);
    await soon(stage, 'degraded');
    await decides(stage);
    redis = await startRedis({port});
    await soon(stage, 'ready');
    await decides(stage);
  });

  it('decides while it hangs', async () => {
    redis = await startRedis();
    stage = await startStage({settings: settings(redis.port), postern: {files}});
    await decides(stage);
    redis.pause();
    for (let round = 0; round < 3; round++) await decides(stage);
    redis.resume();
    await soon(stage, 'ready');
  });

  it('starts and decides where there is none yet', async () => {
    const port = await freePort();
    stage = await startStage({settings: settings(port), postern: {files}});
    await decides(stage);
    await soon(stage, 'degraded');
    redis = await startRedis({port});
    await soon(stage, 'ready');
  });
});
