// Redis at an address of IPv6: as a URL, and as a node of a list.
import assert from 'node:assert/strict';
import {networkInterfaces} from 'node:os';
import {openRedis} from '../../src/store/redis.ts';
import {startRedis} from '../support/redis.ts';
import {endingAfterEach, settingsOf, until} from './rig.ts';

const hasLoopback = Object.values(networkInterfaces()).some((all) => all?.some(({address}) => address === '::1'));

describe('Redis by IPv6', () => {
  const kept = endingAfterEach();
  before(function () {
    if (!hasLoopback) this.skip();
  });

  it('redis://[::1]:port', async () => {
    const {port} = kept(await startRedis({args: ['--bind', '127.0.0.1', '::1']}));
    const settings = settingsOf({url: `redis://[::1]:${port}`});
    const redis = kept(openRedis(settings, {purpose: 'test', timeout: 5_000, random: Math.random}));
    await until('it is connected', () => redis.ready());
    assert.equal(await redis.call('PING'), 'PONG');
  });

  it('a cluster whose node announces such an address', async () => {
    const args = ['--bind', '127.0.0.1', '::1', '--cluster-enabled', 'yes', '--cluster-announce-ip', '::1'];
    const {port} = kept(await startRedis({args}));
    const direct = kept(
      openRedis(settingsOf({url: `redis://[::1]:${port}`}), {purpose: 'test', timeout: 5_000, random: Math.random}),
    );
    await until('it is connected', () => direct.ready());
    await direct.call('CLUSTER', 'ADDSLOTS', ...Array.from({length: 16_384}, (_, slot) => slot));
    const settings = settingsOf({cluster: [`[::1]:${port}`]});
    const cluster = kept(openRedis(settings, {purpose: 'test', timeout: 5_000, random: Math.random}));
    await until('it is connected', () => cluster.ready(), 20_000);
    await until('it answers', async () => (await cluster.call('SET', 'a', 'b').catch(() => '')) === 'OK', 20_000);
  });
});
