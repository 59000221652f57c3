// Whom a revocation refuses, and for how long it is remembered.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type {Principal} from '../../../src/core/principal.ts';
import type {Removal, Revocation, RevocationElement} from '../../../src/core/revocation/revocation.ts';
import {checkElement} from '../../../src/core/revocation/revocationCheck.ts';
import {makeRevocationSet} from '../../../src/core/revocation/revocationSet.ts';
import {principal} from '../../support/requests.ts';

const whole: Principal = principal({sessionId: 's1', tokenId: 'j1', issuedAt: 99});
const without = (...keys: (keyof Principal)[]): Principal =>
  Object.fromEntries(Object.entries(whole).filter(([key]) => !keys.includes(key as keyof Principal))) as never;

type Selection = Omit<Revocation, 'id' | 'at' | 'before' | 'expires'>;
let made = 0;
const revoke = (selection: Selection, before: number | null = 100, expires = 5_000): Revocation => {
  made += 1;
  return {id: `r${made}`, at: 99_500, ...selection, ...(before !== null && {before}), expires};
};
const remove = ({id, expires}: Revocation): Removal => ({id: `not ${id}`, removes: id, at: 99_500, expires});
const setOf = (elements: readonly RevocationElement[]) => {
  const set = makeRevocationSet(3);
  for (const element of elements) set.add(element);
  return set;
};
const refuses = (elements: readonly RevocationElement[], principal: Principal, tolerance = 0): boolean =>
  setOf(elements).revoked(principal, tolerance);

describe('revocation', function () {
  // Generated cases by the thousand, on machines that do other work, too.
  this.timeout(120_000);
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

  // Made in second 99: what was issued until then is refused, and with a tolerance what a clock ahead dates later.
  const scopes: [string, Selection, Partial<Principal>, tolerance: number, boolean][] = [
    ['a token, whatever it says of its age', {tokenId: 'j1'}, {issuedAt: 5_000}, 0, true],
    ['a session, its refreshed tokens too', {sessionId: 's1'}, {issuedAt: 5_000, tokenId: 'j2'}, 0, true],
    ['a session of one subject', {sessionId: 's1', subject: 'u1'}, {issuedAt: 5_000}, 0, true],
    ['a subject, issued before', {subject: 'u1'}, {issuedAt: 99}, 0, true],
    ['a subject, issued after', {subject: 'u1'}, {issuedAt: 100}, 0, false],
    ['issued by a clock that may be ahead', {subject: 'u1'}, {issuedAt: 129}, 30, true],
    ['issued when no clock that may be ahead has it', {subject: 'u1'}, {issuedAt: 130}, 30, false],
    ['refreshed after, signed in before', {subject: 'u1'}, {issuedAt: 500, authTime: 99}, 0, true],
    ['refreshed after, signed in after', {subject: 'u1'}, {issuedAt: 500, authTime: 100}, 0, false],
    ['signed in by a clock that may be ahead', {subject: 'u1'}, {issuedAt: 500, authTime: 129}, 30, true],
    ['a tenant: signed in before', {tenant: 't1'}, {issuedAt: 500, authTime: 99}, 0, true],
    ['a provider: signed in before', {provider: 'acme'}, {issuedAt: 500, authTime: 99}, 0, true],
    ['signed in at no number', {subject: 'u1'}, {issuedAt: 500, authTime: Number.NaN}, 0, true],
  ];
  for (const [what, selection, fields, tolerance, refused] of scopes) {
    it(`without a moment ${refused ? 'refuses' : 'lets pass'}: ${what}`, () =>
      assert.equal(refuses([revoke(selection, null)], {...whole, ...fields}, tolerance), refused));
  }
  it('a moment that was named counts as it was named', () => {
    const issued = (issuedAt: number, authTime?: number) => ({...whole, issuedAt, ...(authTime && {authTime})});
    assert.equal(refuses([revoke({sessionId: 's1'}, 100)], issued(100, 5), 30), false);
    assert.equal(refuses([revoke({sessionId: 's1'}, 100)], issued(99), 30), true);
    assert.equal(refuses([revoke({subject: 'u1'}, 100)], issued(100), 30), false);
    assert.equal(refuses([revoke({subject: 'u1'}, 100)], issued(100, 99), 30), true);
  });

  it('each of two with equal selectors counts, and has its own end', () => {
    const short = revoke({subject: 'u1'}, 100, 1_000);
    const long = revoke({subject: 'u1'}, 50, 2_000);
    const set = setOf([short, long, short]);
    assert.deepEqual([set.size, set.revoked(whole)], [2, true]);
    assert.equal(set.prune(1_000), 1);
    assert.deepEqual([set.list(), set.revoked(whole), set.revoked({...whole, issuedAt: 49})], [[long], false, true]);
  });

  it('one that is taken back refuses nobody, in whichever order both are heard; another of the same person does', () => {
    const mistake = revoke({subject: 'u1'});
    for (const order of [
      [mistake, remove(mistake)],
      [remove(mistake), mistake],
      [remove(mistake), mistake, mistake, remove(mistake)],
    ]) {
      const set = setOf(order);
      assert.deepEqual([set.revoked(whole), set.size, set.list(), set.find(mistake.id)], [false, 0, [], undefined]);
      assert.equal(set.removalOf(mistake.id)?.removes, mistake.id);
      set.add(revoke({subject: 'u1'}));
      assert.deepEqual([set.revoked(whole), set.size], [true, 1]);
    }
  });

  it('forgets what has expired, and only that', () => {
    const first = revoke({subject: 'u1'}, 100, 1_000);
    const set = setOf([first, revoke({tenant: 't1', subject: 'u2'}, 100, 3_000)]);
    assert.equal(set.prune(999), 0);
    assert.equal(set.revoked(whole), true);
    assert.equal(set.prune(1_000), 1);
    assert.equal(set.revoked(whole), false);
    assert.equal(set.revoked({...whole, subject: 'u2'}), true);
    assert.equal(set.size, 1);
    set.add(revoke({subject: 'u1'}, 100, 2_000));
    assert.equal(set.prune(2_500), 1);
    assert.equal(set.prune(9_999), 1);
    assert.deepEqual([set.size, set.list()], [0, []]);
  });

  it('takes none that would refuse everyone', () =>
    assert.throws(() => makeRevocationSet().add(revoke({})), RangeError));

  it('knows what Redis has not been seen to hold', () => {
    const [one, two, three] = [revoke({subject: 'a'}), revoke({subject: 'b'}), revoke({subject: 'c'}, 1, 900)];
    const set = makeRevocationSet();
    set.add(one);
    set.add(two, true);
    set.add(three, true);
    assert.deepEqual([set.unseen, set.missing(9, 0.9)], [1, [one]]);
    set.markSeen([one.id, 'nobody']);
    assert.equal(set.unseen, 0);
    set.beginRound();
    set.add(one, true);
    for (const _ of set.endRound(1_000));
    assert.deepEqual([set.unseen, set.missing(9, 0)], [1, [two]], 'what has ended there is not missing');
    set.add(two, true);
    assert.equal(set.unseen, 0);
  });

  it('is listed in pages', () => {
    const all = Array.from({length: 25}, (_, at) => revoke({subject: `p${at}`}));
    const set = setOf([...all, remove(all[3] as Revocation)]);
    const pages: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = set.list(10, after);
      pages.push(...(page ?? []).map(({id}) => id));
      if (page === undefined || page.length < 10) break;
      after = page.at(-1)?.id;
    }
    assert.deepEqual(
      pages,
      all.filter((_, at) => at !== 3).map(({id}) => id),
    );
    assert.equal(set.list(10, 'nobody'), undefined);
  });

  const name = fc.option(fc.constantFrom('a', 'b', '__proto__', '\u2603', 'x'.repeat(500)), {nil: undefined});
  const names = {tokenId: name, sessionId: name, subject: name, tenant: name, provider: name};
  const second = fc.integer({min: 0, max: 5});
  const revocations = fc.array(
    fc.record({...names, before: fc.option(second, {nil: undefined}), at: second, expires: second}),
    {maxLength: 12},
  );
  const known = (all: readonly Record<string, unknown>[]) =>
    all
      .map((one, at) => ({
        id: `r${at}`,
        ...Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)),
      }))
      .filter((one) => Object.keys(names).some((key) => key in one)) as unknown as Revocation[];

  it('decides as looking at every revocation in turn would', () => {
    const asked = fc
      .record({...names, issuedAt: fc.option(second, {nil: undefined}), authTime: fc.option(second, {nil: undefined})})
      .map((fields) => ({...whole, ...fields}) as Principal);
    const selects = (one: Revocation, principal: Principal) =>
      (['tokenId', 'sessionId', 'subject', 'tenant', 'provider'] as const).every(
        (key) => one[key] === undefined || one[key] === principal[key],
      );
    const reaches = (one: Revocation, {issuedAt, authTime}: Principal) => {
      const isOne = one.tokenId !== undefined || one.sessionId !== undefined;
      if (isOne && one.before === undefined) return true;
      const before = one.before ?? Math.floor(one.at / 1_000) + 1 + 2;
      return issuedAt === undefined || issuedAt < before || (!isOne && authTime !== undefined && authTime < before);
    };
    fc.assert(
      fc.property(revocations.map(known), asked, (all, principal) => {
        const naive = all.some((one) => selects(one, principal) && reaches(one, principal));
        assert.equal(refuses(all, principal, 2), naive);
      }),
      {numRuns: 2_000},
    );
  });

  it('merges in any order, as often as one likes, and forgets nothing before its end', () => {
    const shuffled = revocations.chain((all) => {
      const elements = known(all).flatMap((one, at) => (at % 3 === 0 ? [one, remove(one)] : [one]));
      return fc.tuple(
        fc.shuffledSubarray([...elements, ...elements], {minLength: 2 * elements.length}),
        fc.shuffledSubarray(elements, {minLength: elements.length}),
        fc.integer({min: 0, max: 6}),
      );
    });
    const contents = (set: ReturnType<typeof setOf>) =>
      [...(set.list() ?? [])].map((one) => JSON.stringify(Object.entries(one).sort())).sort();
    fc.assert(
      fc.property(shuffled, ([one, two, now]) => {
        const [a, b] = [setOf(one), setOf(two)];
        assert.deepEqual(contents(a), contents(b));
        for (const element of one) b.add(element);
        assert.deepEqual(contents(a), contents(b));
        a.prune(now);
        const live = two.filter(({expires}) => expires > now);
        assert.deepEqual(contents(a), contents(setOf(live)));
        for (const element of two) a.add(element);
        assert.deepEqual(contents(a), contents(b), 'what was forgotten can be heard again');
      }),
      {numRuns: 1_000},
    );
  });

  it('holds a hundred thousand, forgets half of them, and gives their room to others', () => {
    const set = makeRevocationSet(11);
    const of = (at: number, expires: number): Revocation => ({
      id: `id${at}`.padEnd(16, '-'),
      sessionId: `session-${at}`,
      at: 1,
      expires,
    });
    const session = (at: number) => ({...whole, sessionId: `session-${at}`});
    for (let at = 0; at < 100_000; at++) set.add(of(at, at % 2 === 0 ? 10 : 20));
    const pieces = [...set.sweep(10)].length;
    assert.ok(pieces >= 50, `in ${pieces} pieces`);
    assert.equal(set.size, 50_000);
    for (let at = 100_000; at < 150_000; at++) set.add(of(at, 20));
    assert.equal(set.size, 100_000);
    for (let at = 0; at < 150_000; at += 97) {
      assert.equal(set.revoked(session(at)), at >= 100_000 || at % 2 === 1, `${at}`);
    }
  });
});

describe('a revocation from outside', () => {
  const good = {at: 1, expires: 2, subject: 'u1', before: 1};
  it('is taken as it is', () => assert.deepEqual(checkElement(good), {element: good}));
  it('may hold undefined for what is not given', () =>
    assert.deepEqual(checkElement({...good, tenant: undefined}), {element: good}));

  const rows: [unknown, RegExp][] = [
    [null, /not an object/],
    ['u1', /not an object/],
    [[good], /not an object/],
    [{...good, sesion: 's1'}, /unknown key/],
    [JSON.parse('{"subject": "u1", "at": 1, "expires": 2, "__proto__": {"tenant": "t"}}'), /unknown key/],
    [{...good, subject: ''}, /subject/],
    [{...good, subject: 'x'.repeat(513)}, /subject/],
    [{...good, tenant: 5}, /tenant/],
    [{...good, before: '1'}, /before/],
    [{...good, before: Number.NaN}, /before/],
    [{...good, before: -1}, /before/],
    [{...good, expires: 9e15}, /expires/],
    [{subject: 'u1', at: 1}, /lacks expires/],
    [{subject: 'u1', expires: 1}, /lacks at/],
    [{at: 1, expires: 2}, /selects nobody/],
    [{...good, id: 'r1'}, /unknown key/],
    [{...good, removes: 'r1'}, /removes, and selects/],
    [{at: 1, expires: 2, removes: 'r1', before: 1}, /removes, and selects/],
    [{...good, reason: 'x'.repeat(513)}, /reason/],
    [{...good, by: 7}, /by/],
  ];
  for (const [value, fault] of rows) {
    it(`is refused: ${JSON.stringify(value)?.slice(0, 60)}`, () => {
      const checked = checkElement(value);
      assert.ok('fault' in checked);
      assert.match(checked.fault, fault);
    });
  }
});
