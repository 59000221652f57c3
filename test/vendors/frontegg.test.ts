// The Frontegg provider against a stand-in for its cloud: whom each type of token stands for, and what is refused.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {sealData} from 'iron-session';
import {makeCheck} from '../../src/check.ts';
import type {FetchingCache, MakeFetchingCache} from '../../src/core/cache.ts';
import {makeCredentialFinder} from '../../src/core/credential/credential.ts';
import type {Principal} from '../../src/core/principal.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeOidcProvider} from '../../src/providers/oidc.ts';
import {oidcSettings} from '../../src/providers/oidcSettings.ts';
import type {Authentication, Provider} from '../../src/providers/provider.ts';
import type {KeptPrincipal} from '../../src/providers/verifiedCache.ts';
import {makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {makeFronteggProvider} from '../../src/vendors/frontegg/provider.ts';
import {baseOf, fronteggSettings, fronteggSourceSettings} from '../../src/vendors/frontegg/settings.ts';
import type {VendorParts} from '../../src/vendors/vendor.ts';
import {testRemote} from '../remote/servers.ts';
import {request} from '../support/requests.ts';
import {
  apiKey,
  claimsOf,
  clientId,
  type Fault,
  type Frontegg,
  makeSigningKey,
  startFrontegg,
} from '../support/vendors/frontegg.ts';

const never = Number.POSITIVE_INFINITY;
/** What the stand-in's tokens name. Without it the public key set is not believed at any host like the stand-in's. */
const issuer = 'https://acme.frontegg.com';
const password = '0123456789abcdef'.repeat(4);
const stepUpAcr = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';

/** Waits until it is so. */
const until = async (holds: () => boolean): Promise<void> => {
  for (let waited = 0; !holds(); waited += 5) {
    assert.ok(waited < 10_000, 'it never came true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('the Frontegg provider', () => {
  let frontegg: Frontegg;
  let remote: ReturnType<typeof testRemote>;
  const open: Provider[] = [];
  /** Added to the clock. */
  let later = 0;
  let delayed: {readonly milliseconds: number; readonly run: () => void}[] = [];
  let logged: {readonly fields: object; readonly sentence: string}[] = [];
  const now = () => Date.now() + later;

  const makeCaches = (): MakeFetchingCache => {
    const made = new Map<string, FetchingCache<never>>();
    return (name) => {
      const cache =
        made.get(name) ?? makeLayeredCache<never>({name, memory: makeMemoryCache<never>({entries: 1_000}, now)});
      made.set(name, cache);
      return cache as never;
    };
  };
  const partsOf = (makeCache = makeCaches()): VendorParts => ({
    call: remote.call,
    cache: makeMemoryCache<KeptPrincipal>({entries: 1_000}, now),
    makeCache,
    now,
    random: () => 0.5,
    after: (milliseconds, run) => {
      const one = {milliseconds, run};
      delayed.push(one);
      return () => {
        delayed = delayed.filter((other) => other !== one);
      };
    },
    log: {info: () => {}, warn: (fields, sentence) => void logged.push({fields, sentence})},
  });
  const make = (settings: object = {}, parts = partsOf()): Provider => {
    const provider = makeFronteggProvider(
      fronteggSettings.parse({
        type: 'frontegg',
        name: 'fe',
        baseUrl: frontegg.url,
        clientId,
        apiKey,
        issuer,
        ...settings,
      }),
      parts,
    );
    open.push(provider);
    return provider;
  };

  /** As check.ts does: the credential that counts, then the provider's word on it. */
  const ask = async (provider: Provider, headers: Record<string, string>): Promise<Authentication | string> => {
    const asked = request('/', {headers});
    const found = makeCredentialFinder([provider])(asked);
    if (found.found !== 'credential') return found.found;
    return provider.authenticate(found.credential, {request: asked, now: now(), deadline: never});
  };
  const bearer = async (claims: object, options?: Parameters<Frontegg['sign']>[1]) => ({
    authorization: `Bearer ${await frontegg.sign(claims, options)}`,
  });
  const accessToken = async (claims: object) => ({'x-api-key': await frontegg.sign(claims)});
  const wordOn = (answer: Authentication | string): string =>
    typeof answer === 'string' ? answer : (answer.rejected ?? 'verified');
  const verified = (answer: Authentication | string): Principal => {
    assert.ok(typeof answer !== 'string' && answer.verified, `refused: ${wordOn(answer)}`);
    return answer.verified;
  };

  beforeEach(async () => {
    frontegg = await startFrontegg();
    remote = testRemote({circuit: {failures: 1_000, shortest: 1, longest: 1}});
    later = 0;
    delayed = [];
    logged = [];
    const own = {tenantId: 't1', roles: ['robot'], permissions: ['orders.write']};
    frontegg.accessTokens.users.set('at1', {id: 'at1', userId: 'u1', ...own});
    frontegg.accessTokens.tenants.set('at2', {id: 'at2', ...own});
  });
  afterEach(async () => {
    for (const provider of open.splice(0)) await provider.close?.();
    await remote.close();
    await frontegg.stop();
  });

  describe('whom a token stands for', () => {
    type Who = Pick<Principal, 'kind' | 'subject' | 'roles' | 'permissions'> & {tokenId?: string | undefined};
    const own = {roles: ['admin'], permissions: ['orders.read']};
    const fetched = {roles: ['robot'], permissions: ['orders.write']};
    const rows: [type: string, header: 'authorization' | 'x-api-key', Who][] = [
      ['userToken', 'authorization', {kind: 'user', subject: 'u1', tokenId: undefined, ...own}],
      ['userApiToken', 'authorization', {kind: 'user', subject: 'u1', tokenId: 'api1', ...own}],
      ['tenantApiToken', 'authorization', {kind: 'service', subject: 'api2', tokenId: 'api2', ...own}],
      ['userAccessToken', 'x-api-key', {kind: 'user', subject: 'u1', tokenId: 'at1', ...fetched}],
      ['tenantAccessToken', 'x-api-key', {kind: 'service', subject: 'at2', tokenId: 'at2', ...fetched}],
    ];
    for (const [type, header, who] of rows) {
      it(`${type} in ${header}: ${who.kind} ${who.subject}`, async () => {
        const token = await frontegg.sign(claimsOf(type));
        const sent: Record<string, string> =
          header === 'authorization' ? {authorization: `Bearer ${token}`} : {'x-api-key': token};
        const principal = verified(await ask(make(), sent));
        const {kind, subject, roles, permissions, tokenId} = principal;
        assert.deepEqual({kind, subject, roles, permissions, tokenId}, who);
        assert.equal(principal.tenant, 't1');
        assert.equal(principal.provider, 'fe');
      });
      it(`${type} at the other header: wrong_token_type`, async () => {
        const token = await frontegg.sign(claimsOf(type));
        const sent: Record<string, string> =
          header === 'authorization' ? {'x-api-key': token} : {authorization: `Bearer ${token}`};
        const provider = make();
        assert.equal(wordOn(await ask(provider, sent)), 'wrong_token_type');
      });
    }

    it('a token verified at one place is not thereby good at another', async () => {
      const provider = make();
      const token = await frontegg.sign(claimsOf('tenantAccessToken'));
      verified(await ask(provider, {'x-api-key': token}));
      assert.equal(wordOn(await ask(provider, {authorization: `Bearer ${token}`})), 'wrong_token_type');
    });

    it('an email that is not verified is left out', async () => {
      assert.equal(verified(await ask(make(), await bearer(claimsOf('userToken')))).email, 'u1@acme.example');
      const unverified = await bearer(claimsOf('userToken', {email_verified: false}));
      assert.equal(verified(await ask(make(), unverified)).email, undefined);
    });
  });

  describe('refusals', () => {
    const seconds = Math.floor(Date.now() / 1_000);
    const rows: [string, object, string, object?][] = [
      ['a vendor token', claimsOf('vendorToken'), 'wrong_token_type'],
      ['no type', claimsOf('userToken', {type: undefined}), 'wrong_token_type'],
      ['type in other case', claimsOf('UserToken'), 'wrong_token_type'],
      ['a type that every object has', claimsOf('constructor'), 'wrong_token_type'],
      ['a list of types', claimsOf('userToken', {type: ['userToken']}), 'wrong_token_type'],
      ['expired', claimsOf('userToken', {exp: seconds - 60}), 'token_expired'],
      ['no exp', claimsOf('userToken', {exp: undefined}), 'missing_claim'],
      ['not yet valid', claimsOf('userToken', {nbf: seconds + 600}), 'token_not_yet_valid'],
      ['an id token', claimsOf('userToken', {at_hash: 'x'}), 'wrong_token_type'],
      ['no sub', claimsOf('userToken', {sub: undefined}), 'missing_claim'],
      ['no creator of an API token', claimsOf('userApiToken', {createdByUserId: undefined}), 'missing_claim'],
      ['neither type nor tenant', {sub: 'u1', exp: seconds + 300}, 'unsupported', {issuer: null}],
      ['another issuer', claimsOf('userToken'), 'unsupported', {issuer: 'https://other.frontegg.com'}],
      ['the issuer', claimsOf('userToken'), 'verified', {issuer}],
      ['another audience', claimsOf('userToken'), 'wrong_audience', {audience: ['x']}],
      ['the audience', claimsOf('userToken'), 'verified', {audience: [clientId]}],
      ['roles that are no list give nothing', claimsOf('userToken', {roles: 'superadmin'}), 'verified'],
    ];
    for (const [what, claims, expected, settings] of rows) {
      it(`${what}: ${expected}`, async () => {
        const answer = await ask(make(settings), await bearer(claims));
        assert.equal(wordOn(answer), expected);
        if (what.startsWith('roles')) assert.deepEqual(verified(answer).roles, []);
      });
    }
    const headers: [string, (good: string, key: string) => Record<string, string>, string][] = [
      ['Authorization wins', (good, key) => ({authorization: `Bearer ${good}`, 'x-api-key': key}), 'user u1'],
      [
        'a bad Authorization is not made good by x-api-key',
        (_, key) => ({authorization: 'Bearer x', 'x-api-key': key}),
        'unsupported',
      ],
      ['nor is another scheme', (_, key) => ({authorization: 'Basic eDp5', 'x-api-key': key}), 'unsupported'],
      ['an empty Authorization is none', (_, key) => ({authorization: '', 'x-api-key': key}), 'service at2'],
      ['no header', () => ({}), 'nothing'],
      ['Bearer in x-api-key', (_, key) => ({'x-api-key': `Bearer ${key}`}), 'unsupported'],
    ];
    for (const [what, sent, expected] of headers) {
      it(`${what}: ${expected}`, async () => {
        const good = await frontegg.sign(claimsOf('userToken'));
        const key = await frontegg.sign(claimsOf('tenantAccessToken'));
        const answer = await ask(make(), sent(good, key));
        const word = wordOn(answer);
        assert.equal(word === 'verified' ? `${verified(answer).kind} ${verified(answer).subject}` : word, expected);
      });
    }
    it('beside another provider of the same header, each takes its own tokens, in either order', async () => {
      const oidc = makeOidcProvider(
        oidcSettings.parse({type: 'oidc', name: 'acme', issuer: 'https://id.acme.example', audience: 'any'}),
        partsOf(),
      );
      open.push(oidc);
      const theirs = {iss: 'https://id.acme.example', sub: 'u1', exp: seconds + 300};
      for (const [settings, claims, expected] of [
        [{issuer: null}, claimsOf('userToken'), 'fe'],
        [{issuer: null}, theirs, 'acme'],
        [{issuer}, claimsOf('userToken'), 'fe'],
        [{issuer}, {...theirs, type: 'userToken', tenantId: 't1'}, 'acme'],
      ] as const) {
        const asked = request('/', {headers: await bearer(claims)});
        const both = [make(settings), oidc];
        for (const providers of [both, both.toReversed()]) {
          const found = makeCredentialFinder(providers)(asked);
          assert.equal(found.found === 'credential' ? found.provider.name : found.found, expected);
        }
      }
    });

    it('an unknown issuer opens no socket', async () => {
      const provider = make();
      frontegg.news();
      await ask(provider, await bearer(claimsOf('userToken', {iss: 'https://evil.example'})));
      assert.deepEqual(frontegg.news(), []);
    });
  });

  describe('step-up', () => {
    const sms = {acr: stepUpAcr, amr: ['mfa', 'sms']};
    const seconds = Math.floor(Date.now() / 1_000);
    const rows: [string, string, object, string][] = [
      ['acr, mfa and a method, recent', 'userToken', {...sms, auth_time: seconds - 60}, 'allow'],
      ['too long ago', 'userToken', {...sms, auth_time: seconds - 3_700}, 'step_up_required'],
      ['no auth_time', 'userToken', sms, 'step_up_required'],
      ['another acr', 'userToken', {...sms, acr: 'x', auth_time: seconds}, 'step_up_required'],
      ['mfa without a method', 'userToken', {acr: stepUpAcr, amr: ['mfa'], auth_time: seconds}, 'step_up_required'],
      ['a method without mfa', 'userToken', {acr: stepUpAcr, amr: ['otp'], auth_time: seconds}, 'step_up_required'],
      ['an access token, whatever it says', 'userAccessToken', {...sms, auth_time: seconds}, 'step_up_required'],
    ];
    for (const [what, type, claims, expected] of rows) {
      it(`${what}: ${expected}`, async () => {
        const provider = make();
        const stepUp = {acr: [stepUpAcr], amr: [['mfa'], ['otp', 'sms', 'hwk', 'sso']], maxAge: 3_600_000};
        const check = makeCheck({
          rules: [{name: 'r', match: {}, access: {access: 'require', require: {stepUp}}, shadow: false}],
          paths: {caseSensitive: true, allow: []} as never,
          providers: [provider],
          revocations: makeRevocationSet(),
          entitlements: {
            entitled: () => ({entitled: true}),
            holdings: () => assert.fail('nobody asked'),
            catalog: () => undefined,
          },
        });
        const token = await frontegg.sign(claimsOf(type, {...claims}));
        const headers: Record<string, string> =
          type === 'userToken' ? {authorization: `Bearer ${token}`} : {'x-api-key': token};
        const decision = await check(request('/', {headers}), {id: 'd', now: now(), deadline: never});
        assert.equal(decision.outcome === 'deny' ? decision.reason : decision.outcome, expected);
        if (decision.outcome === 'deny') {
          assert.deepEqual(decision.challenge, {maxAge: 3_600, acrValues: [stepUpAcr]});
        }
      });
    }
  });

  describe('access tokens', () => {
    const list = 'GET /identity/resources/vendor-only/tenants/access-tokens/v1/active';
    const one = 'GET /identity/resources/vendor-only/tenants/access-tokens/v1/at2';

    it('asks for both facts, once in ten seconds however many ask, and sends the tenant', async () => {
      const provider = make();
      await provider.start?.();
      frontegg.news();
      const sent = await accessToken(claimsOf('tenantAccessToken'));
      await Promise.all(Array.from({length: 20}, () => ask(provider, sent)));
      assert.deepEqual(frontegg.news().sort(), [list, one, 'POST /auth/vendor'].sort());
      assert.equal(frontegg.asked.find(({path}) => path.endsWith('/at2'))?.headers['frontegg-tenant-id'], 't1');
      verified(await ask(provider, sent));
      assert.deepEqual(frontegg.news(), []);
      later = 10_001;
      verified(await ask(provider, sent));
      assert.deepEqual(frontegg.news().sort(), [list, one].sort());
    });

    it('the same principal while the facts are the same', async () => {
      const provider = make();
      const sent = await accessToken(claimsOf('tenantAccessToken'));
      assert.equal(verified(await ask(provider, sent)), verified(await ask(provider, sent)));
    });

    const rows: [string, () => void, string][] = [
      ['not in the active list', () => frontegg.inactive.add('at2'), 'inactive'],
      [
        'in the list, and gone',
        () => (frontegg.fault = (path) => (path.endsWith('/at2') ? 404 : undefined)),
        'inactive',
      ],
      ['unknown', () => frontegg.accessTokens.tenants.clear(), 'inactive'],
      ['API tokens are disabled', () => (frontegg.apiTokensDisabled = true), 'inactive'],
      [
        'past its own end',
        () => {
          const token = frontegg.accessTokens.tenants.get('at2');
          if (token) frontegg.accessTokens.tenants.set('at2', {...token, expires: '2020-01-01T00:00:00.000Z'});
        },
        'inactive',
      ],
    ];
    for (const [what, happens, expected] of rows) {
      it(`${what}: ${expected} within ten seconds, and good again within ten`, async () => {
        const provider = make();
        const sent = await accessToken(claimsOf('tenantAccessToken'));
        const kept = new Map(frontegg.accessTokens.tenants);
        verified(await ask(provider, sent));
        happens();
        assert.equal(wordOn(await ask(provider, sent)), 'verified', 'what is known counts for ten seconds');
        later = 10_001;
        assert.equal(wordOn(await ask(provider, sent)), expected);
        frontegg.news();
        assert.equal(wordOn(await ask(provider, sent)), expected);
        assert.deepEqual(frontegg.news(), [], 'a no is kept too');
        frontegg.inactive.clear();
        frontegg.apiTokensDisabled = false;
        frontegg.fault = () => undefined;
        for (const [id, token] of kept) frontegg.accessTokens.tenants.set(id, token);
        later = 20_002;
        assert.equal(wordOn(await ask(provider, sent)), 'verified');
      });
    }

    const replies: [string, Fault][] = [
      ['404 of a gateway', {status: 404, body: {message: 'no Route matched with those values'}}],
      ['404 with a text', {status: 404, body: 'Not Found'}],
      ['404 with errors that say nothing', {status: 404, body: {errors: []}}],
      ['404 with one error that is no list', {status: 404, body: {errors: 'Not found'}}],
      ['another 403', {status: 403, body: {errors: ['Forbidden']}}],
      ['roles that are no list', {body: {id: 'at2', tenantId: 't1', roles: 'admin', permissions: []}}],
      ['no permissions', {body: {id: 'at2', tenantId: 't1', roles: []}}],
      ['another token', {body: {id: 'at1', tenantId: 't1', roles: ['admin'], permissions: []}}],
      ['another tenant', {body: {id: 'at2', tenantId: 't2', roles: ['admin'], permissions: []}}],
      ['a list', {body: ['at2']}],
      ['null', {body: null}],
      ['500', 500],
      ['429', 429],
      ['HTML', 'html'],
      ['half of a JSON', 'malformed'],
    ];
    for (const [what, fault] of replies) {
      it(`${what} instead of the token is an outage, and is not kept`, async () => {
        const provider = make();
        const sent = await accessToken(claimsOf('tenantAccessToken'));
        frontegg.fault = (path) => (path.endsWith('/at2') ? fault : undefined);
        await assert.rejects(ask(provider, sent), Unavailable);
        frontegg.fault = () => undefined;
        verified(await ask(provider, sent));
      });
    }
    const lists: Fault[] = [
      500,
      404,
      400,
      403,
      'html',
      'malformed',
      {body: {ids: ['at2']}},
      {body: [1]},
      {body: 'at2'},
    ];
    for (const fault of lists) {
      it(`${JSON.stringify(fault)} instead of the list is an outage, and is not kept`, async () => {
        const provider = make();
        const sent = await accessToken(claimsOf('tenantAccessToken'));
        frontegg.fault = (path) => (path.endsWith('/active') ? fault : undefined);
        await assert.rejects(ask(provider, sent), Unavailable);
        frontegg.fault = () => undefined;
        verified(await ask(provider, sent));
      });
    }

    it('whatever Frontegg answers never makes a right that it did not give', async () => {
      const provider = make({accessTokens: {ttl: '0s'}});
      const sent = await accessToken(claimsOf('tenantAccessToken'));
      let body: unknown;
      frontegg.fault = (path) => (path.endsWith('/at2') ? {body} : undefined);
      const names = fc.array(fc.string(), {maxLength: 3});
      const mostly = (good: fc.Arbitrary<unknown>) =>
        fc.oneof({arbitrary: good, weight: 9}, {arbitrary: fc.jsonValue({maxDepth: 1}), weight: 1});
      const [past, future] = [now() - 60_000, now() + 600_000];
      const ends = [past, future].flatMap((end) => [end, new Date(end).toISOString()]);
      const reply = fc.record(
        {
          id: mostly(fc.constant('at2')),
          tenantId: mostly(fc.constant('t1')),
          roles: mostly(names),
          permissions: mostly(names),
          expires: mostly(fc.constantFrom<unknown>(...ends, null)),
        },
        {requiredKeys: ['roles', 'permissions']},
      );
      const seen = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(fc.oneof({arbitrary: reply, weight: 4}, fc.jsonValue()), async (value) => {
          body = value;
          const answer = await ask(provider, sent).catch((error: unknown) => {
            assert.ok(error instanceof Unavailable, `${error}`);
            return 'outage';
          });
          const word = wordOn(answer);
          seen.set(word, (seen.get(word) ?? 0) + 1);
          if (word === 'outage') return;
          const {id = 'at2', tenantId = 't1', expires, ...said} = value as Record<string, unknown>;
          const end = typeof expires === 'string' ? Date.parse(expires) : (expires ?? Number.POSITIVE_INFINITY);
          assert.deepEqual({id, tenantId}, {id: 'at2', tenantId: 't1'});
          if (word !== 'verified') {
            // What is over is refused, though its rights are given.
            assert.equal(word, 'inactive');
            assert.ok((end as number) <= now());
            return;
          }
          const {roles, permissions} = verified(answer);
          assert.deepEqual({roles, permissions}, {roles: said.roles, permissions: said.permissions});
          assert.ok((end as number) > now());
        }),
        {numRuns: 200},
      );
      for (const word of ['verified', 'inactive', 'outage']) assert.ok((seen.get(word) ?? 0) > 0, `none was ${word}`);
    });

    it('an id that is no part of a path asks for nothing else', async () => {
      const provider = make();
      frontegg.accessTokens.tenants.set('../active', {id: '../active', tenantId: 't1', roles: [], permissions: []});
      const sub = '../active?x=/#';
      assert.equal(wordOn(await ask(provider, await accessToken(claimsOf('tenantAccessToken', {sub})))), 'inactive');
      assert.ok(
        frontegg
          .news()
          .includes(`GET /identity/resources/vendor-only/tenants/access-tokens/v1/${encodeURIComponent(sub)}`),
      );
    });

    for (const sub of ['.', '..', 'a\ud800']) {
      it(`the id ${JSON.stringify(sub)} is no id: inactive, and nothing is asked`, async () => {
        const provider = make();
        frontegg.accessTokens.tenants.set(sub, {id: sub, tenantId: 't1', roles: [], permissions: []});
        assert.equal(wordOn(await ask(provider, await accessToken(claimsOf('tenantAccessToken', {sub})))), 'inactive');
        assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json']);
      });
    }

    describe('what is known of one is not said of another', () => {
      const rights = {roles: ['reader'], permissions: []};

      it('two tokens of one id: each has its own claims, and its own user', async () => {
        const provider = make();
        frontegg.accessTokens.users.set('at1', {id: 'at1', tenantId: 't1', ...rights});
        for (const userId of ['u1', 'u2', 'u1']) {
          const {subject, claims} = verified(
            await ask(provider, await accessToken(claimsOf('userAccessToken', {userId}))),
          );
          assert.deepEqual([subject, claims.userId], [userId, userId]);
        }
      });

      const accounts: [string, object][] = [
        ['another address', {region: 'us', baseUrl: null}],
        ['another client id', {clientId: 'another'}],
        ['another API key', {apiKey: 'another'}],
        ['another host of the environment', {vendorHost: 'other.frontegg.com'}],
      ];
      for (const [what, settings] of accounts) {
        it(`${what}: Frontegg is asked anew`, async () => {
          const caches = makeCaches();
          const sent = await accessToken(claimsOf('tenantAccessToken'));
          verified(await ask(make({}, partsOf(caches)), sent));
          const asked: string[] = [];
          // Whatever the address, the stand-in has the keys, and knows nothing else.
          const call: VendorParts['call'] = (dependency, request, deadline) => {
            const path = new URL(request.url).pathname;
            asked.push(path);
            if (!path.endsWith('/jwks.json')) throw new Unavailable(dependency);
            return remote.call(dependency, {...request, url: frontegg.url + path}, deadline);
          };
          await assert.rejects(ask(make(settings, {...partsOf(caches), call}), sent), Unavailable);
          assert.ok(asked.includes('/auth/vendor'), `${asked}`);
        });
      }
      it('the same account: nothing is asked', async () => {
        const caches = makeCaches();
        const sent = await accessToken(claimsOf('tenantAccessToken'));
        verified(await ask(make({}, partsOf(caches)), sent));
        frontegg.news();
        verified(await ask(make({}, partsOf(caches)), sent));
        assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json']);
      });

      it('another tenant with the same id: Frontegg is asked anew, and says that it is not theirs', async () => {
        const provider = make();
        verified(await ask(provider, await accessToken(claimsOf('tenantAccessToken'))));
        const theirs = await accessToken(claimsOf('tenantAccessToken', {tenantId: 't2'}));
        await assert.rejects(ask(provider, theirs), Unavailable);
      });

      it("a user's token with the id of a tenant's has its own rights", async () => {
        const provider = make();
        frontegg.accessTokens.users.set('at2', {id: 'at2', tenantId: 't1', ...rights});
        for (const [type, roles] of [
          ['tenantAccessToken', ['robot']],
          ['userAccessToken', ['reader']],
        ] as const)
          assert.deepEqual(verified(await ask(provider, await accessToken(claimsOf(type, {sub: 'at2'})))).roles, roles);
      });

      it("the list of tenants' tokens does not make a user's token active", async () => {
        const provider = make();
        verified(await ask(provider, await accessToken(claimsOf('tenantAccessToken'))));
        const body = {id: 'at2', tenantId: 't1', ...rights};
        frontegg.fault = (path) => (path.endsWith('/users/access-tokens/v1/at2') ? {body} : undefined);
        const theirs = await accessToken(claimsOf('userAccessToken', {sub: 'at2'}));
        assert.equal(wordOn(await ask(provider, theirs)), 'inactive');
      });
    });

    it('a shared cache gives no second life, and what it holds is looked at', async () => {
      const kept = new Map<string, unknown>();
      const shared: MakeFetchingCache = (name, codec) =>
        makeLayeredCache({
          name,
          memory: makeMemoryCache({entries: 100}, now),
          remote: {
            get: async (key) => codec.decode(kept.get(key)),
            set: async (key, value) => void kept.set(key, JSON.parse(JSON.stringify(codec.encode(value)))),
          },
        });
      const sent = await accessToken(claimsOf('tenantAccessToken'));
      verified(await ask(make({}, partsOf(shared)), sent));
      frontegg.inactive.add('at2');
      frontegg.news();
      later = 9_000;
      const second = make({}, partsOf(shared));
      assert.equal(wordOn(await ask(second, sent)), 'verified');
      assert.ok(
        frontegg.news().every((asked) => !asked.includes('access-tokens')),
        'it came from the shared cache',
      );
      later = 10_001;
      assert.equal(wordOn(await ask(second, sent)), 'inactive');
      for (const key of kept.keys()) kept.set(key, {answer: ['at2', 7], until: now() + 5_000});
      assert.equal(wordOn(await ask(make({}, partsOf(shared)), sent)), 'inactive', 'nonsense is a miss');
      for (const key of kept.keys()) kept.set(key, {answer: ['at2'], until: now() + 3_600_000});
      assert.equal(wordOn(await ask(make({}, partsOf(shared)), sent)), 'inactive', 'a fact of the future is a miss');
    });
  });

  describe('keys', () => {
    it('come from the key set; a rotation is followed', async () => {
      const provider = make();
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json']);
      frontegg.keys = [await makeSigningKey('second'), ...frontegg.keys];
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json']);
      const unknown = await makeSigningKey('unknown');
      assert.equal(wordOn(await ask(provider, await bearer(claimsOf('userToken'), {key: unknown}))), 'unknown_key');
      assert.deepEqual(frontegg.news(), [], 'within the cooldown nothing is asked');
    });

    it('without a key set they come from the configuration; a rotation is followed there too', async () => {
      frontegg.published = false;
      const provider = make({vendorHost: 'acme.frontegg.com'});
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      const path = 'GET /identity/resources/configurations/v1';
      assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json', 'POST /auth/vendor', path]);
      assert.ok(frontegg.asked.every(({headers}) => headers['frontegg-vendor-host'] === 'acme.frontegg.com'));
      const old = frontegg.keys[0];
      assert.ok(old);
      frontegg.keys = [await makeSigningKey('second')];
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      assert.equal(
        wordOn(await ask(provider, await bearer(claimsOf('userToken', {n: 1}), {key: old}))),
        'bad_signature',
      );
      frontegg.news();
      for (let n = 0; n < 5; n++) await ask(provider, await bearer(claimsOf('userToken', {n}), {key: old}));
      assert.deepEqual(frontegg.news(), [], 'forged signatures cost one look in a cooldown');
    });

    it('the one key may be another by now: while it cannot be fetched, a signature that does not hold is an outage', async () => {
      frontegg.published = false;
      const provider = make();
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      frontegg.keys = [await makeSigningKey('second')];
      frontegg.fault = () => 500;
      await assert.rejects(ask(provider, await bearer(claimsOf('userToken'))), Unavailable);
      frontegg.fault = () => undefined;
      later = 30_001;
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
    });

    it('a rotation of the one key: whoever fails while it is fetched waits for it', async () => {
      frontegg.published = false;
      const provider = make();
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      frontegg.keys = [await makeSigningKey('second')];
      frontegg.fault = (path) => (path.endsWith('/configurations/v1') ? 'slow' : undefined);
      frontegg.news();
      const good = await Promise.all(Array.from({length: 20}, (_, n) => bearer(claimsOf('userToken', {sub: `u${n}`}))));
      const answers = await Promise.all(good.map((sent) => ask(provider, sent)));
      assert.deepEqual(
        answers.map(wordOn),
        good.map(() => 'verified'),
      );
      assert.equal(frontegg.news().filter((asked) => asked.endsWith('/configurations/v1')).length, 1);
    });

    describe('a key set that has never been there: the one key of the configuration takes its place', () => {
      const couldNotBeAsked: (Fault | 'away')[] = ['away', 500, 503, 429, 408, 302, 'html', 'malformed', {body: {}}];
      for (const fault of couldNotBeAsked) {
        it(`${JSON.stringify(fault)}: a token of another key is an outage, until the key set can be asked`, async () => {
          const [old] = frontegg.keys;
          assert.ok(old);
          frontegg.keys = [await makeSigningKey('second'), old];
          let away = fault === 'away';
          const call: VendorParts['call'] = (dependency, asked, deadline) =>
            away && asked.url.endsWith('/jwks.json')
              ? Promise.reject(new Unavailable(dependency))
              : remote.call(dependency, asked, deadline);
          frontegg.fault = (path) => (path.endsWith('/jwks.json') && fault !== 'away' ? fault : undefined);
          const provider = make({}, {...partsOf(), call});
          await provider.start?.();
          const another = (n: number) => bearer(claimsOf('userToken', {n}), {key: old});
          verified(await ask(provider, await bearer(claimsOf('userToken'))));
          await assert.rejects(ask(provider, await another(1)), Unavailable);
          assert.equal(provider.health()[0]?.state, 'degraded');
          assert.match(`${provider.health()[0]?.detail}`, /key set.*keys:fe is unavailable/);
          away = false;
          frontegg.fault = () => undefined;
          frontegg.news();
          await assert.rejects(ask(provider, await another(2)), Unavailable, 'within the cooldown');
          assert.deepEqual(frontegg.news(), [], 'within the cooldown nothing is asked');
          later = 30_001;
          const sent = await Promise.all(Array.from({length: 5}, (_, n) => another(n)));
          const answers = await Promise.all(sent.map((one) => ask(provider, one)));
          assert.deepEqual(
            answers.map(wordOn),
            sent.map(() => 'verified'),
          );
          assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json']);
          assert.equal(provider.health()[0]?.state, 'ready');
        });
      }
      for (const fault of [404, 400, 403, {body: {keys: []}}, {body: {keys: [{kty: 'oct', k: 'AA'}]}}] as Fault[]) {
        it(`${JSON.stringify(fault)} is its word that there is none: a token of another key is bad`, async () => {
          frontegg.fault = (path) => (path.endsWith('/jwks.json') ? fault : undefined);
          const provider = make();
          verified(await ask(provider, await bearer(claimsOf('userToken'))));
          const key = await makeSigningKey('another');
          assert.equal(wordOn(await ask(provider, await bearer(claimsOf('userToken'), {key}))), 'bad_signature');
          assert.equal(provider.health()[0]?.state, 'ready');
        });
      }
    });

    it('a key set that fails after it was there is an outage, and the known keys stay', async () => {
      const provider = make();
      verified(await ask(provider, await bearer(claimsOf('userToken'))));
      frontegg.published = false;
      frontegg.news();
      const unknown = await makeSigningKey('unknown');
      await assert.rejects(ask(provider, await bearer(claimsOf('userToken'), {key: unknown})), Unavailable);
      assert.deepEqual(frontegg.news(), ['GET /.well-known/jwks.json'], 'the configuration is not asked instead');
      verified(await ask(provider, await bearer(claimsOf('userToken', {n: 2}))));
    });

    describe('whose key set is believed without issuer and audience', () => {
      const theirs = '/.well-known/jwks.json';
      const ours = '/auth/vendor';
      const rows: [string, object, string][] = [
        ['the host of an environment', {baseUrl: 'https://acme.frontegg.com'}, theirs],
        ['in any spelling', {baseUrl: 'https://ACME.frontegg.com:443/'}, theirs],
        ['the gateway of a region', {region: 'us'}, ours],
        ['one that is configured by its address', {baseUrl: 'https://api.us.frontegg.com'}, ours],
        ['in capitals', {baseUrl: 'https://API.us.frontegg.com'}, ours],
        ['with its port', {baseUrl: 'https://api.us.frontegg.com:443'}, ours],
        ['with a dot at its end', {baseUrl: 'https://api.us.frontegg.com.'}, ours],
        ['with a path', {baseUrl: 'https://api.us.frontegg.com/frontegg'}, ours],
        ['a region of tomorrow', {baseUrl: 'https://api.in.frontegg.com'}, ours],
        ['the first of all gateways', {baseUrl: 'https://api.frontegg.com'}, ours],
        ['another name for one', {baseUrl: 'https://api-us.frontegg.com'}, ours],
        ['an environment of a region', {baseUrl: 'https://acme.us.frontegg.com'}, ours],
        ['a domain of yours', {baseUrl: 'https://auth.acme.example'}, theirs],
        ['one that looks like Frontegg', {baseUrl: 'https://api.frontegg.com.acme.example'}, theirs],
        ['another that does', {baseUrl: 'https://api.notfrontegg.com'}, theirs],
        ['an audience that is not checked', {region: 'us', audience: 'any'}, ours],
        ['with an issuer', {region: 'us', issuer}, theirs],
        ['with an audience', {region: 'us', audience: [clientId]}, theirs],
      ];
      for (const [what, settings, expected] of rows) {
        it(`${what}: ${expected}`, async () => {
          const asked: string[] = [];
          const call: VendorParts['call'] = async (dependency, {url}) => {
            asked.push(url);
            throw new Unavailable(dependency);
          };
          const provider = make({baseUrl: null, issuer: null, ...settings}, {...partsOf(), call});
          await provider.start?.();
          assert.ok(asked[0]?.endsWith(expected), asked[0]);
        });
      }

      const gateways = [
        'https://api.us.frontegg.com',
        'https://API.us.frontegg.com:443',
        'https://api.uk.frontegg.com.',
      ];
      for (const baseUrl of gateways) {
        it(`${baseUrl}: a token of another of its customers is refused`, async () => {
          const stranger = await makeSigningKey('stranger');
          frontegg.keys.push(stranger);
          // The stand-in answers at that address.
          const call: VendorParts['call'] = (dependency, asked, deadline) =>
            remote.call(dependency, {...asked, url: frontegg.url + new URL(asked.url).pathname}, deadline);
          const provider = make({baseUrl, issuer: null}, {...partsOf(), call});
          verified(await ask(provider, await bearer(claimsOf('userToken'))));
          const theirs = claimsOf('userToken', {iss: 'https://stranger.frontegg.com', roles: ['admin']});
          assert.equal(wordOn(await ask(provider, await bearer(theirs, {key: stranger}))), 'bad_signature');
        });
      }
    });

    it('whatever JSON comes instead of keys or vendor token is an outage', async () => {
      const sent = await bearer(claimsOf('userToken'));
      let body: unknown;
      frontegg.fault = () => ({body});
      const anything = fc.oneof(
        fc.jsonValue(),
        fc.record({
          keys: fc.array(fc.jsonValue({maxDepth: 1})),
          publicKey: fc.string(),
          token: fc.string(),
          expiresIn: fc.integer(),
        }),
        fc.record({token: fc.constant('x'), expiresIn: fc.constant(60), publicKey: fc.jsonValue({maxDepth: 1})}),
      );
      await fc.assert(
        fc.asyncProperty(anything, async (value) => {
          body = value;
          await assert.rejects(ask(make(), sent), Unavailable);
        }),
        {numRuns: 60},
      );
    });

    const outages: Fault[] = [500, 404, 'html', 'malformed', {body: {keys: []}}, {body: {publicKey: 'x'}}, {body: {}}];
    for (const fault of outages) {
      it(`${JSON.stringify(fault)} from both is an outage, and heals`, async () => {
        frontegg.fault = (path) => (path === '/auth/vendor' ? undefined : fault);
        const provider = make();
        await assert.rejects(ask(provider, await bearer(claimsOf('userToken'))), Unavailable);
        assert.equal(provider.health()[0]?.state, 'unready');
        frontegg.fault = () => undefined;
        await provider.start?.();
        verified(await ask(provider, await bearer(claimsOf('userToken'))));
        assert.equal(provider.health()[0]?.state, 'ready');
      });
    }
  });

  describe('vendor authentication', () => {
    const sent = () => accessToken(claimsOf('tenantAccessToken'));
    const logins = () => frontegg.news().filter((asked) => asked === 'POST /auth/vendor').length;

    it('is renewed at four fifths of its life, without anybody waiting, and shared', async () => {
      const parts = partsOf();
      const [first, second] = [make({}, parts), make({name: 'again'}, partsOf())];
      await Promise.all([ask(first, await sent()), ask(second, await sent())]);
      assert.equal(logins(), 1, 'one for all');
      later = 2_860_000;
      await ask(first, await accessToken(claimsOf('tenantAccessToken', {exp: Math.floor(now() / 1_000) + 9})));
      assert.equal(logins(), 0);
      later = 2_881_000;
      await ask(first, await accessToken(claimsOf('tenantAccessToken', {exp: Math.floor(now() / 1_000) + 9})));
      await until(() => frontegg.asked.filter(({path}) => path === '/auth/vendor').length === 2);
    });

    it('a token that Frontegg refuses is replaced, and the call made again', async () => {
      const provider = make();
      verified(await ask(provider, await sent()));
      frontegg.forgetVendorTokens();
      later = 10_001;
      frontegg.news();
      verified(await ask(provider, await sent()));
      assert.ok(logins() >= 1);
    });

    for (const fault of [401, 500, 'html', {body: {token: 'x'}}, {body: {token: 'x', expiresIn: -1}}] as Fault[]) {
      it(`${JSON.stringify(fault)} is an outage`, async () => {
        frontegg.fault = (path) => (path === '/auth/vendor' ? fault : undefined);
        await assert.rejects(ask(make(), await sent()), Unavailable);
      });
    }
    it('a wrong API key is an outage, never a bad token', async () => {
      await assert.rejects(ask(make({apiKey: 'another'}), await sent()), Unavailable);
    });
    for (const settings of [{apiKey: 'another'}, {clientId: 'another'}]) {
      it(`the vendor token of one account is not lent to ${JSON.stringify(settings)}`, async () => {
        verified(await ask(make(), await sent()));
        await assert.rejects(ask(make(settings), await sent()), Unavailable);
      });
    }
  });

  describe('the session cookie of frontegg-nextjs', () => {
    const name = `fe_session-${clientId.replaceAll('-', '')}`;
    const settings = {sessionCookie: {password}};
    // frontegg-nextjs seals the JSON as a text.
    const sealed = async (
      claims: object,
      {ttl = 300, ...other}: {ttl?: number; password?: string; as?: unknown} = {},
    ) =>
      sealData((other.as ?? JSON.stringify({accessToken: await frontegg.sign(claims), refreshToken: 'r'})) as never, {
        password: other.password ?? password,
        ttl,
      });
    const chunked = (seal: string, size: number) =>
      Array.from(
        {length: Math.ceil(seal.length / size)},
        (_, at) => `${name}-${at + 1}=${seal.slice(at * size, (at + 1) * size)}`,
      );

    it('whole, as an object, and in chunks in any order', async () => {
      const provider = make(settings);
      const seal = await sealed(claimsOf('userToken'));
      const object = await sealed({}, {as: {accessToken: await frontegg.sign(claimsOf('userToken'))}});
      const chunks = chunked(seal, 200);
      assert.ok(chunks.length > 3 && chunks.length < 9);
      for (const cookie of [
        `a=b; ${name}=${seal}; c=d`,
        `${name}=${object}`,
        chunks.join('; '),
        ['x=y', ...chunks.toReversed()].join('; '),
      ]) {
        const principal = verified(await ask(provider, {cookie}));
        assert.equal(principal.subject, 'u1');
        assert.deepEqual(verified(await ask(provider, {cookie})), principal);
      }
    });

    it('its place takes all chunks away with it', () => {
      const place = make(settings).places.at(-1);
      assert.deepEqual([place?.name, place?.pieces?.[0], place?.pieces?.[1]], [name, `${name}-1`, `${name}-2`]);
    });

    const rows: [string, () => Promise<string>, string][] = [
      ['of another password', async () => sealed(claimsOf('userToken'), {password: 'f'.repeat(64)}), 'session_invalid'],
      ['with an expired token', async () => sealed(claimsOf('userToken', {exp: 1_000})), 'token_expired'],
      ['with an access token', async () => sealed(claimsOf('tenantAccessToken')), 'wrong_token_type'],
      ['without a token', async () => sealed({}, {as: '{}'}), 'session_invalid'],
      ['with null', async () => sealed({}, {as: 'null'}), 'session_invalid'],
      ['with what is no JSON', async () => sealed({}, {as: 'x'}), 'session_invalid'],
      ['that is no seal', async () => 'x', 'unsupported'],
      ['with seven parts', async () => 'Fe26.2*1*a*b*c**d', 'session_invalid'],
      ['without its end', async () => (await sealed(claimsOf('userToken'))).slice(0, -10), 'session_invalid'],
    ];
    for (const [what, seal, expected] of rows) {
      it(`a seal ${what}: ${expected}`, async () => {
        assert.equal(wordOn(await ask(make(settings), {cookie: `${name}=${await seal()}`})), expected);
      });
    }

    it('a seal is good until its own end', async () => {
      const provider = make(settings);
      const cookie = `${name}=${await sealed(claimsOf('userToken'), {ttl: 100})}`;
      verified(await ask(provider, {cookie}));
      later = 99_000;
      verified(await ask(provider, {cookie}));
      later = 101_000;
      assert.equal(wordOn(await ask(provider, {cookie})), 'session_invalid');
    });

    it('a seal with any one character changed is refused', async () => {
      const provider = make(settings);
      const seal = await sealed(claimsOf('userToken'));
      for (let at = 0; at < seal.length; at += 7) {
        const changed = seal.slice(0, at) + (seal[at] === 'A' ? 'B' : 'A') + seal.slice(at + 1);
        assert.notEqual(wordOn(await ask(provider, {cookie: `${name}=${changed}`})), 'verified', `at ${at}`);
      }
    });

    it('without the password the cookie is nothing', async () => {
      assert.equal(await ask(make(), {cookie: `${name}=${await sealed(claimsOf('userToken'))}`}), 'nothing');
    });
    it('the name may be another', async () => {
      const provider = make({sessionCookie: {password, name: 'app'}});
      verified(await ask(provider, {cookie: `app=${await sealed(claimsOf('userToken'))}`}));
    });
  });

  describe('audits', () => {
    const decided = (fields: object) => ({outcome: 'deny' as const, reason: 'missing_role' as const, ...fields});
    /** Lets what was put off by so many milliseconds happen. */
    const pass = (milliseconds: number) => {
      const due = delayed.filter((one) => one.milliseconds === milliseconds);
      delayed = delayed.filter((one) => one.milliseconds !== milliseconds);
      for (const {run} of due) run();
    };
    const deny = (provider: Provider, number: number) => {
      for (let n = 0; n < number; n++) provider.denied?.(`d${n}`, request('/'), decided({principal: who()}), now());
    };
    const told = () => logged.splice(0).map(({fields}) => ({...fields}) as {lost?: number});
    const who = () => ({provider: 'fe', kind: 'user', subject: 'u1', tenant: 't1', email: 'u1@acme.example'}) as never;

    it('tell of refusals of a known tenant, and hold neither query nor credential', async () => {
      const provider = make({audits: {severity: 'High'}});
      const asked = request('/orders?access_token=canary', {headers: {authorization: 'canary'}});
      provider.denied?.('d1', asked, decided({principal: who(), rule: 'r'}), now());
      provider.denied?.('d2', asked, decided({}), now());
      provider.denied?.('d3', asked, decided({principal: who(), reason: 'unavailable'}), now());
      pass(500);
      await until(() => frontegg.audits.length > 0);
      assert.equal(frontegg.audits.length, 1);
      const {time, description, ...event} = frontegg.audits[0] ?? {};
      assert.deepEqual(event, {
        tenantId: 't1',
        header: 't1',
        severity: 'High',
        action: 'Access denied',
        reason: 'missing_role',
        user: 'u1@acme.example',
        resource: 'GET api.acme.example/orders',
        ip: '127.0.0.1',
        rule: 'r',
        decision: 'd1',
      });
      assert.ok(!JSON.stringify(frontegg.asked).includes('canary'));
    });

    it('are bounded while Frontegg is away, and all that is lost is told', async () => {
      const provider = make({audits: {queue: 3}});
      frontegg.fault = () => 500;
      deny(provider, 10);
      pass(500);
      await provider.close?.();
      frontegg.fault = () => undefined;
      assert.equal(frontegg.audits.length, 0);
      assert.ok(logged.every(({sentence}) => sentence.startsWith('audit events are lost: ')));
      assert.deepEqual(told(), [
        {provider: 'fe', lost: 1},
        {provider: 'fe', lost: 9},
      ]);
    });

    it('that are lost are told at once, then once a minute, as long as there are any', async () => {
      const provider = make({audits: {queue: 3}});
      deny(provider, 4);
      assert.deepEqual(told(), [{provider: 'fe', lost: 1}]);
      deny(provider, 1_000);
      assert.deepEqual(told(), [], 'within the minute');
      assert.equal(delayed.filter(({milliseconds}) => milliseconds === 60_000).length, 1, 'one timer for all');
      pass(60_000);
      assert.deepEqual(told(), [{provider: 'fe', lost: 1_000}]);
      pass(60_000);
      assert.deepEqual([told(), delayed.filter(({milliseconds}) => milliseconds === 60_000)], [[], []], 'none in it');
      deny(provider, 1);
      assert.deepEqual(told(), [{provider: 'fe', lost: 1}]);
    });

    it('that Frontegg has not taken two seconds after closing are lost too', async () => {
      const provider = make({audits: {}});
      frontegg.fault = (path) => (path === '/audits/' ? 'hang' : undefined);
      deny(provider, 7);
      pass(500);
      await until(() => frontegg.asked.filter(({path}) => path === '/audits/').length === 4);
      const closing = provider.close?.();
      pass(2_000);
      await closing;
      assert.deepEqual(told(), [{provider: 'fe', lost: 7}]);
      assert.deepEqual(delayed, [], 'nothing is left running');
      await remote.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(told(), [], 'nothing is told twice');
    });

    it('are sent on closing', async () => {
      const provider = make({audits: {}});
      provider.denied?.('d1', request('/'), decided({principal: who()}), now());
      await provider.close?.();
      assert.equal(frontegg.audits.length, 1);
    });

    it('are off unless asked for', () => assert.equal(make().denied, undefined));
  });

  it('knows the regions, and a base of yours without its last slash', () => {
    const base = (more: object) =>
      baseOf(fronteggSettings.parse({type: 'frontegg', name: 'fe', clientId, apiKey, ...more}));
    assert.equal(base({}), 'https://api.frontegg.com');
    for (const region of ['us', 'ca', 'au', 'uk']) assert.equal(base({region}), `https://api.${region}.frontegg.com`);
    for (const [baseUrl, expected] of [
      ['https://acme.frontegg.com/', 'https://acme.frontegg.com'],
      ['https://Acme.Frontegg.com:443', 'https://acme.frontegg.com'],
      [' https://gateway.acme.example/frontegg// ', 'https://gateway.acme.example/frontegg'],
    ])
      assert.equal(base({baseUrl}), expected);
  });

  for (const baseUrl of [
    'https://acme.frontegg.com?',
    'https://acme.frontegg.com/?a=b',
    'https://acme.frontegg.com/#',
  ]) {
    it(`a base ${baseUrl}: an error that says what to take out`, () => {
      const settings = {type: 'frontegg', clientId, apiKey, baseUrl};
      for (const read of [
        fronteggSettings.safeParse({...settings, name: 'fe'}),
        fronteggSourceSettings.safeParse(settings),
      ])
        assert.match(
          `${read.error?.issues.map(({path, message}) => `${path} ${message}`)}`,
          /^baseUrl has a query or fragment: take it out/,
        );
    });
  }
});
