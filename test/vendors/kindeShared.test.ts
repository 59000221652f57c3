// Two Posterns with one Redis: what one has learned from Kinde serves both, and what is dropped or revoked is so for both.
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {Redis as Client} from 'ioredis';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {type Kinde, machine, startKinde} from '../support/vendors/kinde.ts';

const adminToken = 'admin-token-for-tests-only';

describe('kinde with Redis', () => {
  let kinde: Kinde;
  let redis: Redis;
  const posterns: Postern[] = [];
  const clients: CheckClient[] = [];
  before(async () => {
    kinde = await startKinde();
    redis = await startRedis();
    for (let count = 0; count < 2; count++) {
      const postern = await startPostern({
        admin: {token: adminToken},
        redis: {url: redis.url},
        providers: [{name: 'ki', type: 'kinde', domain: kinde.domain, audience: ['orders-api'], apiKeys: machine}],
        entitlements: {source: {type: 'kinde', domain: kinde.domain}, cache: {fresh: '1m', stale: '10m'}},
        rules: [
          {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
          {name: 'all', match: {path: '/**'}, require: {}},
        ],
      });
      posterns.push(postern);
      clients.push(makeCheckClient(postern.address));
    }
    kinde.keys.set('k_live_user1', {status: 'active', scopes: [], user_id: 'kp_9'});
    kinde.bought.set('org_1', ['reports']);
  });
  after(async () => {
    for (const client of clients) client.close();
    for (const postern of posterns) await postern.stop();
    await redis?.stop();
    await kinde?.close();
  });

  const isAllowed = async (instance: number, path: string, token: string): Promise<boolean> => {
    const headers = [['authorization', `Bearer ${token}`]] as const;
    return (await clients[instance]?.check(checkRequestOf({path, headers})))?.okResponse !== undefined;
  };
  const tell = async (instance: number, path: string, body: object): Promise<void> => {
    const headers = {authorization: `Bearer ${adminToken}`, 'content-type': 'application/json'};
    const answer = await fetch(`${posterns[instance]?.adminUrl}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, await answer.text());
  };
  const becomesRefused = async (instance: number, path: string, token: string): Promise<boolean> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (!(await isAllowed(instance, path, token))) return true;
      await sleep(50);
    }
    return false;
  };

  it('the second instance asks Kinde nothing that the first has asked, and Redis holds no credential', async () => {
    const token = await kinde.token();
    assert.ok(await isAllowed(0, '/reports', token));
    assert.ok(await isAllowed(0, '/', 'k_live_user1'));
    const asked = () => kinde.asked.filter((line) => /verify|entitlements/.test(line)).length;
    const before = asked();
    // What is written to Redis may still be on its way.
    await sleep(200);
    assert.ok(await isAllowed(1, '/reports', token));
    assert.ok(await isAllowed(1, '/', 'k_live_user1'));
    assert.equal(asked(), before);

    const client = new Client(redis.url);
    try {
      const keys = (await client.keys('*')).toSorted();
      assert.ok(keys.length >= 2);
      const values = await Promise.all(keys.map((key) => client.get(key).catch(() => '')));
      assert.ok(values.some((value) => value?.includes('reports')));
      assert.ok(![...keys, ...values].some((text) => /k_live|eyJ|management-|canary/.test(text ?? '')));
    } finally {
      client.disconnect();
    }
  });

  it('a drop told to the first makes the second ask anew', async () => {
    const token = await kinde.token();
    assert.ok(await isAllowed(1, '/reports', token));
    kinde.bought.set('org_1', []);
    assert.ok(await isAllowed(1, '/reports', token), 'kept');
    await tell(0, '/entitlements/drop', {tenant: 'org_1'});
    assert.ok(await becomesRefused(1, '/reports', token));
  });

  it('an API key revoked by its id at the first is refused by the second, within its five minutes', async () => {
    assert.ok(await isAllowed(1, '/', 'k_live_user1'));
    await tell(0, '/revocations', {tokenId: 'api_key_ser1'});
    assert.ok(await becomesRefused(1, '/', 'k_live_user1'));
  });

  it('a rotated one has the same id: its new secret is refused, too', async () => {
    kinde.keys.set('k_live_new_ser1', {status: 'active', scopes: [], user_id: 'kp_9'});
    kinde.keys.set('k_live_new_ser2', {status: 'active', scopes: [], user_id: 'kp_9'});
    assert.ok(!(await isAllowed(1, '/', 'k_live_new_ser1')));
    assert.ok(await isAllowed(1, '/', 'k_live_new_ser2'), 'another key of the same user');
  });
});
