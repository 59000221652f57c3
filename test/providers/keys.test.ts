// The keys of an issuer: which count, when they are fetched, and what an outage does to them.
import assert from 'node:assert/strict';
import {Unavailable} from '../../src/core/unavailable.ts';
import {type FetchKeys, keysAtUrl, keysByDiscovery} from '../../src/providers/jwks.ts';
import {type KeyKeeperParts, makeKeyKeeper} from '../../src/providers/keyKeeper.ts';
import {type KeySet, readKeySet} from '../../src/providers/keys.ts';
import {type Answer, json, startServer, type TestServer, testRemote} from '../remote/servers.ts';
import {makeSigner, type Signer} from './tokens.ts';

const never = Number.POSITIVE_INFINITY;

describe('the keys of a set', () => {
  let rsa: Signer;
  let weak: Signer;
  let ec: Signer;
  let ed: Signer;
  before(async () => {
    rsa = await makeSigner('RS256', 'rsa');
    ec = await makeSigner('ES256', 'ec');
    ed = await makeSigner('EdDSA', 'ed');
    const {generateKeyPairSync} = await import('node:crypto');
    const {publicKey} = generateKeyPairSync('rsa', {modulusLength: 1024});
    weak = {...rsa, jwk: {...publicKey.export({format: 'jwk'}), kid: 'weak'}};
  });

  const rows: [string, () => object, boolean][] = [
    ['RSA', () => rsa.jwk, true],
    ['EC', () => ec.jwk, true],
    ['Ed25519', () => ed.jwk, true],
    ['for signatures', () => ({...rsa.jwk, use: 'sig', key_ops: ['verify'], alg: 'PS256'}), true],
    ['with fields that are not set', () => ({...rsa.jwk, use: '', alg: ''}), true],
    ['with members that are null', () => ({...rsa.jwk, use: null, alg: null, key_ops: null, kid: null}), true],
    ['with an algorithm that is a number', () => ({...rsa.jwk, alg: 7}), false],
    ['for encryption', () => ({...rsa.jwk, use: 'enc'}), false],
    ['for wrapping keys', () => ({...rsa.jwk, key_ops: ['wrapKey']}), false],
    ['of an encryption algorithm', () => ({...rsa.jwk, alg: 'RSA-OAEP'}), false],
    ['of an algorithm that does not fit', () => ({...rsa.jwk, alg: 'ES256'}), false],
    ['of an HMAC algorithm', () => ({...rsa.jwk, alg: 'HS256'}), false],
    ['RSA of 1024 bits', () => weak.jwk, false],
    ['symmetric', () => ({kty: 'oct', k: 'c2VjcmV0', kid: 'oct'}), false],
    ['symmetric that claims an RSA algorithm', () => ({kty: 'oct', k: 'c2VjcmV0', alg: 'RS256'}), false],
    ['of a type that does not exist', () => ({kty: 'XYZ'}), false],
    ['without a type', () => ({n: rsa.jwk.n, e: 'AQAB'}), false],
    ['RSA without modulus', () => ({kty: 'RSA', e: 'AQAB'}), false],
    ['RSA with an exponent of one', () => ({...rsa.jwk, e: 'AQ'}), false],
    ['EC off its curve', () => ({...ec.jwk, x: ec.jwk.y}), false],
    ['EC of another curve', () => ({...ec.jwk, crv: 'secp256k1'}), false],
    ['Ed448', () => ({kty: 'OKP', crv: 'Ed448', x: 'AAAA'}), false],
    ['null', () => null as unknown as object, false],
    ['a list', () => [], false],
  ];
  for (const [what, jwk, counts] of rows) {
    it(`${what}: ${counts ? 'counts' : 'is left out'}`, async () => {
      const read = await readKeySet({keys: [jwk()]});
      assert.equal(read !== undefined, counts);
      assert.equal((await readKeySet({keys: [jwk(), ed.jwk]}))?.size, counts ? 2 : 1, 'beside a good one');
    });
  }

  it('a private key that an issuer publishes by mistake counts as its public half', async () => {
    const {exportJWK} = await import('jose');
    const read = await readKeySet({keys: [{...(await exportJWK(rsa.privateKey)), kid: 'rsa'}]});
    assert.equal(read?.find('rsa', 'RS256')[0]?.key.type, 'public');
  });

  it('is chosen by key id; a token or a key without one is tried with all that fit', async () => {
    const read = (await readKeySet({keys: [rsa.jwk, ec.jwk]})) as KeySet;
    assert.equal(read.find('rsa', 'RS256').length, 1);
    assert.equal(read.find('other', 'RS256').length, 0);
    assert.equal(read.find(undefined, 'RS256').length, 1);
    assert.equal(read.find(undefined, 'EdDSA').length, 0);
    const two = (await readKeySet({keys: [rsa.jwk, {...rsa.jwk, kid: 'b'}]})) as KeySet;
    assert.equal(two.find(undefined, 'RS256').length, 2);
    assert.deepEqual([two.names('b'), two.names('c'), two.names(undefined)], [true, false, false]);
    const {kid: _, ...bare} = rsa.jwk;
    const mixed = (await readKeySet({
      keys: [{...rsa.jwk, kid: 'b'}, bare, {...bare, kid: ''}, {...bare, alg: 'PS256'}],
    })) as KeySet;
    assert.equal(mixed.find('b', 'RS256').length, 1, 'its own alone');
    assert.equal(mixed.find('c', 'RS256').length, 2, 'those without an id that fit');
    const many = (await readKeySet({keys: Array.from({length: 100}, () => bare)})) as KeySet;
    assert.equal(many.find('x', 'RS256').length, 16, 'a forged token costs no more');
  });

  for (const value of [undefined, null, 7, 'x', [], {}, {keys: {}}, {keys: []}]) {
    it(`${JSON.stringify(value)} is no key set`, async () => assert.equal(await readKeySet(value), undefined));
  }
});

/** A clock and timers that move by hand. */
const makeTime = () => {
  let at = 1_800_000_000_000;
  const due: {at: number; run: () => void}[] = [];
  return {
    now: () => at,
    random: () => 0.5,
    due,
    after: (milliseconds: number, run: () => void) => {
      const entry = {at: at + milliseconds, run};
      due.push(entry);
      return () => void (due.includes(entry) && due.splice(due.indexOf(entry), 1));
    },
    /** Moves on, running what falls due, and lets a fetch that began come to its end. */
    async pass(milliseconds: number) {
      const until = at + milliseconds;
      for (;;) {
        const next = due.filter((entry) => entry.at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        at = Math.max(at, next.at);
        next.run();
        await settled();
      }
      at = until;
    },
  };
};
/** Fetches under way in this file. */
let fetching = 0;
const counting =
  (fetch: FetchKeys): FetchKeys =>
  async () => {
    fetching += 1;
    try {
      return await fetch();
    } finally {
      fetching -= 1;
    }
  };
const settled = async () => {
  do await new Promise((resolve) => setTimeout(resolve, 2));
  while (fetching > 0);
};

describe('keeping keys', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  let first: Signer;
  let second: Signer;
  before(async () => {
    first = await makeSigner('EdDSA', 'first');
    second = await makeSigner('EdDSA', 'second');
  });

  const good = (...signers: Signer[]): Answer => {
    const keys = signers.map(({jwk}) => jwk);
    return (_, response) => json(response, {keys});
  };

  /** A keeper of a real server's keys; `answer` may be changed while it runs. */
  const keeping = async (answer: Answer, more: Partial<KeyKeeperParts> = {}) => {
    const state = {answer};
    const server = await startServer((...all) => state.answer(...all));
    const remote = testRemote({circuit: {failures: 1_000, shortest: 1, longest: 1}});
    const time = makeTime();
    const keeper = makeKeyKeeper({
      dependency: 'keys:acme',
      fetch: counting(keysAtUrl(remote.call, 'keys:acme', `${server.url}/jwks`)),
      timing: {cooldown: 30_000, refresh: 600_000},
      ...time,
      ...more,
    });
    ends.push(server.close, remote.close, keeper.close);
    const find = async (kid: string, deadline = never) =>
      (await keeper.find(kid, 'EdDSA', time.now(), deadline)).length;
    return {state, server, time, keeper, find};
  };
  const outage = (words: RegExp) => (error: unknown) =>
    error instanceof Unavailable && error.dependency === 'keys:acme' && words.test(error.message);

  it('fetches once, however many wait', async () => {
    const {server, keeper, find} = await keeping(good(first));
    assert.equal(keeper.health().state, 'unready');
    assert.equal(keeper.age(0), undefined);
    const found = await Promise.all(Array.from({length: 100}, () => find('first')));
    assert.ok(found.every((number) => number === 1));
    await keeper.start();
    assert.ok(server.asked.length <= 2, 'the hundred shared one fetch; start fetched again at most once');
    assert.equal(keeper.health().state, 'ready');
  });

  it('refreshes in the background, and tells the age of the keys', async () => {
    const {state, server, time, keeper, find} = await keeping(good(first));
    await keeper.start();
    await time.pass(599_000);
    assert.equal(keeper.age(time.now()), 599);
    assert.equal(server.asked.length, 1);
    state.answer = good(second);
    await time.pass(2_000);
    assert.equal(server.asked.length, 2);
    assert.equal(keeper.age(time.now()), 1);
    assert.equal(await find('second'), 1);
    assert.equal(await find('first'), 0, 'a key that is no longer published is no longer good');
  });

  it('finds a new key by one fetch', async () => {
    const {state, server, keeper, find} = await keeping(good(first));
    await keeper.start();
    state.answer = good(first, second);
    assert.deepEqual(await Promise.all([find('second'), find('second'), find('first')]), [1, 1, 1]);
    assert.equal(server.asked.length, 2);
  });

  it('10,000 random key ids: one fetch a cooldown, and the good key goes on working', async () => {
    const {server, time, keeper, find} = await keeping(good(first));
    await keeper.start();
    const flood = async (name: string) => {
      for (let batch = 0; batch < 10; batch++)
        await Promise.all(Array.from({length: 1_000}, (_, one) => find(`${name} ${batch} ${one}`)));
    };
    await flood('a');
    assert.equal(server.asked.length, 2);
    assert.equal(await find('first'), 1);
    await time.pass(29_999);
    await flood('b');
    assert.equal(server.asked.length, 2);
    await time.pass(1);
    await flood('c');
    assert.equal(server.asked.length, 3);
  });

  const outages: [string, Answer][] = [
    ['500', (_, response) => response.writeHead(500).end()],
    ['503', (_, response) => response.writeHead(503).end()],
    ['404', (_, response) => response.writeHead(404).end()],
    ['a redirect', (_, response) => response.writeHead(302, {location: '/elsewhere'}).end()],
    ['HTML with 200', (_, response) => response.end('<html>Sign in</html>')],
    ['an empty object', (_, response) => json(response, {})],
    ['an empty key set', (_, response) => json(response, {keys: []})],
    ['no usable key', (_, response) => json(response, {keys: [{kty: 'oct', k: 'AAAA'}]})],
    ['a list', (_, response) => json(response, [])],
    ['something huge', (_, response) => response.end(`{"keys":[${'1,'.repeat(600_000)}1]}`)],
    ['a broken connection', (request) => request.socket.destroy()],
  ];
  for (const [what, broken] of outages) {
    it(`${what} is an outage: good keys stay, a bad token is never concluded`, async () => {
      const {state, server, time, keeper, find} = await keeping(broken);
      await keeper.start();
      assert.equal(server.asked.length, 1, 'one fetch, no retries within');
      assert.equal(keeper.health().state, 'unready');
      await assert.rejects(find('first'), outage(/./));
      await assert.rejects(find('first'), outage(/./));
      assert.equal(server.asked.length, 1, 'no request fetches while the background backs off');

      state.answer = good(first);
      await time.pass(1_000);
      assert.equal(keeper.health().state, 'ready');
      assert.equal(await find('first'), 1);

      state.answer = broken;
      await time.pass(600_000);
      assert.equal(keeper.health().state, 'degraded');
      assert.match(keeper.health().detail ?? '', /last good keys are in use/);
      assert.equal(await find('first'), 1);
      await assert.rejects(find('second'), outage(/./));
      await time.pass(3_000);
      assert.equal(await find('first'), 1);

      state.answer = good(first, second);
      await time.pass(15_000);
      assert.equal(keeper.health().state, 'ready');
      assert.equal(await find('second'), 1);
    });
  }

  it('an issuer that withdraws all its keys: they count until it has said so for the refresh time, and then no more', async () => {
    const {state, time, keeper, find} = await keeping(good(first));
    await keeper.start();
    const thumbprint = (await keeper.find('first', 'EdDSA', time.now(), never))[0]?.thumbprint ?? '';
    state.answer = good();
    await time.pass(600_000);
    assert.match(keeper.health().detail ?? '', /key set without any key/);
    assert.equal(await find('first'), 1, 'it may be a slip of a moment');
    await time.pass(580_000);
    assert.equal(await find('first'), 1);
    assert.ok(keeper.holds(thumbprint));

    await time.pass(40_000);
    await assert.rejects(find('first'), outage(/key set without any key/));
    assert.equal(keeper.holds(thumbprint), false, 'what was verified before counts no more, either');
    assert.equal(keeper.health().state, 'unready');

    state.answer = good(second);
    await time.pass(15_000);
    assert.equal(keeper.health().state, 'ready');
    assert.equal(await find('second'), 1);
    assert.equal(keeper.holds(thumbprint), false);
  });

  it('an empty key set between good ones, and outages among empty ones, take nothing back for themselves', async () => {
    const {state, time, keeper, find} = await keeping(good(first));
    await keeper.start();
    for (let round = 0; round < 3; round++) {
      state.answer = good();
      await time.pass(660_000);
      state.answer = good(first);
      await time.pass(20_000);
    }
    assert.equal(keeper.health().state, 'ready');
    assert.equal(await find('first'), 1);
    state.answer = (_, response) => response.writeHead(500).end();
    await time.pass(10_000_000);
    assert.equal(await find('first'), 1, 'an outage says nothing');
  });

  it('looks once more for a key that no id leads to: at most one fetch a cooldown, an outage is said', async () => {
    const bare = ({jwk: {kid: _, ...jwk}}: Signer): object => jwk;
    const publishing =
      (...keys: object[]): Answer =>
      (_, response) =>
        json(response, {keys});
    const {state, server, time, keeper} = await keeping(publishing(bare(first)));
    await keeper.start();
    const again = (kid: string | undefined) => keeper.findAgain?.(kid, 'EdDSA', time.now(), never);
    state.answer = publishing(bare(second));
    assert.equal((await again('any'))?.length, 1);
    assert.equal(server.asked.length, 2);
    for (let at = 0; at < 100; at++) assert.equal(await again(undefined), undefined);
    assert.equal(server.asked.length, 2);
    await time.pass(30_000);
    state.answer = (_, response) => response.writeHead(500).end();
    await assert.rejects(async () => again('any'), outage(/500/));
    state.answer = good(first);
    await time.pass(10_000);
    assert.equal(await again('first'), undefined, 'a key that has the id is no guess');
  });

  it('ages and cool-downs do not go by a clock that somebody sets', async () => {
    let steady = 0;
    const {server, time, keeper} = await keeping(good(first), {steady: () => steady});
    await keeper.start();
    const ask = (ahead: number) => keeper.find('unknown', 'EdDSA', time.now() + ahead, never);
    await ask(0);
    assert.equal(server.asked.length, 2);
    await ask(86_400_000);
    assert.equal(server.asked.length, 2, 'a day ahead: the cool-down goes on');
    steady += 30_000;
    await ask(-86_400_000);
    assert.equal(server.asked.length, 3, 'a day back: it ends all the same');
    steady += 7_000;
    assert.equal(keeper.age(time.now() - 86_400_000), 7);
    assert.equal(keeper.age(time.now() + 86_400_000), 7);
  });

  it('backs off while fetching fails: 1 s, 2 s, 4 s, then every 10 s', async () => {
    const {server, time, keeper} = await keeping((_, response) => response.writeHead(500).end());
    await keeper.start();
    const counts: number[] = [];
    for (const pause of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      await time.pass(pause);
      counts.push(server.asked.length);
    }
    assert.deepEqual(counts, [2, 3, 4, 5, 6, 7]);
  });

  it('does not wait for a hanging key server beyond the deadline', async () => {
    const {server, keeper, find} = await keeping(() => {}, {
      now: Date.now,
      after: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
      },
    });
    await assert.rejects(find('first', Date.now() + 50), outage(/deadline/));
    await assert.rejects(find('first', Date.now() + 50), outage(/deadline/));
    assert.equal(server.asked.length, 1);
    keeper.close();
  });

  it('asks no more once closed', async () => {
    const {server, time, keeper} = await keeping(good(first));
    await keeper.start();
    keeper.close();
    await time.pass(10_000_000);
    assert.equal(server.asked.length, 1);
  });
});

describe('discovery', () => {
  let signer: Signer;
  let server: TestServer;
  let document: (url: string) => unknown;
  const remote = testRemote({circuit: {failures: 1_000, shortest: 1, longest: 1}});
  before(async () => {
    signer = await makeSigner('EdDSA', 'a');
    server = await startServer((request, response) => {
      if (request.url === '/t/.well-known/openid-configuration') return json(response, document(server.url));
      if (request.url === '/keys') return json(response, {keys: [signer.jwk]});
      response.writeHead(404).end();
    });
  });
  after(async () => {
    await remote.close();
    await server.close();
  });

  it('finds the keys where the issuer says, with and without a slash at its end', async () => {
    for (const end of ['', '/']) {
      document = (url) => ({issuer: `${url}/t${end}`, jwks_uri: `${url}/keys`});
      assert.equal((await keysByDiscovery(remote.call, 'it', `${server.url}/t${end}`, false)()).size, 1);
    }
  });
  const rows: [string, (url: string) => unknown, RegExp][] = [
    ['of another issuer', (url) => ({issuer: `${url}/other`, jwks_uri: `${url}/keys`}), /another issuer/],
    ['of nearly the same issuer', (url) => ({issuer: `${url}/t/`, jwks_uri: `${url}/keys`}), /another issuer/],
    ['without issuer', (url) => ({jwks_uri: `${url}/keys`}), /another issuer/],
    ['without keys', (url) => ({issuer: `${url}/t`}), /no jwks_uri/],
    ['with keys at no URL', (url) => ({issuer: `${url}/t`, jwks_uri: '/keys'}), /no jwks_uri/],
    ['with keys in a file', (url) => ({issuer: `${url}/t`, jwks_uri: 'file:///keys'}), /not https/],
    ['with keys over plain http', (url) => ({issuer: `${url}/t`, jwks_uri: 'http://10.0.0.1/keys'}), /not https/],
    ['with keys that are not there', (url) => ({issuer: `${url}/t`, jwks_uri: `${url}/none`}), /status 404/],
    ['that is a list', () => [], /shape/],
  ];
  for (const [what, answer, words] of rows) {
    it(`a document ${what} is an outage`, async () => {
      document = answer;
      const fetch = keysByDiscovery(remote.call, 'it', `${server.url}/t`, false);
      await assert.rejects(fetch(), (error) => error instanceof Unavailable && words.test(error.message));
    });
  }

  describe('of a server of OAuth 2 alone (RFC 8414)', () => {
    let oauth: TestServer;
    let there: Record<string, (url: string) => unknown> = {};
    before(async () => {
      oauth = await startServer((request, response) => {
        const found = there[request.url ?? ''];
        return found === undefined ? response.writeHead(404).end() : json(response, found(oauth.url));
      });
    });
    after(() => oauth.close());
    const keys = {'/keys': () => ({keys: [signer.jwk]})};
    const fetch = (issuer: string, also = true) => keysByDiscovery(remote.call, 'it', issuer, false, undefined, also)();

    for (const path of ['', '/tenant/a']) {
      it(`is found between host and path: ${path || 'no path'}`, async () => {
        there = {
          ...keys,
          [`/.well-known/oauth-authorization-server${path}`]: (url) => ({
            issuer: `${url}${path}`,
            jwks_uri: `${url}/keys`,
          }),
        };
        assert.equal((await fetch(`${oauth.url}${path}`)).size, 1);
        await assert.rejects(fetch(`${oauth.url}${path}`, false), /openid-configuration answered with status 404/);
      });
    }
    it('that of another issuer is an outage, and so is neither: the first is named', async () => {
      there = {
        ...keys,
        '/.well-known/oauth-authorization-server': (url) => ({issuer: `${url}/x`, jwks_uri: `${url}/keys`}),
      };
      await assert.rejects(fetch(oauth.url), /another issuer/);
      there = {};
      await assert.rejects(fetch(oauth.url), /openid-configuration answered with status 404/);
    });
    it('it is not asked for where the first document is there, or in trouble', async () => {
      there = {...keys, '/.well-known/openid-configuration': (url) => ({issuer: url, jwks_uri: `${url}/keys`})};
      const before = oauth.asked.length;
      await fetch(oauth.url);
      assert.deepEqual(oauth.asked.slice(before), ['GET /.well-known/openid-configuration', 'GET /keys']);
    });
  });
});
