// Whom a revocation refuses, and for how long it is remembered.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type {Principal} from '../../src/core/principal.ts';
import {makeRevocationIndex, type Revocation, untilNow} from '../../src/core/revocation.ts';
import {checkRevocation} from '../../src/core/revocationCheck.ts';
import {principal} from '../support/requests.ts';

const whole: Principal = principal({sessionId: 's1', tokenId: 'j1', issuedAt: 99});
const without = (...keys: (keyof Principal)[]): Principal =>
  Object.fromEntries(Object.entries(whole).filter(([key]) => !keys.includes(key as keyof Principal))) as never;

type Selection = Omit<Revocation, 'before' | 'expires'>;
const revoke = (selection: Selection, before = 100, expires = 5_000): Revocation => ({...selection, before, expires});
const refuses = (revocations: Revocation[], principal: Principal): boolean => {
  const index = makeRevocationIndex();
  index.load(revocations);
  return index.revoked(principal);
};

describe('revocation', () => {
  const rows: [string, Selection, Principal, boolean][] = [
    ['a token by its id', {tokenId: 'j1'}, whole, true],
    ['another token', {tokenId: 'j2'}, whole, false],
    ['a token without an id', {tokenId: 'j1'}, without('tokenId'), false],
    ['a token of another provider', {tokenId: 'j1', provider: 'other'}, whole, false],
    ['a session', {sessionId: 's1'}, whole, true],
    ['another session', {sessionId: 's2'}, whole, false],
    ['no session', {sessionId: 's1'}, without('sessionId'), false],
    ['a subject, whatever its tenant', {subject: 'u1'}, {...whole, tenant: 't9'}, true],
    ['a subject without tenant', {subject: 'u1'}, without('tenant'), true],
    ['a subject in this tenant', {subject: 'u1', tenant: 't1'}, whole, true],
    ['a subject in another tenant', {subject: 'u1', tenant: 't2'}, whole, false],
    ['a subject in a tenant, asked for one without', {subject: 'u1', tenant: 't1'}, without('tenant'), false],
    ['another subject of the tenant', {subject: 'u2', tenant: 't1'}, whole, false],
    ['a tenant', {tenant: 't1'}, whole, true],
    ['another tenant', {tenant: 't2'}, whole, false],
    ['a tenant called undefined', {tenant: 'undefined'}, without('tenant'), false],
    ['a provider', {provider: 'acme'}, whole, true],
    ['another provider', {provider: 'other'}, whole, false],
    ['all selectors', {tokenId: 'j1', sessionId: 's1', subject: 'u1', tenant: 't1', provider: 'acme'}, whole, true],
    ['all but one', {tokenId: 'j1', sessionId: 's1', subject: 'u2', tenant: 't1', provider: 'acme'}, whole, false],
    ['issued at that very second', {subject: 'u1'}, {...whole, issuedAt: 100}, false],
    ['issued later', {subject: 'u1'}, {...whole, issuedAt: 101}, false],
    ['issued who knows when', {subject: 'u1'}, without('issuedAt'), true],
    ['issued at no number', {subject: 'u1'}, {...whole, issuedAt: Number.NaN}, true],
    ['a name that every object has', {subject: '__proto__'}, whole, false],
    ['a subject of that name', {subject: '__proto__'}, {...whole, subject: '__proto__'}, true],
  ];
  for (const [what, selection, principal, refused] of rows) {
    it(`${refused ? 'refuses' : 'lets pass'}: ${what}`, () =>
      assert.equal(refuses([revoke(selection)], principal), refused));
  }

  it('refuses nobody while empty', () => assert.equal(refuses([], without('issuedAt')), false));

  it('keeps the farther and the longer of two with equal selectors, in either order', () => {
    const short = revoke({subject: 'u1'}, 100, 1_000);
    const long = revoke({subject: 'u1'}, 50, 2_000);
    for (const order of [
      [short, long],
      [long, short],
    ]) {
      const index = makeRevocationIndex();
      index.load(order);
      assert.equal(index.size, 1);
      assert.equal(index.revoked(whole), true);
      assert.equal(index.prune(1_000), 0);
      assert.deepEqual(index.list(), [revoke({subject: 'u1'}, 100, 2_000)]);
    }
  });

  it('forgets what has expired, and only that', () => {
    const index = makeRevocationIndex();
    index.load([revoke({subject: 'u1'}, 100, 1_000), revoke({tenant: 't1', subject: 'u2'}, 100, 3_000)]);
    assert.equal(index.prune(999), 0);
    assert.equal(index.revoked(whole), true);
    assert.equal(index.prune(1_000), 1);
    assert.equal(index.revoked(whole), false);
    assert.equal(index.revoked({...whole, subject: 'u2'}), true);
    assert.equal(index.size, 1);
    index.add(revoke({subject: 'u1'}, 100, 2_000));
    assert.equal(index.prune(2_500), 1);
    assert.equal(index.prune(9_999), 1);
    assert.deepEqual([index.size, index.list()], [0, []]);
  });

  it('takes none that would refuse everyone', () =>
    assert.throws(() => makeRevocationIndex().add(revoke({id: 'r1'})), RangeError));

  it('revokes until now with the running second', () => {
    const before = untilNow(1_700_000_000_400);
    const index = makeRevocationIndex();
    index.add({subject: 'u1', before, expires: Number.MAX_SAFE_INTEGER});
    assert.equal(index.revoked({...whole, issuedAt: 1_700_000_000}), true);
    assert.equal(index.revoked({...whole, issuedAt: 1_700_000_001}), false);
  });

  it('decides as looking at every revocation in turn would', () => {
    const name = fc.option(fc.constantFrom('a', 'b', '__proto__'), {nil: undefined});
    const selection = fc.record({tokenId: name, sessionId: name, subject: name, tenant: name, provider: name});
    const revocation = fc
      .record({selection, before: fc.integer({min: 0, max: 5}), expires: fc.integer({min: 0, max: 5})})
      .filter(({selection}) => Object.values(selection).some((value) => value !== undefined))
      .map(({selection, ...times}) => ({...selection, ...times}) as Revocation);
    const principal = fc
      .record({selection, issuedAt: fc.option(fc.integer({min: 0, max: 5}), {nil: undefined})})
      .map(({selection, issuedAt}) => ({...whole, ...selection, issuedAt}) as Principal);
    const selects = (one: Revocation, asked: Principal) =>
      (['tokenId', 'sessionId', 'subject', 'tenant', 'provider'] as const).every(
        (key) => one[key] === undefined || one[key] === asked[key],
      );
    fc.assert(
      fc.property(fc.array(revocation, {maxLength: 12}), principal, (all, asked) => {
        const naive = all.some(
          (one) => selects(one, asked) && (asked.issuedAt === undefined || asked.issuedAt < one.before),
        );
        assert.equal(refuses(all, asked), naive);
      }),
      {numRuns: 2_000},
    );
  });
});

describe('a revocation from outside', () => {
  const good = {subject: 'u1', before: 1, expires: 2};
  it('is taken as it is', () => assert.deepEqual(checkRevocation(good), {revocation: good}));
  it('may hold undefined for what is not given', () =>
    assert.deepEqual(checkRevocation({...good, tenant: undefined}), {revocation: good}));

  const rows: [unknown, RegExp][] = [
    [null, /not an object/],
    ['u1', /not an object/],
    [[good], /not an object/],
    [{...good, sesion: 's1'}, /unknown key/],
    [JSON.parse('{"subject": "u1", "before": 1, "expires": 2, "__proto__": {"tenant": "t"}}'), /unknown key/],
    [{...good, subject: ''}, /subject/],
    [{...good, subject: 'x'.repeat(513)}, /subject/],
    [{...good, tenant: 5}, /tenant/],
    [{...good, before: '1'}, /before/],
    [{...good, before: Number.NaN}, /before/],
    [{subject: 'u1', before: 1}, /lacks expires/],
    [{subject: 'u1', expires: 1}, /lacks before/],
    [{id: 'r1', before: 1, expires: 2}, /selects nobody/],
  ];
  for (const [value, fault] of rows) {
    it(`is refused: ${JSON.stringify(value)?.slice(0, 60)}`, () => {
      const checked = checkRevocation(value);
      assert.ok('fault' in checked);
      assert.match(checked.fault, fault);
    });
  }
});
