// A plan that changes reaches the application within a second: OpenFeature's SDK asks, of each source that tells of changes.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Client, OpenFeature} from '@openfeature/server-sdk';
import {stringify} from 'yaml';
import {readDocument} from '../../src/entitlements/document.ts';
import {loadRecord, writeTenant} from '../../src/entitlements/recordWrite.ts';
import {openRedis} from '../../src/store/redis.ts';
import {settingsOf, until} from '../store/rig.ts';
import type {PosternOptions} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {startAnswering} from './stage.ts';

/** What is promised, milliseconds. */
const promised = 1_000;
const soldTo = (plan: string) => ({
  features: {seats: {value: 'number'}},
  plans: {pro: {features: ['seats'], values: {seats: 50}}, max: {features: ['seats'], values: {seats: 80}}},
  grants: [{plan, tenant: 'acme'}],
});
const seats = {pro: 50, max: 80} as const;

describe('a plan that changes, at the application', function () {
  this.timeout(60_000);
  // The machine may be busy with other things for a moment; the bound stays as it is promised.
  this.retries(1);
  const begun: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    await OpenFeature.clearProviders();
    for (const end of begun.splice(0).reverse()) await end();
  });

  const start = async (settings: object, options?: PosternOptions) => {
    const rules = [{name: 'open', match: {path: '/**'}, public: true}];
    const answering = await startAnswering({rules, ...settings}, options);
    begun.push(answering.postern.stop);
    return answering;
  };

  /** Changes the plan to and fro, and measures each time until all clients say so. */
  const measured = async (clients: readonly Client[], change: (plan: 'pro' | 'max') => Promise<unknown> | unknown) => {
    const told = async (plan: 'pro' | 'max') => {
      const found = await Promise.all(clients.map((client) => client.getNumberValue('seats', 0, {tenant: 'acme'})));
      return found.every((one) => one === seats[plan]);
    };
    await until('the first plan counts', () => told('pro'));
    for (const plan of ['max', 'pro', 'max', 'pro', 'max'] as const) {
      await change(plan);
      const took = await until(`${plan} counts`, () => told(plan));
      assert.ok(took < promised, `${plan} after ${took.toFixed(0)} ms`);
    }
  };

  it('of a file', async () => {
    const settings = {entitlements: {source: {type: 'file', path: 'bought.yaml'}}};
    const {postern, client} = await start(settings, {files: {'bought.yaml': soldTo('pro')}});
    await measured([client], (plan) => writeFileSync(join(postern.folder, 'bought.yaml'), stringify(soldTo(plan))));
  });

  it('of the record in Redis, at each of two', async () => {
    const redis = await startRedis();
    begun.push(redis.stop);
    const calls = openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 5_000, random: Math.random});
    begun.push(calls.close);
    await until('it is connected', calls.ready);
    const read = await readDocument(soldTo('pro'));
    assert.ok('snapshot' in read);
    await loadRecord(calls, 'postern:', read.snapshot, 'first');
    const settings = {redis: {url: redis.url}, entitlements: {source: {type: 'redis'}}};
    const two = [await start(settings), await start(settings)];
    await measured(
      two.map(({client}) => client),
      (plan) => writeTenant(calls, 'postern:', 'acme', [{plan, tenant: 'acme', user: null, expires: null}]),
    );
  });
});
