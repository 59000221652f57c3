// Keys that were kept beyond the process: they count while the issuer has not been reached, and not beyond their age.
import assert from 'node:assert/strict';
import {exportJWK, generateKeyPair} from 'jose';
import type {Kept, Recalled} from '../../src/core/kept.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {usableKeys} from '../../src/providers/jwks.ts';
import {makeKeyKeeper} from '../../src/providers/keyKeeper.ts';
import {type KeySet, readKeySet} from '../../src/providers/keys.ts';

const jwkOf = async (kid: string) => ({
  ...(await exportJWK((await generateKeyPair('RS256', {extractable: true})).privateKey)),
  kid,
});

describe('keys that were kept', () => {
  let first: object;
  let second: object;
  before(async () => {
    [first, second] = await Promise.all([jwkOf('first'), jwkOf('second')]);
  });
  const away = async (): Promise<KeySet> => {
    throw new Unavailable('keys:acme', new Error('away'));
  };
  const setOf = (...keys: object[]) => usableKeys('keys:acme', {keys});

  /** A keeper with a clock of its own; `timers` run when the test says so. */
  const open = (kept: Recalled | undefined, fetch: () => Promise<KeySet>, oldest = 10_000) => {
    const time = {now: 1_000_000};
    const timers: {at: number; run: () => void}[] = [];
    const offered: string[][] = [];
    const used: boolean[] = [];
    const asked: number[] = [];
    const self = {fetch};
    const keptKeys: Kept = {
      name: 'keys acme',
      read: async (most) => {
        asked.push(most);
        return kept;
      },
      offer: async (_, texts) => {
        offered.push([...texts()]);
        return true;
      },
      used: (is) => used.push(is),
      standing: async () => 'ours',
      unchangedFor: async () => 0,
      end: () => {},
    };
    const keeper = makeKeyKeeper({
      dependency: 'keys:acme',
      fetch: () => self.fetch(),
      timing: {cooldown: 30_000, refresh: 600_000},
      now: () => time.now,
      steady: () => time.now,
      random: () => 0.5,
      after: (milliseconds, run) => {
        const timer = {at: time.now + milliseconds, run};
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
      },
      keptKeys: {kept: keptKeys, oldest},
    });
    const pass = async (milliseconds: number) => {
      time.now += milliseconds;
      for (const timer of timers.filter(({at}) => at <= time.now)) {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
        timer.run();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const find = (kid: string) => keeper.find(kid, 'RS256', time.now, Number.POSITIVE_INFINITY);
    return {keeper, self, time, pass, offered, used, asked, find};
  };
  const textOf = async (...keys: object[]) => JSON.stringify({keys: (await setOf(...keys)).jwks()});
  const recalled = async (asOf: number, ...keys: object[]): Promise<Recalled> => ({
    asOf,
    texts: [await textOf(...keys)],
    where: '/state/keys-acme.postern',
  });

  it('what is offered has the public members alone, and reads as the same keys', async () => {
    const {keeper, offered} = open(undefined, () => setOf(first));
    await keeper.start();
    const [[text = ''] = []] = offered;
    assert.doesNotMatch(text, /"(d|p|q|dp|dq|qi)":/);
    const again = await readKeySet(JSON.parse(text));
    assert.deepEqual(again?.shown(), keeper.shown());
  });

  it('count while the issuer is away, with their age, and it is said', async () => {
    const {keeper, find, time, used} = open(await recalled(998_000, first), away);
    await keeper.start();
    assert.equal((await find('first')).length, 1);
    assert.equal(keeper.age(time.now), 2);
    const {state, detail} = keeper.health();
    assert.equal(state, 'degraded');
    assert.match(
      detail ?? '',
      /Those that \/state\/keys-acme\.postern has kept since 1970-01-01T00:16:38\.000Z are in use/,
    );
    assert.deepEqual(used, [true]);
    // It may be a new key: an outage, never a bad token.
    await assert.rejects(async () => find('second'), Unavailable);
  });

  it('are replaced by what the issuer says', async () => {
    const {keeper, self, find, pass, used} = open(await recalled(998_000, first), away);
    await keeper.start();
    const [key] = await find('first');
    self.fetch = () => setOf(second);
    await pass(1_500);
    assert.equal(keeper.health().state, 'ready');
    assert.equal(keeper.holds(key?.thumbprint ?? ''), false);
    assert.equal((await find('second')).length, 1);
    assert.equal(used.at(-1), false);
  });

  it('are not waited for where the issuer answers, and not read', async () => {
    const {keeper, asked} = open(await recalled(998_000, second), () => setOf(first));
    await keeper.start();
    assert.deepEqual(asked, []);
    assert.equal(keeper.health().state, 'ready');
  });

  it('are taken after two seconds in which the issuer says nothing, and it is still waited for', async () => {
    let answer: (keys: KeySet) => void = () => {};
    const {keeper, find, pass} = open(
      await recalled(998_000, first),
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const started = keeper.start();
    await pass(2_000);
    assert.equal((await find('first')).length, 1);
    assert.equal(keeper.health().state, 'degraded');
    answer(await setOf(second));
    await started;
    assert.equal(keeper.health().state, 'ready');
  });

  it('count no more once they are too old, nor does what was verified with them', async () => {
    const {keeper, find, pass} = open(await recalled(995_000, first), away, 10_000);
    await keeper.start();
    const [key] = await find('first');
    assert.equal(keeper.holds(key?.thumbprint ?? ''), true);
    await pass(5_000);
    assert.equal(keeper.holds(key?.thumbprint ?? ''), false);
    await assert.rejects(async () => find('first'), Unavailable);
    assert.equal(keeper.health().state, 'unready');
  });

  it('a withdrawal is kept, too: a start while the issuer is away does not bring the keys back', async () => {
    const {keeper, self, pass, offered} = open(undefined, () => setOf(first));
    await keeper.start();
    self.fetch = () => setOf();
    for (let time = 0; time < 1_400_000; time += 100_000) await pass(100_000);
    assert.equal(offered.at(-1)?.[0], '{"keys":[]}');
    const next = open({asOf: 999_000, texts: offered.at(-1) ?? [], where: 'x'}, away);
    await next.keeper.start();
    assert.equal(next.keeper.health().state, 'unready');
  });

  for (const texts of [[], ['null'], ['{'], ['{"keys":[{"kty":"oct","k":"AAAA"}]}'], ['[]']]) {
    it(`what is no key set is nothing: ${JSON.stringify(texts)}`, async () => {
      const {keeper, find} = open({asOf: 999_000, texts, where: 'x'}, away);
      await keeper.start();
      assert.equal(keeper.health().state, 'unready');
      await assert.rejects(async () => find('first'), Unavailable);
    });
  }

  it('a disk that hangs holds up no further attempt', async () => {
    const {keeper, self, pass, find} = open(undefined, away);
    void keeper.start();
    self.fetch = () => setOf(first);
    await pass(3_000);
    await pass(3_000);
    assert.equal((await find('first')).length, 1);
  });
});
