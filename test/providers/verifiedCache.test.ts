// Which tokens are known: those of late, in bounded number, of these settings only.
import assert from 'node:assert/strict';
import type {Principal} from '../../src/core/principal.ts';
import {makeVerifiedCache} from '../../src/providers/verifiedCache.ts';
import {principal} from '../support/requests.ts';

const nowhere = {get: (): Principal | undefined => undefined, set: () => {}};

describe('verified credentials', () => {
  it('are known until many others have come, and for as long as they are in use', () => {
    const cache = makeVerifiedCache(nowhere, {});
    for (const name of ['used', 'idle']) cache.keep(name, principal(), 0, 1);
    for (let other = 0; other < 60_000; other++) {
      cache.keep(`other ${other}`, principal(), 0, 1);
      if (other % 10_000 === 0) assert.ok(cache.knows('used'));
    }
    assert.ok(cache.knows('used'));
    assert.ok(!cache.knows('idle'));
    assert.ok(cache.knows('other 59999'));
    assert.ok(!cache.knows('other 1'));
  });

  it('are not kept past their end', () => {
    const cache = makeVerifiedCache(nowhere, {});
    for (const until of [0, -1, Number.NaN]) cache.keep('k', principal(), 0, until);
    assert.ok(!cache.knows('k'));
  });

  it('have a key that depends on credential and settings, and shows neither', () => {
    const one = makeVerifiedCache(nowhere, {secret: 'canary-1'});
    const two = makeVerifiedCache(nowhere, {secret: 'canary-2'});
    assert.equal(one.keyOf('token'), one.keyOf('token'));
    assert.equal(new Set([one.keyOf('token'), one.keyOf('token2'), two.keyOf('token')]).size, 3);
    assert.match(one.keyOf('token'), /^[A-Za-z0-9_-]{43}$/);
  });
});
