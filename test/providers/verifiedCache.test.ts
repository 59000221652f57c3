// Which tokens are known: those of late, in bounded number, of these settings only.
import assert from 'node:assert/strict';
import {makeVerifiedCache, weightOfKept} from '../../src/providers/verifiedCache.ts';
import {principal} from '../support/requests.ts';

const nowhere = {get: () => undefined, set: () => {}};
const make = (settings: object = {}) =>
  makeVerifiedCache({
    cache: nowhere,
    settings: {name: 'acme', clockTolerance: 0, ...settings},
    holds: () => true,
  });
const signedBy = {kid: 'k1', thumbprint: 't1', algorithms: new Set([]), key: undefined as never};

/** Verifies a principal whose token ends at `expiresAt`, seconds since the epoch. */
const verified = (expiresAt: number | undefined, until?: number) => async () => ({
  verified: {...principal(), ...(expiresAt !== undefined && {expiresAt})},
  signedBy,
  ...(until !== undefined && {until}),
});

describe('verified credentials', () => {
  it('are known until many others have come, and for as long as they are in use', async () => {
    const cache = make();
    for (const name of ['used', 'idle']) await cache.authenticate(name, 0, verified(1));
    for (let other = 0; other < 60_000; other++) {
      await cache.authenticate(`other ${other}`, 0, verified(1));
      if (other % 10_000 === 0) assert.ok(cache.knows('used'));
    }
    assert.ok(cache.knows('used'));
    assert.ok(!cache.knows('idle'));
    assert.ok(cache.knows('other 59999'));
    assert.ok(!cache.knows('other 1'));
  });

  it('are known in bounded bytes: few of those that are large, as many of the others as ever', async () => {
    const cache = make();
    const large = {...principal(), claims: {roles: Array.from({length: 1_000}, (_, at) => `role ${at}`)}, expiresAt: 1};
    for (let number = 0; number < 1_000; number++)
      await cache.authenticate(`large ${number}`, 0, async () => ({verified: large, signedBy}));
    const known = Array.from({length: 1_000}, (_, number) => cache.knows(`large ${number}`));
    // Two halves of 8 MiB, and each of these weighs some 60 kB.
    assert.ok(known.filter(Boolean).length < 400, 'no more than fit are known');
    assert.ok(known[999], 'the last one is');
  });

  it('weigh what their claims do', () => {
    const kept = (claims: object) => weightOfKept({principal: {...principal(), claims: {...claims}}, signedBy: 't'});
    assert.ok(kept({}) > 1_000 && kept({}) < 4_000);
    assert.ok(kept({roles: Array.from({length: 5_000}, () => ({}))}) > 250_000, '15 kB of JSON');
  });

  it('are not kept past their end', async () => {
    const cache = make();
    for (const [now, end, until] of [
      [0, 0, undefined],
      [1_000, 0.5, undefined],
      [0, Number.NaN, undefined],
      [0, undefined, undefined],
      [500, 1, 500],
    ] as const) {
      const answer = await cache.authenticate('k', now, verified(end, until));
      assert.ok(answer.verified, 'what was verified counts now');
      assert.ok(!cache.knows('k'), `${now} ${end} ${until}`);
    }
  });

  it('have a key that depends on credential and settings, and shows neither', () => {
    const one = make({secret: 'canary-1'});
    const two = make({secret: 'canary-2'});
    assert.equal(one.keyOf('token'), one.keyOf('token'));
    assert.equal(new Set([one.keyOf('token'), one.keyOf('token2'), two.keyOf('token')]).size, 3);
    assert.match(one.keyOf('token'), /^[A-Za-z0-9_-]{43}$/);
  });
});
