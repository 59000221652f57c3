// The provider `introspection`: what it asks, what it makes of the replies, what it keeps, and a certified issuer as oracle.
import assert from 'node:assert/strict';
import type {IncomingHttpHeaders, ServerResponse} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import fc from 'fast-check';
import type {CacheCodec, FetchingCache, MakeFetchingCache} from '../../src/core/cache.ts';
import type {Principal} from '../../src/core/principal.ts';
import type {Reason} from '../../src/core/refusals.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {apiKeyOf} from '../../src/providers/apiKeysForm.ts';
import {makeIntrospectionProvider} from '../../src/providers/introspection.ts';
import {keptReply} from '../../src/providers/introspectionReply.ts';
import {introspectionSettings} from '../../src/providers/introspectionSettings.ts';
import type {Provider} from '../../src/providers/provider.ts';
import {makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {json, startServer, type TestServer, testRemote} from '../remote/servers.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {makeEndings} from '../support/endings.ts';
import {sendBytes} from '../support/http.ts';
import {type Postern, runPostern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {request} from '../support/requests.ts';
import {type Stage, startStage} from '../support/stage.ts';
import {checker, type IntrospectionIssuer, startIntrospectionIssuer, tokenStates} from './introspectionIssuer.ts';
import {goodClaims, now, seconds} from './tokens.ts';

const token = 'mF_9.B5f-4.1JqM';
const reply = {
  active: true,
  sub: 'u1',
  client_id: 'app',
  username: 'jdoe',
  token_type: 'Bearer',
  scope: 'orders profile',
  iss: 'https://id.acme.example',
  aud: 'orders-api',
  iat: seconds - 10,
  exp: seconds + 300,
};

describe('the introspection provider', () => {
  let server: TestServer;
  let answer: (response: ServerResponse) => void;
  let heard: {headers: IncomingHttpHeaders; body: URLSearchParams}[] = [];
  let clock = now;
  const remote = testRemote({now: () => clock, circuit: {failures: 1_000_000, shortest: 1, longest: 1}});

  before(async () => {
    server = await startServer(({headers}, response, body) => {
      heard.push({headers, body: new URLSearchParams(body)});
      answer(response);
    });
  });
  beforeEach(() => {
    answer = (response) => json(response, reply);
    heard = [];
    clock = now;
  });
  after(async () => {
    await remote.close();
    await server.close();
  });

  const kept = new Map<string, unknown>();
  /** The real cache, by a clock that can be set; `kept` is what reaches the layer behind the memory. */
  const makeCache = (near = true): MakeFetchingCache =>
    (<V extends object>(name: string, codec: CacheCodec<V>): FetchingCache<V> =>
      makeLayeredCache<V>({
        name,
        memory: makeMemoryCache<V>({}, () => (near ? clock : Number.POSITIVE_INFINITY)),
        remote: {
          get: async (key) => {
            const json = kept.get(key);
            return json === undefined ? undefined : codec.decode(JSON.parse(JSON.stringify(json)));
          },
          set: async (key, value) => void kept.set(key, codec.encode(value)),
        },
      })) as MakeFetchingCache;

  const make = (settings: object = {}, cache = makeCache()): Provider => {
    kept.clear();
    const parsed = introspectionSettings.parse({
      type: 'introspection',
      name: 'in',
      endpoint: `${server.url}/introspect`,
      clientId: 'postern',
      clientSecret: 's3cret',
      ...settings,
    });
    return makeIntrospectionProvider(parsed, {
      call: remote.call,
      makeCache: cache,
      now: () => clock,
      after: () => () => {},
    });
  };
  const accepted = (provider: Provider, value: string) => {
    const [place] = provider.places;
    assert.ok(place);
    return provider.accepts({place, value}, request('/'));
  };
  const ask = async (provider: Provider, value = token, at = clock) => {
    const credential = accepted(provider, value);
    assert.ok(credential, 'it is accepted');
    return provider.authenticate(credential, {request: request('/'), now: at, deadline: Number.POSITIVE_INFINITY});
  };

  it('makes a principal of what the issuer says', async () => {
    answer = (response) =>
      json(response, {...reply, org: {id: 't1'}, roles: ['admin'], permissions: ['orders.read'], jti: 'j1', sid: 's1'});
    const {verified} = await ask(make({claims: {tenant: 'org.id'}}));
    const {active: _, ...claims} = {
      ...reply,
      org: {id: 't1'},
      roles: ['admin'],
      permissions: ['orders.read'],
      jti: 'j1',
      sid: 's1',
    };
    assert.deepEqual(verified, {
      provider: 'in',
      kind: 'user',
      subject: 'u1',
      tenant: 't1',
      roles: ['admin'],
      permissions: ['orders.read'],
      scopes: ['orders', 'profile'],
      claims,
      sessionId: 's1',
      tokenId: 'j1',
      issuedAt: seconds - 10,
      expiresAt: seconds + 300,
      amr: [],
    } satisfies Principal);
  });

  it('asks as RFC 7662 section 2.1 and RFC 6749 section 2.3.1 say', async () => {
    const secrets = {clientId: 'a b:c', clientSecret: 'p+q%é/&='};
    await ask(make(secrets));
    const basic = Buffer.from('a+b%3Ac:p%2Bq%25%C3%A9%2F%26%3D').toString('base64');
    assert.equal(heard[0]?.headers.authorization, `Basic ${basic}`);
    assert.equal(heard[0]?.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.equal(heard[0]?.headers.accept, 'application/json');
    assert.deepEqual(Object.fromEntries(heard[0]?.body ?? []), {token, token_type_hint: 'access_token'});

    await ask(make({...secrets, authentication: 'post'}));
    assert.equal(heard[1]?.headers.authorization, undefined);
    assert.deepEqual(Object.fromEntries(heard[1]?.body ?? []), {
      token,
      token_type_hint: 'access_token',
      client_id: secrets.clientId,
      client_secret: secrets.clientSecret,
    });

    // RFC 8705 section 2: the certificate of the connection says the rest.
    const clientCertificate = {cert: 'client.crt', key: 'client.key'};
    await ask(make({...secrets, clientSecret: undefined, authentication: 'tls_client_auth', clientCertificate}));
    assert.equal(heard[2]?.headers.authorization, undefined);
    assert.deepEqual(Object.fromEntries(heard[2]?.body ?? []), {
      token,
      token_type_hint: 'access_token',
      client_id: secrets.clientId,
    });
  });

  describe('what a reply means', () => {
    const rows: [string, object, string | Reason, object?][] = [
      ['active', {}, 'user u1'],
      ['not active', {active: false}, 'inactive'],
      ['not active, with all else', {active: false, exp: 'x', aud: 7}, 'inactive'],
      ['active and nothing else', {sub: undefined, client_id: undefined, username: undefined}, 'missing_claim'],
      ['no exp: the issuer says when it ends', {exp: undefined}, 'user u1'],
      ['null for what is not there', {exp: null, aud: null, jti: null}, 'user u1'],
      ['expired, whatever active says', {exp: seconds - 5}, 'token_expired'],
      ['expired within the tolerance', {exp: seconds - 1}, 'user u1', {clockTolerance: '2s'}],
      ['no end, as -1', {exp: -1}, 'user u1'],
      ['no end, as -1 in a text', {exp: '-1'}, 'user u1'],
      ['no end, as the largest long of Java', {exp: 9.223_372_036_854_776e15}, 'user u1'],
      ['no end, as the largest long in milliseconds', {exp: '9223372036854775807'}, 'user u1'],
      ['no end, as more than anything', {exp: 1e300}, 'user u1'],
      ['an end as a text', {exp: `${seconds + 60}`}, 'user u1'],
      ['an end as a text, over', {exp: `${seconds - 60}`}, 'token_expired'],
      ['an end as a date', {exp: new Date((seconds + 60) * 1_000).toISOString()}, 'user u1'],
      ['an end as a date, over', {exp: new Date((seconds - 60) * 1_000).toISOString()}, 'token_expired'],
      ['an end of 0, which is 1970', {exp: 0}, 'token_expired'],
      ['other dates as texts', {iat: `${seconds - 60}`, nbf: `${seconds - 60}`}, 'user u1'],
      ['a beginning as a text, not yet', {nbf: `${seconds + 60}`}, 'token_not_yet_valid'],
      ['not yet', {nbf: seconds + 60}, 'token_not_yet_valid'],
      ['issued in the future', {iat: seconds + 60}, 'token_not_yet_valid'],
      ['a service: its own subject', {sub: 'app'}, 'service app'],
      ['a service: no subject, no user name', {sub: undefined, username: undefined}, 'service app'],
      ['a user name in place of a subject', {sub: undefined}, 'user jdoe'],
      ['an empty subject', {sub: ''}, 'missing_claim'],
      ['stated kind', {kind: 'service'}, 'service u1', {claims: {kind: 'kind'}}],
      ['token_type in another case', {token_type: 'bearer'}, 'user u1'],
      ['token_type missing', {token_type: undefined}, 'user u1'],
      ['token_type missing where one insists', {token_type: undefined}, 'wrong_token_type', {tokenType: 'Bearer'}],
      ['token_type there where one insists', {}, 'user u1', {tokenType: 'Bearer'}],
      ['another token_type', {token_type: 'DPoP'}, 'wrong_token_type'],
      ['a token_type that says no more than that it is one (Salesforce)', {token_type: 'access_token'}, 'user u1'],
      [
        'the same where one insists',
        {token_type: 'urn:ietf:params:oauth:token-type:access_token'},
        'wrong_token_type',
        {tokenType: 'Bearer'},
      ],
      ['a refresh token by its token_type', {token_type: 'refresh_token'}, 'wrong_token_type'],
      ['bound to a key', {cnf: {jkt: 'x'}}, 'wrong_token_type'],
      ['bound, and nothing said of how', {cnf: {}}, 'wrong_token_type'],
      ['a refresh token that says so (Hydra)', {token_use: 'refresh_token'}, 'wrong_token_type'],
      ['a refresh token that says so (Keycloak)', {typ: 'Refresh'}, 'wrong_token_type'],
      ['the issuer', {}, 'user u1', {issuer: reply.iss}],
      ['another issuer', {iss: 'https://id.evil.example'}, 'wrong_issuer', {issuer: reply.iss}],
      ['the issuer with a slash', {iss: `${reply.iss}/`}, 'wrong_issuer', {issuer: reply.iss}],
      ['no issuer where one is asked for', {iss: undefined}, 'missing_claim', {issuer: reply.iss}],
      ['the audience', {}, 'user u1', {audience: ['x', 'orders-api']}],
      ['the audience among several', {aud: ['y', 'orders-api']}, 'user u1', {audience: ['orders-api']}],
      ['another audience', {aud: ['orders-api2']}, 'wrong_audience', {audience: ['orders-api']}],
      ['no audience', {aud: []}, 'wrong_audience', {audience: ['orders-api']}],
      ['no audience where one is asked for', {aud: undefined}, 'missing_claim', {audience: ['orders-api']}],
      ['no audience where none is asked for', {aud: undefined}, 'user u1'],
      ['a listed client', {}, 'user u1', {clients: ['app']}],
      ['another client', {client_id: 'other'}, 'wrong_client', {clients: ['app']}],
      ['no client where one is asked for', {client_id: undefined}, 'missing_claim', {clients: ['app']}],
    ];
    for (const [what, more, expected, settings] of rows) {
      it(`${what}: ${expected}`, async () => {
        answer = (response) => json(response, {...reply, ...more});
        const provider = make(settings);
        for (const time of ['asked', 'kept']) {
          const {verified, rejected} = await ask(provider);
          assert.equal(verified ? `${verified.kind} ${verified.subject}` : rejected, expected, time);
        }
      });
    }
  });

  describe('a reply that cannot be understood is an outage', () => {
    const text =
      (body: string, status = 200, type = 'application/json') =>
      (response: ServerResponse) =>
        void response.writeHead(status, {'content-type': type, location: '/elsewhere'}).end(body);
    const good = JSON.stringify(reply);
    const rows: [string, (response: ServerResponse) => void][] = [
      ['status 500', text(good, 500)],
      ['status 401: our own credentials are wrong', text('{"error":"invalid_client"}', 401)],
      ['status 400', text('{"active":false}', 400)],
      ['a redirect', text(good, 302)],
      ['HTML', text('<html>Sign in</html>', 200, 'text/html')],
      ['nothing', text('')],
      ['half of it', text(good.slice(0, -10))],
      ['a list', text('[{"active":true}]')],
      ['a word', text('true')],
      ['null', text('null')],
      ['no active', text('{"sub":"u1"}')],
      ['active as a text', text('{"active":"true","sub":"u1"}')],
      ['active as a number', text('{"active":1,"sub":"u1"}')],
      ['active null', text('{"active":null,"sub":"u1"}')],
      ['active inherited', text('{"__proto__":{"active":true},"sub":"u1"}')],
      ['sub of another type', text('{"active":true,"sub":7}')],
      ['exp as a word', text('{"active":true,"sub":"u1","exp":"never"}')],
      ['exp as a date without a zone', text('{"active":true,"sub":"u1","exp":"2030-01-01T00:00:00"}')],
      ['exp in milliseconds', text('{"active":true,"sub":"u1","exp":1900000000000}')],
      ['exp before all time', text('{"active":true,"sub":"u1","exp":-7}')],
      ['aud of another type', text('{"active":true,"sub":"u1","aud":{"orders-api":1}}')],
      ['aud with another type in it', text('{"active":true,"sub":"u1","aud":["orders-api",1]}')],
      ['scope with another type in it', text('{"active":true,"sub":"u1","scope":["a",1]}')],
      ['cnf of another type', text('{"active":true,"sub":"u1","cnf":"x"}')],
      ['more than 64 KiB', text(JSON.stringify({...reply, more: 'x'.repeat(70_000)}))],
      ['a broken connection', (response) => void response.destroy()],
    ];
    for (const [what, bad] of rows) {
      it(what, async () => {
        answer = bad;
        const provider = make();
        await assert.rejects(ask(provider), (error) => {
          assert.ok(error instanceof Unavailable && error.dependency === 'introspection:in');
          assert.ok(!`${error.message}${error.cause}`.includes(token) && !error.message.includes('s3cret'));
          return true;
        });
        assert.equal(provider.health()[0]?.state, 'degraded');
        answer = (response) => json(response, reply);
        assert.ok((await ask(provider)).verified, 'a failure is not kept');
        assert.equal(provider.health()[0]?.state, 'ready');
      });
    }

    it('silence, after the time-out', async () => {
      const silent = testRemote();
      answer = () => {};
      const settings = introspectionSettings.parse({
        type: 'introspection',
        name: 'in',
        endpoint: server.url,
        clientId: 'a',
        clientSecret: 'b',
        timeout: '100ms',
      });
      const provider = makeIntrospectionProvider(settings, {
        call: silent.call,
        makeCache: makeCache(),
        now: Date.now,
        after: () => () => {},
      });
      await assert.rejects(ask(provider), Unavailable);
      await silent.close();
    });

    it('whatever it says: verified by a whole active reply only, else refused or an outage', async () => {
      const members = fc.record(
        {
          active: fc.oneof({weight: 5, arbitrary: fc.constant(true)}, fc.jsonValue()),
          sub: fc.oneof({weight: 5, arbitrary: fc.constant('u1')}, fc.jsonValue()),
          exp: fc.oneof(fc.constant(seconds + 60), fc.jsonValue()),
          aud: fc.oneof(fc.constant('orders-api'), fc.jsonValue()),
          token_type: fc.oneof(fc.constant('Bearer'), fc.jsonValue()),
          scope: fc.oneof(fc.constant('a b'), fc.jsonValue()),
          roles: fc.jsonValue(),
        },
        {requiredKeys: []},
      );
      let verifications = 0;
      let count = 0;
      const provider = make({audience: ['orders-api']});
      const bodies = fc.oneof({weight: 4, arbitrary: members}, {weight: 1, arbitrary: fc.jsonValue()});
      await fc.assert(
        fc.asyncProperty(bodies, async (said) => {
          answer = (response) => json(response, said);
          const outcome = await ask(provider, `t${count++}`).catch((error) => error);
          if (outcome instanceof Unavailable || outcome.rejected !== undefined) return;
          verifications += 1;
          const {active, sub, aud, exp} = said as Record<string, unknown>;
          assert.equal(active, true);
          assert.equal(outcome.verified.subject, sub);
          assert.ok([aud].flat().includes('orders-api'));
          assert.ok(
            exp === undefined || exp === null || typeof exp === 'string' || exp === -1 || (exp as number) > seconds - 5,
          );
        }),
        {numRuns: 300},
      );
      assert.ok(verifications > 0, 'some of them were good');
    });
  });

  it('a list of scopes is one, and an outage names the member that does not fit', async () => {
    answer = (response) => json(response, {...reply, scope: ['orders', 'profile']});
    assert.deepEqual((await ask(make())).verified?.scopes, ['orders', 'profile']);
    answer = (response) => json(response, {...reply, exp: 'soon', iat: {}});
    await assert.rejects(ask(make()), (error) => error instanceof Unavailable && /\(exp, iat\)/.test(error.message));
  });

  describe('what it keeps', () => {
    const asksAfter = async (provider: Provider, milliseconds: number): Promise<number> => {
      clock += milliseconds;
      const before = heard.length;
      await ask(provider);
      return heard.length - before;
    };

    it('a reply for ttl', async () => {
      const provider = make({ttl: '30s'});
      await ask(provider);
      assert.deepEqual([await asksAfter(provider, 29_999), await asksAfter(provider, 1)], [0, 1]);
    });
    it('never past exp', async () => {
      answer = (response) => json(response, {...reply, exp: seconds + 5});
      const provider = make({ttl: '30s'});
      await ask(provider);
      assert.equal(await asksAfter(provider, 4_999), 0);
      assert.equal((await ask(provider, token, now + 10_000)).rejected, 'token_expired', 'though it is still kept');
      answer = (response) => json(response, {active: false});
      assert.equal(await asksAfter(provider, 1), 1);
    });
    it('"not active" for two seconds', async () => {
      answer = (response) => json(response, {active: false});
      const provider = make({ttl: '30s'});
      await ask(provider);
      assert.deepEqual([await asksAfter(provider, 1_999), await asksAfter(provider, 1)], [0, 1]);
    });
    it('nothing with ttl 0s', async () => {
      const provider = make({ttl: '0s'}, makeCache());
      await ask(provider);
      assert.equal(await asksAfter(provider, 0), 1);
    });
    it('one question for all who ask at once', async () => {
      const provider = make();
      await Promise.all(Array.from({length: 20}, () => ask(provider)));
      assert.equal(heard.length, 1);
    });
    it('what another instance has learnt counts no longer than there', async () => {
      const one = make({ttl: '30s'});
      await ask(one);
      const shared = [...kept];
      clock += 20_000;
      const other = make({ttl: '30s'});
      for (const [key, value] of shared) kept.set(key, value);
      assert.equal(await asksAfter(other, 0), 0);
      kept.clear();
      assert.deepEqual([await asksAfter(other, 9_999), await asksAfter(other, 1)], [0, 1]);
    });
    it('nothing from the future: a fact that ends later than ttl allows was written by a wrong clock or a stranger', async () => {
      for (const [ahead, asked] of [
        [0, 0],
        [1_000, 0],
        [60_000, 1],
      ] as const) {
        const one = make({ttl: '30s'});
        await ask(one);
        const shared = [...kept];
        const other = make({ttl: '30s'});
        for (const [key, value] of shared) kept.set(key, {...(value as object), until: clock + 30_000 + ahead});
        assert.equal(await asksAfter(other, 0), asked, `${ahead} ms`);
        kept.clear();
        assert.equal(await asksAfter(other, 30_000), 1, `${ahead} ms, later`);
      }
    });
    it('nothing for other settings, and no token in the clear', async () => {
      await ask(make());
      const shared = [...kept];
      assert.equal(shared.length, 1);
      assert.ok(!JSON.stringify(shared).includes(token));
      for (const more of [{clientSecret: 'other'}, {name: 'other'}, {audience: ['orders-api']}, {ttl: '10s'}]) {
        const other = make(more);
        for (const [key, value] of shared) kept.set(key, value);
        assert.equal(await asksAfter(other, 0), 1, JSON.stringify(more));
      }
    });

    it('what does not look like a reply in a shared cache is a miss', () => {
      for (const good of [{claims: {sub: 'u1', org: {id: 't1'}}}, {}]) assert.deepEqual(keptReply.parse(good), good);
      const odd = [null, 7, 'x', [], {active: true}, {claims: {}, active: true}];
      const oddClaims = [null, 7, [], {sub: 7}, {exp: 'x'}];
      for (const value of [...odd, ...oddClaims.map((claims) => ({claims}))])
        assert.ok(!keptReply.safeParse(value).success, JSON.stringify(value));
    });
  });

  describe('which tokens are its own', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({alg: 'RS256'})}.${part(goodClaims)}.c2ln`;
    const rows: [string, string, boolean][] = [
      ['opaque', token, true],
      ['opaque without dots', 'abc', true],
      ['a JWT', jwt, false],
      ['a JWT without signature', jwt.slice(0, -4), false],
      ['a JWT whose JSON begins with a line', `${Buffer.from('\n{"alg":"x"}').toString('base64url')}.e30.x`, true],
      ['a JWT with white space in its JSON', `${Buffer.from('{\n "alg":"x"}').toString('base64url')}.e30.x`, false],
      ['an encrypted JWT: only its issuer can read it', `${jwt}.x.y`, true],
    ];
    for (const [what, value, own] of rows) {
      it(`${what}: ${own ? 'asked about' : 'left to others'}`, () => {
        assert.equal(accepted(make(), value) !== undefined, own);
        assert.ok(accepted(make({tokens: 'any'}), value));
      });
    }
    it('an API key of Postern is never sent to an issuer', () => {
      const key = apiKeyOf('ci', new Uint8Array(32));
      for (const tokens of ['opaque', 'any']) assert.equal(accepted(make({tokens}), key), undefined);
      assert.ok(accepted(make(), key.slice(0, -1)), 'what only begins like one is a token like any other');
    });
    for (const value of ['a b', "x' OR 1=1--", '<script>', 'é', 'x\u0000', '=', 'x'.repeat(40_000)]) {
      it(`${JSON.stringify(value.slice(0, 20))} is refused without a question`, async () => {
        assert.equal((await ask(make(), value)).rejected, 'malformed_credential');
        assert.equal(heard.length, 0);
      });
    }
  });
});

describe('settings of the introspection provider', () => {
  const base = {
    type: 'introspection',
    name: 'in',
    endpoint: 'https://id.acme.example/i',
    clientId: 'a',
    clientSecret: 'b',
  };
  const rows: [string, object, RegExp | undefined][] = [
    ['the least', {}, undefined],
    ['no secret', {clientSecret: undefined}, /^clientSecret /],
    ['an empty secret', {clientSecret: ''}, /^clientSecret is empty/],
    ['plain http', {endpoint: 'http://id.acme.example/i'}, /^endpoint is http: to another machine/],
    ['plain http on purpose', {endpoint: 'http://id.acme.example/i', insecure: true}, undefined],
    ['plain http on loopback', {endpoint: 'http://127.0.0.1:1/i'}, undefined],
    ['credentials in the URL', {endpoint: 'https://a:b@id.acme.example/i'}, /^endpoint /],
    ['another way to authenticate', {authentication: 'none'}, /^authentication /],
    [
      'a certificate instead of a secret',
      {clientSecret: undefined, authentication: 'tls_client_auth', clientCertificate: {cert: 'a', key: 'b'}},
      undefined,
    ],
    ['neither', {clientSecret: undefined, authentication: 'tls_client_auth'}, /^clientCertificate is required/],
    [
      'both',
      {authentication: 'tls_client_auth', clientCertificate: {cert: 'a', key: 'b'}},
      /^clientSecret is not sent with tls_client_auth/,
    ],
    ['a certificate without its key', {clientCertificate: {cert: 'a'}}, /^clientCertificate\.key /],
    ['a ttl of hours', {ttl: '2h'}, /^ttl is above 1h/],
    ['no time at all', {timeout: '0s'}, /^timeout /],
    ['an empty audience', {audience: []}, /^audience .*empty/],
    ['an unknown key', {secret: 'x'}, /secret/],
  ];
  for (const [what, more, words] of rows) {
    it(`${what}: ${words === undefined ? 'good' : 'refused'}`, () => {
      const {error} = introspectionSettings.safeParse({...base, ...more});
      const found = (error?.issues ?? []).map(({path, message}) => `${path.join('.')} ${message}`);
      if (words === undefined) assert.deepEqual(found, []);
      else assert.ok(found.length === 1 && words.test(found[0] ?? ''), found.join());
    });
  }
});

describe('introspection: a certified issuer as oracle', () => {
  for (const authentication of ['basic', 'post'] as const) {
    it(`some hundred tokens in every state, ${authentication}`, async () => {
      const issuer = await startIntrospectionIssuer(`client_secret_${authentication}`);
      const remote = testRemote();
      try {
        const settings = {type: 'introspection', name: 'in', endpoint: issuer.endpoint, ...checker, authentication};
        const makeOf = (more: object) =>
          makeIntrospectionProvider(introspectionSettings.parse({...settings, issuer: issuer.issuer, ...more}), {
            call: remote.call,
            makeCache: ((name: string) =>
              makeLayeredCache({name, memory: makeMemoryCache<object>({}, Date.now)})) as unknown as MakeFetchingCache,
            now: Date.now,
            after: () => () => {},
          });
        const provider = makeOf({claims: {tenant: 'org_id'}});
        const strict = makeOf({tokenType: 'Bearer'});
        const [place] = provider.places;
        assert.ok(place);
        const ask = (of: Provider, value: string) =>
          of.authenticate({place, value}, {request: request('/'), now: Date.now(), deadline: Date.now() + 5_000});
        for (let round = 0; round < 20; round++) {
          for (const state of tokenStates) {
            const person = `person-${round}`;
            const value = await issuer.mint(state, person);
            const said = await issuer.introspect(value);
            const {verified, rejected} = await ask(provider, value);
            const label = `${state}: ${JSON.stringify(said)} ${rejected}`;
            if (state === 'bound') {
              // Differs on purpose: active, and useless to whoever cannot check the proof.
              assert.deepEqual([said.active, rejected], [true, 'wrong_token_type'], label);
              continue;
            }
            assert.equal(verified !== undefined, said.active, label);
            assert.equal(said.active, ['user', 'service', 'refresh'].includes(state), label);
            if (verified === undefined) {
              assert.equal(rejected, 'inactive', label);
              continue;
            }
            assert.equal(verified.subject, said.sub ?? said.client_id);
            assert.equal(verified.kind, state === 'service' ? 'service' : 'user');
            assert.deepEqual(verified.scopes, ['orders']);
            assert.equal(verified.expiresAt, said.exp);
            if (state === 'user') assert.deepEqual([verified.tenant, verified.roles], ['t1', ['admin']]);
            // This issuer calls refresh tokens active and gives them no token_type: `tokenType: Bearer` is for that.
            const {rejected: strictly} = await ask(strict, value);
            assert.equal(strictly, state === 'refresh' ? 'wrong_token_type' : undefined, label);
          }
        }
      } finally {
        await remote.close();
        await issuer.stop();
      }
    });
  }
});

describe('introspection: the whole program', () => {
  let issuer: IntrospectionIssuer;
  before(async () => {
    issuer = await startIntrospectionIssuer();
  });
  after(() => issuer?.stop());
  const provider = () => ({
    name: 'in',
    type: 'introspection',
    endpoint: issuer.endpoint,
    ...checker,
    ttl: '1s',
    claims: {tenant: 'org_id'},
  });
  const rules = [
    {name: 'admin', match: {path: '/admin'}, require: {roles: ['admin'], tenant: 't1', scopes: ['orders']}},
    {name: 'owner', match: {path: '/owner'}, require: {roles: ['owner']}},
  ];

  it('the example is a good configuration, and without its secret says which is missing', async () => {
    const example = fileURLToPath(new URL('../../examples/introspection.yaml', import.meta.url));
    const good = await runPostern(['validate', '-c', example], {INTROSPECTION_CLIENT_SECRET: 'x'});
    assert.equal(good.code, 0, good.output);
    const missing = await runPostern(['validate', '-c', example]);
    assert.equal(missing.code, 1);
    assert.match(missing.output, /INTROSPECTION_CLIENT_SECRET/);
  });

  it('over gRPC: verified, refused, revoked within ttl, unavailable; nothing secret in its log', async () => {
    let postern: Postern | undefined;
    let client: CheckClient | undefined;
    try {
      postern = await startPostern({providers: [provider()], rules, log: {decisions: 'all'}});
      client = makeCheckClient(postern.address);
      const user = await issuer.mint('user');
      const check = async (path: string, value?: string) => {
        const headers: [string, string][] = value === undefined ? [] : [['authorization', `Bearer ${value}`]];
        const answer = await client?.check(checkRequestOf({path, headers}));
        const body = answer?.deniedResponse?.body ?? answer?.errorResponse?.body ?? '{}';
        return answer?.okResponse === undefined ? JSON.parse(body).code : 'allow';
      };
      assert.equal(await check('/admin', user), 'allow');
      assert.equal(await check('/owner', user), 'missing_role');
      assert.equal(await check('/admin'), 'no_credential');
      assert.equal(await check('/admin', await issuer.mint('expired')), 'inactive');
      await issuer.revoke(user);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      assert.equal(await check('/admin', user), 'inactive', 'after ttl at the latest');
      const other = await issuer.mint('user', 'bob');
      await issuer.stop();
      assert.equal(await check('/admin', other), 'unavailable');
      const logs = postern.logs();
      for (const secret of [user, other, checker.clientSecret, encodeURIComponent(checker.clientSecret)])
        assert.ok(!logs.includes(secret));
      issuer = await startIntrospectionIssuer();
    } finally {
      client?.close();
      await postern?.stop();
    }
  });

  it('two instances that share a Redis ask once, and Redis holds no token', async () => {
    const {keep, end} = makeEndings();
    try {
      const redis = keep(await startRedis());
      const endpoint = keep(
        await startServer((_, response) => json(response, {active: true, sub: 'u1', token_type: 'Bearer'})),
      );
      const settings = {
        providers: [{...provider(), endpoint: endpoint.url, ttl: '1m'}],
        redis: {url: redis.url},
        rules: [{name: 'any', match: {}, require: {}}],
      };
      for (const _ of ['one', 'two']) {
        const postern = keep(await startPostern(settings));
        const client = keep(makeCheckClient(postern.address));
        const answer = await client.check(checkRequestOf({headers: [['authorization', `Bearer ${token}`]]}));
        assert.ok(answer.okResponse, JSON.stringify(answer));
        // What was learnt is on its way to Redis.
        await sleep(200);
      }
      assert.equal(endpoint.asked.length, 1);
      const held = await sendBytes(
        redis.port,
        "EVAL \"local r={} for _,k in ipairs(redis.call('KEYS','*')) do r[#r+1]=k r[#r+1]=redis.call('TYPE',k).ok=='string' and redis.call('GET',k) or '' end return r\" 0\r\nQUIT\r\n",
      );
      assert.ok(held.includes('postern:'), held);
      assert.ok(!held.includes(token));
    } finally {
      await end();
    }
  });

  it('behind Envoy, before an oidc provider that shares the header', async () => {
    let stage: Stage | undefined;
    try {
      stage = await startStage({
        settings: (id) => ({
          providers: [
            provider(),
            {name: 'acme', type: 'oidc', issuer: id, audience: ['orders-api'], claims: {tenant: 'org_id'}},
          ],
          rules: [{name: 'any', match: {}, require: {}}],
          responses: {identity: {'x-auth-provider': 'provider', 'x-auth-subject': 'subject'}},
        }),
      });
      const told = async (value: string) => {
        const answer = await stage?.ask({path: '/', token: value});
        if (answer?.status !== 200) return `${answer?.status} ${answer?.json().code}`;
        const headers: [string, string][] = answer.json().headers;
        return headers.filter(([name]) => name.startsWith('x-auth-')).map(([, value]) => value);
      };
      assert.deepEqual(new Set(await told(await issuer.mint('user', 'zoe'))), new Set(['in', 'zoe']));
      assert.deepEqual(new Set(await told(await stage.identityProvider.token('alice'))), new Set(['acme', 'alice']));
      assert.equal(await told(await issuer.mint('revoked')), '401 inactive');
    } finally {
      await stage?.stop();
    }
  });
});
