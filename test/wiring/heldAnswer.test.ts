// All that somebody holds, in words and as JSON: origins, ends, grace, and what JSON has no number for.
import assert from 'node:assert/strict';
import {heldOf} from '../../src/commands/entitlements/entitlementsAnswer.ts';
import {readDocument} from '../../src/entitlements/document.ts';
import {heldLines} from '../../src/wiring/explain/heldAnswer.ts';

const document = {
  features: {
    orders: null,
    trail: null,
    seats: {value: 'number'},
    regions: {value: 'list'},
    support: {value: 'text'},
    api: {limit: {per: 'minute'}},
  },
  plans: {
    free: {rank: 10, features: ['seats', 'api'], values: {seats: 3}, limits: {api: 60}, default: true},
    pro: {
      rank: 20,
      features: ['orders', 'seats', 'regions', 'support', 'api'],
      values: {seats: 50, regions: ['eu', 'us'], support: 'by mail'},
      limits: {api: 600},
    },
    audit: {rank: 5, features: ['trail']},
  },
  grants: [
    {plan: 'pro', tenant: 't1', expires: '2027-01-31', grace: '7d', add: {seats: 10}, limits: {api: 'unlimited'}},
    {plan: 'pro', tenant: 't1', user: 'u1', values: {seats: 80}},
    {plan: 'audit', tenant: 't1', expires: '2026-12-31'},
  ],
};

describe('heldAnswer', () => {
  const held = async (tenant: string, user: string | undefined, at: string) => {
    const read = await readDocument(document);
    assert.ok('snapshot' in read);
    const grants = [...read.snapshot.grants].filter((grant) => grant.tenant === tenant);
    return heldOf({tenant, ...(user !== undefined && {user})}, {...read.snapshot, grants}, Date.parse(at));
  };

  it('writes units as one says them', () => {
    const values = {api: {amount: 5, per: 'hour', grace: false, origins: []}};
    assert.equal(heldLines({tenant: 't1', plans: [], grace: false, values})[1], '  api: 5 an hour');
  });

  it('tells where each amount comes from, and until when', async () => {
    assert.deepEqual(heldLines(await held('t1', undefined, '2027-02-01')), [
      'tenant t1: the plans pro, free',
      '  seats: 60, in grace',
      '    a grant of pro until 2027-01-31T00:00:00.000Z, in grace: 50 of the plan, and 10 more',
      '    the plan free, which is for everyone: 3 of the plan',
      '  regions: [eu, us], in grace',
      '    a grant of pro until 2027-01-31T00:00:00.000Z, in grace: [eu, us] of the plan',
      '  support: by mail, in grace',
      '    a grant of pro until 2027-01-31T00:00:00.000Z, in grace: by mail of the plan',
      '  api: unlimited a minute, in grace',
      '    a grant of pro until 2027-01-31T00:00:00.000Z, in grace: unlimited of its own',
      '    the plan free, which is for everyone: 60 of the plan',
      '  has the features: seats, api',
      '  has in grace the features: orders, regions, support',
      '  had the features: trail',
      '  grants:',
      '    audit to the tenant until 2026-12-31T00:00:00.000Z (over)',
      '    pro to the tenant until 2027-01-31T00:00:00.000Z, in grace until 2027-02-07T00:00:00.000Z (in grace)',
    ]);
  });

  it('counts a user its own', async () => {
    const {plans, grace, values} = await held('t1', 'u1', '2026-01-01');
    assert.deepEqual([plans, grace, values.seats?.amount], [['pro', 'free', 'audit'], false, 90]);
  });

  it('is JSON that says the same', async () => {
    const answer = await held('t1', undefined, '2026-01-01');
    assert.deepEqual(JSON.parse(JSON.stringify(answer)), answer);
    assert.equal(answer.values.api?.amount, 'unlimited');
    assert.deepEqual(
      answer.features.find(({feature}) => feature === 'orders'),
      {feature: 'orders', state: 'live'},
    );
  });

  it('grants of a user stand beside those of the tenant, and say whose they are', async () => {
    const lines = heldLines(await held('t1', 'u1', '2026-01-01'));
    assert.ok(lines.includes('    pro to the user u1 for ever'), lines.join('\n'));
    assert.ok(lines.includes('  has the features: orders, trail, seats, regions, support, api'), lines.join('\n'));
  });

  it('of whom nothing was sold to is what is for everyone', async () => {
    assert.deepEqual(heldLines(await held('t9', undefined, '2026-01-01')).slice(0, 2), [
      'tenant t9: the plans free',
      '  seats: 3',
    ]);
  });
});
