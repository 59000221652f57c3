// Kinde's tokens and API keys: whom they prove, what is refused, what an outage does, and what is asked how often.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {Unavailable} from '../../src/core/unavailable.ts';
import type {Provider} from '../../src/providers/provider.ts';
import {makeKindeProvider} from '../../src/vendors/kinde/provider.ts';
import {kindeSettings} from '../../src/vendors/kinde/settings.ts';
import {type Fault, outages} from '../support/vendors/faults.ts';
import {type Kinde, machine, startKinde} from '../support/vendors/kinde.ts';
import {authenticateAs, makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey} from '../support/vendors/signing.ts';

const verifyPath = '/api/v1/api_keys/verify';
const tokenPath = '/oauth2/token';
const keyPath = '/api/v1/api_keys/api_key_ser1';

describe('kinde', () => {
  let kinde: Kinde;
  let rig: TestParts;
  before(async () => {
    kinde = await startKinde();
  });
  beforeEach(() => {
    rig = makeTestParts();
  });
  afterEach(async () => {
    kinde.faults.clear();
    kinde.keys.clear();
    kinde.life = 86_400;
    kinde.scoped = true;
    await rig.close();
  });
  after(() => kinde.close());

  const make = (settings: object = {}): Provider =>
    makeKindeProvider(
      kindeSettings.parse({type: 'kinde', name: 'ki', domain: kinde.domain, audience: ['orders-api'], ...settings}),
      rig.parts,
    );
  const ask = (provider: Provider, token: string, now = rig.now()) =>
    authenticateAs(provider, {authorization: `Bearer ${token}`}, now);
  const principalOf = async (token: string, settings: object = {}) => {
    const answer = await ask(make(settings), token);
    assert.ok(typeof answer === 'object' && answer.verified, JSON.stringify(answer));
    return answer.verified;
  };
  const outcomeOf = (answer: Awaited<ReturnType<typeof ask>>): string =>
    typeof answer === 'string' ? answer : (answer.rejected ?? 'verified');
  const refusalOf = async (token: string, settings: object = {}) => outcomeOf(await ask(make(settings), token));
  const askedOf = (path: string) => kinde.asked.filter((line) => line.includes(path)).length;

  describe('tokens', () => {
    it('a user: organisation, permissions, roles by their key, scopes', async () => {
      const principal = await principalOf(
        await kinde.token({
          permissions: ['orders.read'],
          roles: [{id: 'role_1', name: 'Administrator', key: 'admin'}],
          scp: ['openid', 'orders'],
          email: 'a@acme.example',
        }),
      );
      const {kind, subject, tenant, permissions, roles, scopes, email, claims} = principal;
      assert.deepEqual(
        {kind, subject, tenant, permissions, roles, scopes, email},
        {
          kind: 'user',
          subject: 'kp_1',
          tenant: 'org_1',
          permissions: ['orders.read'],
          roles: ['admin'],
          scopes: ['openid', 'orders'],
          email: 'a@acme.example',
        },
      );
      assert.deepEqual(claims.roles, [{id: 'role_1', name: 'Administrator', key: 'admin'}], 'claims stay as sent');
    });

    it('a machine: no subject of its own, so its client id stands for it', async () => {
      const {kind, subject, tenant, scopes} = await principalOf(await kinde.machineToken());
      assert.deepEqual(
        {kind, subject, tenant, scopes},
        {kind: 'service', subject: 'robot', tenant: undefined, scopes: ['a', 'b']},
      );
    });
    it('a machine of an organisation has its tenant', async () => {
      assert.equal((await principalOf(await kinde.machineToken({org_code: 'org_2'}))).tenant, 'org_2');
    });
    it('scope stands in where scp is missing', async () => {
      assert.deepEqual((await principalOf(await kinde.machineToken({scp: undefined}))).scopes, ['a', 'b']);
    });

    const roles: [what: string, claim: unknown, keys: string[]][] = [
      ['objects', [{key: 'a'}, {key: 'b', name: 'B'}], ['a', 'b']],
      ['texts, which are no roles to their SDK', ['a', 'b'], []],
      ['an object and a text', [{key: 'a'}, 'b'], []],
      ['one without a key', [{key: 'a'}, {name: 'admin'}], []],
      ['a key that is no text', [{key: 1}], []],
      ['null', [null], []],
      ['an object', {key: 'admin'}, []],
      ['a text', 'admin', []],
      ['a list of lists', [['admin']], []],
    ];
    for (const [what, claim, keys] of roles) {
      it(`roles as ${what}: ${keys.join() || 'none'}`, async () => {
        assert.deepEqual((await principalOf(await kinde.token({roles: claim}))).roles, keys);
      });
    }

    it('half a list of permissions is none', async () => {
      assert.deepEqual((await principalOf(await kinde.token({permissions: ['read:books', 7]}))).permissions, []);
    });

    it('claims that a Hasura mapping has renamed', async () => {
      const {tenant, permissions, roles} = await principalOf(
        await kinde.token({
          org_code: undefined,
          permissions: undefined,
          'x-hasura-org-code': 'org_h',
          'x-hasura-permissions': ['h.read'],
          'x-hasura-roles': [{id: '1', name: 'H', key: 'h'}],
        }),
      );
      assert.deepEqual({tenant, permissions, roles}, {tenant: 'org_h', permissions: ['h.read'], roles: ['h']});
    });
    const sentNames = (claims: object) =>
      Object.keys(claims).filter((name) => !/^(iss|aud|azp|jti|sub|iat|exp)$/.test(name));
    const named: [what: string, sent: object, read: object][] = [
      [
        'mapped ones have their plain names too',
        {
          'x-hasura-org-code': 'org_h',
          'x-hasura-roles': [{key: 'h'}],
          'x-hasura-permissions': ['h.read'],
          'x-hasura-feature-flags': {limit: {t: 'i', v: 5}},
        },
        {
          org_code: 'org_h',
          roles: [{key: 'h'}],
          permissions: ['h.read'],
          feature_flags: {limit: {t: 'i', v: 5}},
          'x-hasura-feature-flags': {limit: {t: 'i', v: 5}},
        },
      ],
      ['a sent one stays', {feature_flags: {a: 1}, 'x-hasura-feature-flags': {b: 1}}, {feature_flags: {a: 1}}],
      ['null stays null', {feature_flags: null, 'x-hasura-feature-flags': {b: 1}}, {feature_flags: null}],
      ['others are not renamed', {'x-hasura-user-id': 'u', 'x-hasura-to-string': 'x'}, {'x-hasura-user-id': 'u'}],
    ];
    for (const [what, sent, read] of named) {
      it(`claims for headers and targeting: ${what}`, async () => {
        const bare = {org_code: undefined, permissions: undefined, scp: undefined};
        const {claims} = await principalOf(await kinde.token({...bare, ...sent}));
        for (const [name, value] of Object.entries({...sent, ...read})) assert.deepEqual(claims[name], value, name);
        assert.deepEqual(sentNames(claims).toSorted(), Object.keys({...sent, ...read}).toSorted());
      });
    }
    it('no permissions is not the same as none said: an empty list is not filled from elsewhere', async () => {
      const principal = await principalOf(await kinde.token({permissions: [], 'x-hasura-permissions': ['h.read']}));
      assert.deepEqual(principal.permissions, []);
    });

    const seconds = Math.floor(Date.now() / 1_000);
    const refused: [what: string, claims: object, settings: object, answer: string][] = [
      ['no audience, which is what Kinde writes unless asked', {aud: []}, {}, 'wrong_audience'],
      ['another audience', {aud: ['billing-api']}, {}, 'wrong_audience'],
      ['an audience without the claim', {aud: undefined}, {}, 'missing_claim'],
      ['any audience, on purpose', {aud: []}, {audience: 'any'}, 'verified'],
      ['one of several audiences', {aud: ['x', 'orders-api']}, {}, 'verified'],
      ['1,200 permissions', {permissions: Array.from({length: 1_200}, (_, i) => `permission:${i}`)}, {}, 'verified'],
      ['too long', {x: 'x'.repeat(32_768)}, {}, 'malformed_credential'],
      ['expired', {exp: seconds - 60}, {}, 'token_expired'],
      ['no end', {exp: undefined}, {}, 'missing_claim'],
      ['from the future', {iat: seconds + 600}, {}, 'token_not_yet_valid'],
      ['an issuer with a slash', {iss: 'SLASH'}, {}, 'unsupported'],
      ['another business', {iss: 'https://evil.kinde.com'}, {}, 'unsupported'],
      ['an id token', {aud: ['orders-api'], at_hash: 'x'}, {}, 'wrong_token_type'],
      ['neither subject nor client', {sub: undefined, azp: undefined}, {}, 'missing_claim'],
    ];
    for (const [what, claims, settings, answer] of refused) {
      it(`${what}: ${answer}`, async () => {
        const filled = 'iss' in claims && claims.iss === 'SLASH' ? {...claims, iss: `${kinde.domain}/`} : claims;
        assert.equal(await refusalOf(await kinde.token(filled), settings), answer);
      });
    }

    it('another algorithm, no signature, an unknown key, a changed token', async () => {
      const token = await kinde.token();
      const [header = '', claims = '', signature = ''] = token.split('.');
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      assert.equal(await refusalOf(`${none}.${claims}.`), 'bad_signature');
      const hs = Buffer.from('{"alg":"HS256","kid":"k1"}').toString('base64url');
      assert.equal(await refusalOf(`${hs}.${claims}.${signature}`), 'bad_signature');
      const more = Buffer.from(claims, 'base64url').toString().replace('"permissions":[]', '"permissions":["admin"]');
      assert.equal(
        await refusalOf(`${header}.${Buffer.from(more).toString('base64url')}.${signature}`),
        'bad_signature',
      );
      assert.equal(await refusalOf(await kinde.token({}, {}, await makeSigningKey('k1'))), 'bad_signature');
      assert.equal(await refusalOf(await kinde.token({}, {}, await makeSigningKey('other'))), 'unknown_key');
    });

    it('whatever its claims hold: a principal of texts, or a refusal, and never a bug', async () => {
      const names = [
        'org_code',
        'roles',
        'permissions',
        'scp',
        'scope',
        'gty',
        'azp',
        'email',
        'feature_flags',
        'jti',
        'auth_time',
      ];
      const claims = fc.dictionary(fc.constantFrom(...names, 'x-hasura-roles', 'x-hasura-org-code'), fc.jsonValue());
      const provider = make();
      await fc.assert(
        fc.asyncProperty(claims, async (given) => {
          const answer = await ask(provider, await kinde.token(given));
          assert.ok(typeof answer === 'object' && answer.verified);
          const {subject, tenant = '', roles, permissions, scopes} = answer.verified;
          for (const text of [subject, tenant, ...roles, ...permissions, ...scopes])
            assert.equal(typeof text, 'string');
        }),
        {numRuns: 150},
      );
    });

    it('keys by discovery, or where jwksUri says', async () => {
      const before = askedOf('openid-configuration');
      await principalOf(await kinde.token());
      assert.equal(askedOf('openid-configuration'), before + 1);
      await principalOf(await kinde.token(), {jwksUri: `${kinde.domain}/.well-known/jwks.json`});
      assert.equal(askedOf('openid-configuration'), before + 1);
    });

    it('a rotated key is found at once', async () => {
      const provider = make();
      const before = askedOf('/.well-known/jwks');
      assert.equal(outcomeOf(await ask(provider, await kinde.token())), 'verified');
      assert.equal(askedOf('/.well-known/jwks'), before + 1);
      await kinde.rotate(false);
      assert.equal(outcomeOf(await ask(provider, await kinde.token())), 'verified');
      assert.equal(askedOf('/.well-known/jwks'), before + 2);
    });

    for (const fault of outages) {
      it(`keys out of reach (${JSON.stringify(fault)}) are an outage, not a bad token`, async () => {
        kinde.faults.set('/.well-known/jwks', fault);
        await assert.rejects(ask(make(), await kinde.token()), Unavailable);
      });
    }
  });

  describe('API keys', () => {
    const apiKeys = machine;
    const user = {status: 'active', scopes: ['read:orders'], user_id: 'kp_9'} as const;

    it('of a user, of an organisation', async () => {
      kinde.keys.set('k_live_user1', user);
      kinde.keys.set('k_live_orga2', {status: 'active', scopes: ['a'], org_code: 'org_1'});
      const {claims, ...ofUser} = await principalOf('k_live_user1', {apiKeys});
      assert.deepEqual(ofUser, {
        provider: 'ki',
        kind: 'user',
        subject: 'kp_9',
        roles: [],
        permissions: [],
        scopes: ['read:orders'],
        tokenId: 'api_key_ser1',
        amr: [],
      });
      assert.ok(!Object.hasOwn(claims, 'verification_count'));
      const {kind, subject, tenant} = await principalOf('k_live_orga2', {apiKeys});
      assert.deepEqual({kind, subject, tenant}, {kind: 'service', subject: 'api_key_rga2', tenant: 'org_1'});
    });

    const refused: [value: string, status: 'inactive' | 'revoked' | undefined, answer: string][] = [
      ['k_live_inactive', 'inactive', 'inactive'],
      ['k_live_revoked', 'revoked', 'revoked'],
      ['k_live_unknown', undefined, 'inactive'],
      ['k_live_', undefined, 'unsupported'],
      [`k_live_${'x'.repeat(300)}`, undefined, 'unsupported'],
      ['k_live_a/../b', undefined, 'unsupported'],
      ['k_test_abc', undefined, 'unsupported'],
      ['K_LIVE_abc', undefined, 'unsupported'],
      ['__proto__', undefined, 'unsupported'],
    ];
    for (const [value, status, answer] of refused) {
      it(`${value.slice(0, 20)}: ${answer}`, async () => {
        if (status !== undefined) kinde.keys.set(value, {status, scopes: ['a'], user_id: 'kp_9'});
        assert.equal(await refusalOf(value, {apiKeys}), answer);
      });
    }

    it('are not accepted without the setting, and nobody is asked', async () => {
      kinde.keys.set('k_live_user1', user);
      const before = kinde.asked.length;
      assert.equal(await refusalOf('k_live_user1'), 'unsupported');
      assert.equal(kinde.asked.length, before);
    });

    it('a good key is asked about once in five minutes, however many ask at once', async () => {
      kinde.keys.set('k_live_user1', user);
      const provider = make({apiKeys});
      const before = askedOf(verifyPath);
      const answers = await Promise.all(Array.from({length: 20}, () => ask(provider, 'k_live_user1')));
      const [first] = answers;
      assert.ok(typeof first === 'object' && first.verified);
      for (const answer of answers) {
        assert.ok(typeof answer === 'object' && answer.verified === first.verified, 'the same principal');
      }
      assert.equal(askedOf(verifyPath), before + 1);
      kinde.keys.set('k_live_user1', {...user, status: 'revoked'});
      rig.forward(299_000);
      assert.deepEqual(await ask(provider, 'k_live_user1'), first);
      assert.equal(askedOf(verifyPath), before + 1);
      rig.forward(1_001);
      assert.deepEqual(await ask(provider, 'k_live_user1'), {
        rejected: 'revoked',
        detail: 'Kinde calls the API key revoked',
      });
      assert.equal(askedOf(verifyPath), before + 2);
    });

    it('a rotated secret: the new one is good at once under the same id, the old one for what is left of five minutes', async () => {
      kinde.keys.set('k_live_old_ser1', user);
      const provider = make({apiKeys});
      const idOf = async (key: string) => {
        const answer = await ask(provider, key);
        return typeof answer === 'object' && (answer.verified?.tokenId ?? answer.rejected);
      };
      assert.equal(await idOf('k_live_old_ser1'), 'api_key_ser1');
      kinde.keys.delete('k_live_old_ser1');
      kinde.keys.set('k_live_new_ser1', user);
      assert.equal(await idOf('k_live_new_ser1'), 'api_key_ser1');
      rig.forward(299_000);
      assert.equal(await idOf('k_live_old_ser1'), 'api_key_ser1');
      rig.forward(1_001);
      assert.equal(await idOf('k_live_old_ser1'), 'inactive');
    });

    it('two instances share what is known, and neither keeps it anew; what is odd there is asked about', async () => {
      const shared = new Map<string, string>();
      const [one, other] = [makeTestParts(shared), makeTestParts(shared)];
      const settings = kindeSettings.parse({type: 'kinde', name: 'ki', domain: kinde.domain, audience: 'any', apiKeys});
      const askOf = async (instance: TestParts) =>
        authenticateAs(
          makeKindeProvider(settings, instance.parts),
          {authorization: 'Bearer k_live_user1'},
          instance.now(),
        );
      try {
        kinde.keys.set('k_live_user1', user);
        const before = askedOf(verifyPath);
        const first = await askOf(one);
        for (const instance of [one, other]) instance.forward(240_000);
        assert.deepEqual(await askOf(other), first);
        assert.equal(askedOf(verifyPath), before + 1);
        assert.ok(![...shared].some((entry) => entry.join().includes('k_live_user1')), 'the key itself is not there');
        kinde.keys.set('k_live_user1', {...user, status: 'revoked'});
        for (const instance of [one, other]) instance.forward(60_001);
        assert.deepEqual(await askOf(other), {rejected: 'revoked', detail: 'Kinde calls the API key revoked'});

        const odd = ['1', '{}', '{"until": 9e15}', '{"until": 9e15, "said": {"is_valid": true, "status": "active"}}'];
        for (const text of odd) {
          for (const key of shared.keys()) shared.set(key, text);
          assert.deepEqual(await askOf(other), {rejected: 'revoked', detail: 'Kinde calls the API key revoked'}, text);
        }
      } finally {
        await one.close();
        await other.close();
      }
    });

    it('a bad key is asked about each time, so a new one works at once', async () => {
      const provider = make({apiKeys});
      assert.deepEqual(await ask(provider, 'k_live_user1'), {
        rejected: 'inactive',
        detail: 'Kinde calls the API key not valid',
      });
      kinde.keys.set('k_live_user1', user);
      const answer = await ask(provider, 'k_live_user1');
      assert.ok(typeof answer === 'object' && answer.verified);
    });

    it('with ttl: 0s every request asks', async () => {
      kinde.keys.set('k_live_user1', user);
      const provider = make({apiKeys: {...apiKeys, ttl: '0s'}});
      const before = askedOf(verifyPath);
      await ask(provider, 'k_live_user1');
      await ask(provider, 'k_live_user1');
      assert.equal(askedOf(verifyPath), before + 2);
    });

    it('one management token for all, replaced at four fifths of its life while nobody waits', async () => {
      kinde.life = 100;
      kinde.keys.set('k_live_user1', user);
      const provider = make({apiKeys: {...apiKeys, ttl: '0s'}});
      const before = askedOf(tokenPath);
      const outcome = async (key = 'k_live_user1') => outcomeOf(await ask(provider, key));
      assert.deepEqual(await Promise.all([outcome(), outcome('k_live_other')]), ['verified', 'inactive']);
      rig.forward(79_000);
      assert.equal(await outcome(), 'verified');
      assert.equal(askedOf(tokenPath), before + 1);
      rig.forward(2_000);
      kinde.faults.set(tokenPath, {status: 500});
      assert.equal(await outcome(), 'verified', 'with the old one, while its replacement is refused');
      kinde.faults.clear();
      rig.forward(6_000);
      assert.equal(await outcome(), 'verified', 'with the old one, while it is replaced');
      assert.equal(askedOf(tokenPath), before + 3, 'once refused, once replaced');
      kinde.faults.set(tokenPath, {status: 500});
      rig.forward(50_000);
      assert.equal(await outcome(), 'verified', 'with the replaced one');
    });

    it('a management token that Kinde refuses is fetched anew, once', async () => {
      kinde.keys.set('k_live_user1', user);
      const provider = make({apiKeys: {...apiKeys, ttl: '0s'}});
      await ask(provider, 'k_live_user1');
      kinde.expireManagementTokens();
      const answer = await ask(provider, 'k_live_user1');
      assert.ok(typeof answer === 'object' && answer.verified);
      kinde.faults.set(verifyPath, {status: 401, body: '{}'});
      const before = askedOf(verifyPath);
      await assert.rejects(ask(provider, 'k_live_user1'), Unavailable);
      assert.equal(askedOf(verifyPath), before + 1, 'the one before was refused a moment ago');
      rig.forward(5_000);
      await assert.rejects(ask(provider, 'k_live_user1'), Unavailable);
      assert.equal(askedOf(verifyPath), before + 3);
    });

    it('a missing scope and a wrong secret are outages that say what to do', async () => {
      kinde.keys.set('k_live_user1', user);
      kinde.scoped = false;
      await assert.rejects(ask(make({apiKeys}), 'k_live_user1'), /read:api_keys/);
      const provider = make({apiKeys: {...apiKeys, clientSecret: 'wrong-canary'}});
      const error = await ask(provider, 'k_live_user1').catch((caught) => caught);
      assert.ok(
        error instanceof Unavailable && /kinde:ki .*\/oauth2\/token answered with status 401/.test(error.message),
      );
      const health = provider.health().find(({part}) => part === 'kinde ki');
      assert.equal(health?.state, 'degraded');
      assert.match(health?.detail ?? '', /\/oauth2\/token answered with status 401/);
      assert.ok(!/canary|k_live/.test(`${error.stack} ${String(error.cause)}`));
    });

    for (const path of [tokenPath, verifyPath]) {
      for (const fault of [
        ...outages,
        {status: 200, body: '[]'},
        {status: 200, body: '{}'},
        {status: 302},
      ] as Fault[]) {
        it(`${path} with ${JSON.stringify(fault)} is an outage, and is not kept`, async () => {
          kinde.keys.set('k_live_user1', user);
          kinde.faults.set(path, fault);
          const provider = make({apiKeys});
          await assert.rejects(ask(provider, 'k_live_user1'), Unavailable);
          kinde.faults.clear();
          // For a second everybody is told that there is no token.
          if (path === tokenPath) await assert.rejects(ask(provider, 'k_live_user1'), Unavailable);
          rig.forward(1_000);
          const answer = await ask(provider, 'k_live_user1');
          assert.ok(typeof answer === 'object' && answer.verified);
        });
      }
    }

    const notKinde: [what: string, fault: Fault][] = [
      ['404, as at a domain without a management API', {status: 404, body: '{"errors": {"code": "ROUTE_NOT_FOUND"}}'}],
      ["404 with a proxy's page", {status: 404, body: '<html>nginx</html>'}],
      ["400 with a proxy's page", {status: 400, body: '<html>Bad Request</html>'}],
      ['400 with nothing', {status: 400}],
      ['400 with other JSON', {status: 400, body: '{"error": "bad_request"}'}],
      ['400 with no error', {status: 400, body: '{"errors": []}'}],
      ['400 with null', {status: 400, body: 'null'}],
    ];
    for (const [what, fault] of notKinde) {
      it(`${what}: an outage that names managementDomain, and says nothing of the key`, async () => {
        kinde.faults.set(verifyPath, fault);
        await assert.rejects(ask(make({apiKeys}), 'k_live_user1'), (error) => {
          assert.ok(error instanceof Unavailable);
          assert.match(error.message, /status 40[04].*managementDomain/);
          return true;
        });
      });
    }
    it("400 with Kinde's error is about the key: inactive", async () => {
      kinde.faults.set(verifyPath, {status: 400, body: '{"errors": [{"code": "API_KEY_INVALID", "message": "no"}]}'});
      assert.equal(await refusalOf('k_live_user1', {apiKeys}), 'inactive');
    });

    const sparse: [what: string, reply: object, scopes: string[], subject: string, tenant: string | undefined][] = [
      ['scopes null', {scopes: null}, [], 'kp_9', 'org_1'],
      ['no scopes', {scopes: undefined}, [], 'kp_9', 'org_1'],
      ['org_code empty', {org_code: ''}, ['a'], 'kp_9', undefined],
      ['no org_code', {org_code: undefined}, ['a'], 'kp_9', undefined],
      ['user_id empty', {user_id: ''}, ['a'], 'api_key_1', 'org_1'],
      ['user_id null', {user_id: null}, ['a'], 'api_key_1', 'org_1'],
    ];
    for (const [what, reply, scopes, subject, tenant] of sparse) {
      it(`${what}: there is none, from Kinde and from the cache`, async () => {
        const said = {is_valid: true, status: 'active', key_id: 'api_key_1', scopes: ['a'], org_code: 'org_1'};
        kinde.faults.set(verifyPath, {status: 200, body: JSON.stringify({...said, user_id: 'kp_9', ...reply})});
        const shared = new Map<string, string>();
        const settings = kindeSettings.parse({
          type: 'kinde',
          name: 'ki',
          domain: kinde.domain,
          audience: 'any',
          apiKeys,
        });
        for (const instance of [makeTestParts(shared), makeTestParts(shared)]) {
          const answer = await ask(makeKindeProvider(settings, instance.parts), 'k_live_user1');
          await instance.close();
          assert.ok(typeof answer === 'object' && answer.verified, JSON.stringify(answer));
          const {verified} = answer;
          assert.deepEqual([verified.scopes, verified.subject, verified.tenant], [scopes, subject, tenant]);
          assert.equal(verified.kind, subject === 'kp_9' ? 'user' : 'service');
        }
      });
    }

    describe('made for certain APIs', () => {
      const settings = {apiKeys: {...apiKeys, apis: ['api_orders', 'api_stock']}};
      const rows: [what: string, ids: string[], settings: object, answer: string][] = [
        ['one of ours', ['api_stock'], settings, 'verified'],
        ['ours among others', ['api_billing', 'api_orders'], settings, 'verified'],
        ['another one', ['api_billing'], settings, 'wrong_audience'],
        ['none', [], settings, 'wrong_audience'],
        ['one that looks like ours', ['api_orders2', 'API_ORDERS'], settings, 'wrong_audience'],
        ['another one, which nobody asks about', ['api_billing'], {apiKeys}, 'verified'],
      ];
      for (const [what, api_ids, given, answer] of rows) {
        it(`${what}: ${answer}`, async () => {
          kinde.keys.set('k_live_user1', {...user, api_ids});
          assert.equal(await refusalOf('k_live_user1', given), answer);
        });
      }

      it('asked in a second call with the first, and kept as long; one that is not active is not asked about', async () => {
        kinde.keys.set('k_live_user1', {...user, api_ids: ['api_orders']});
        const provider = make(settings);
        const before = [askedOf(verifyPath), askedOf(keyPath)] as const;
        const asked = () => [askedOf(verifyPath) - before[0], askedOf(keyPath) - before[1]];
        const answers = await Promise.all(Array.from({length: 20}, () => ask(provider, 'k_live_user1')));
        const first = answers[0];
        assert.ok(typeof first === 'object' && first.verified);
        for (const answer of answers) assert.deepEqual(answer, first);
        assert.deepEqual(first.verified.claims.api_ids, ['api_orders']);
        rig.forward(299_000);
        assert.deepEqual(await ask(provider, 'k_live_user1'), first);
        assert.deepEqual(asked(), [1, 1]);
        kinde.keys.set('k_live_user1', {...user, status: 'revoked', api_ids: ['api_orders']});
        rig.forward(1_001);
        assert.deepEqual(await ask(provider, 'k_live_user1'), {
          rejected: 'revoked',
          detail: 'Kinde calls the API key revoked',
        });
        assert.deepEqual(asked(), [2, 1]);
      });
      it('without the setting there is no second call', async () => {
        kinde.keys.set('k_live_user1', user);
        const before = askedOf(keyPath);
        await principalOf('k_live_user1', {apiKeys});
        assert.equal(askedOf(keyPath), before);
      });
      it('what an instance without the setting has learned serves none that has it', async () => {
        kinde.keys.set('k_live_user1', {...user, api_ids: ['api_billing']});
        const shared = new Map<string, string>();
        const answers: unknown[] = [];
        for (const given of [{apiKeys}, settings, {apiKeys: {...apiKeys, apis: ['api_billing']}}]) {
          const instance = makeTestParts(shared);
          const base = {type: 'kinde', name: 'ki', domain: kinde.domain, audience: 'any'};
          const answer = await ask(
            makeKindeProvider(kindeSettings.parse({...base, ...given}), instance.parts),
            'k_live_user1',
          );
          answers.push(typeof answer === 'object' && (answer.rejected ?? 'verified'));
          await instance.close();
        }
        assert.deepEqual(answers, ['verified', 'wrong_audience', 'verified']);
      });
      it('a management token that Kinde refuses in between is fetched anew', async () => {
        kinde.keys.set('k_live_user1', {...user, api_ids: ['api_orders']});
        const provider = make(settings);
        kinde.faults.set(keyPath, {status: 401, body: '{}'});
        const before = [askedOf(tokenPath), askedOf(keyPath)] as const;
        await assert.rejects(ask(provider, 'k_live_user1'), Unavailable);
        assert.deepEqual([askedOf(tokenPath) - before[0], askedOf(keyPath) - before[1]], [2, 2]);
      });

      const key = {id: 'api_key_ser1', api_ids: ['api_orders']};
      const faults: [what: string, fault: Fault][] = [
        ...outages.map((fault): [string, Fault] => [JSON.stringify(fault), fault]),
        ['a missing scope', {status: 403}],
        ['404', {status: 404, body: '{"errors": {"code": "NOT_FOUND"}}'}],
        ["400 with Kinde's error", {status: 400, body: '{"errors": [{"code": "API_KEY_INVALID"}]}'}],
        ['no envelope', {status: 200, body: JSON.stringify(key)}],
        ['no list of APIs', {status: 200, body: JSON.stringify({api_key: {...key, api_ids: undefined}})}],
        ['null for a list', {status: 200, body: JSON.stringify({api_key: {...key, api_ids: null}})}],
        ['a text for a list', {status: 200, body: JSON.stringify({api_key: {...key, api_ids: 'api_orders'}})}],
        [
          'something else in the list',
          {status: 200, body: JSON.stringify({api_key: {...key, api_ids: ['api_orders', 1]}})},
        ],
        ['another key', {status: 200, body: JSON.stringify({api_key: {...key, id: 'api_key_ser2'}})}],
      ];
      for (const [what, fault] of faults) {
        it(`a second reply with ${what} is an outage, and is not kept`, async () => {
          kinde.keys.set('k_live_user1', {...user, api_ids: ['api_orders']});
          const provider = make(settings);
          kinde.faults.set(keyPath, fault);
          await assert.rejects(ask(provider, 'k_live_user1'), Unavailable);
          kinde.faults.clear();
          const answer = await ask(provider, 'k_live_user1');
          assert.ok(typeof answer === 'object' && answer.verified);
        });
      }
      for (const id of ['..', '../users', 'a/b', 'a?b', '\ud800']) {
        it(`an id of a key that would make another address (${JSON.stringify(id)}) is an outage, and nobody is asked`, async () => {
          const said = {is_valid: true, status: 'active', key_id: id, scopes: []};
          kinde.faults.set(verifyPath, {status: 200, body: JSON.stringify(said)});
          const before = kinde.asked.length;
          await assert.rejects(ask(make(settings), 'k_live_user1'), Unavailable);
          assert.deepEqual(
            kinde.asked.slice(before).filter((line) => !/oauth2|verify/.test(line)),
            [],
          );
        });
      }
    });

    it('whatever the reply: verified by one that says so in full, scopes or none; else refused or an outage', async () => {
      const odd = fc.constantFrom<unknown>(1, 'true', 'ACTIVE', '', [], ['a', 1], {}, 'x'.repeat(257), null, undefined);
      const mostly = (...good: unknown[]) =>
        fc.oneof({arbitrary: fc.constantFrom(...good), weight: 9}, {arbitrary: odd, weight: 1});
      // Undefined is not written: such a reply lacks the field.
      const shape = fc.record({
        is_valid: mostly(true, true, false),
        status: mostly('active', 'active', 'active', 'inactive', 'revoked'),
        key_id: mostly('api_key_ser1'),
        scopes: mostly([], ['a', ''], null, undefined),
        org_code: mostly('org_1', '', null, undefined),
        user_id: mostly('kp_9', '', null, undefined),
      });
      const provider = make({apiKeys: {...apiKeys, ttl: '0s'}});
      const seen = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(
          fc.oneof({arbitrary: shape, weight: 4}, {arbitrary: fc.jsonValue(), weight: 1}),
          async (reply) => {
            kinde.faults.set(verifyPath, {status: 200, body: JSON.stringify(reply)});
            const answer = await ask(provider, 'k_live_user1').catch((error) => {
              assert.ok(error instanceof Unavailable, String(error));
              return 'outage';
            });
            const expected = meaningOf(reply);
            assert.deepEqual(typeof answer === 'object' ? (answer.verified ?? answer.rejected) : answer, expected);
            const word = typeof expected === 'string' ? expected : `verified with ${expected.scopes.length} scopes`;
            seen.set(word, (seen.get(word) ?? 0) + 1);
          },
        ),
        {numRuns: 400},
      );
      for (const word of ['verified with 0 scopes', 'verified with 2 scopes', 'inactive', 'revoked', 'outage']) {
        assert.ok((seen.get(word) ?? 0) > 0, `none was ${word}`);
      }
    });
    /** What a reply says, written down apart from the code: a principal, a refusal, or nothing that can be understood. */
    const meaningOf = (reply: unknown) => {
      const isText = (value: unknown, least: number, longest: number): value is string =>
        typeof value === 'string' && value.length >= least && value.length <= longest;
      const isNone = (value: unknown) => value === undefined || value === null;
      if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) return 'outage';
      const {
        is_valid: valid,
        status,
        key_id: id,
        scopes,
        org_code: org,
        user_id: user,
      } = reply as Record<string, unknown>;
      if (valid === false && (isNone(status) || isText(status, 0, 64))) {
        return status === 'revoked' ? 'revoked' : 'inactive';
      }
      const isWhole =
        valid === true &&
        isText(id, 1, 256) &&
        (isNone(scopes) || (Array.isArray(scopes) && scopes.every((scope) => isText(scope, 0, 256)))) &&
        [org, user].every((value) => isNone(value) || isText(value, 0, 256));
      if (!isWhole) return 'outage';
      if (status !== 'active') return status === 'inactive' || status === 'revoked' ? status : 'outage';
      return {
        provider: 'ki',
        kind: user ? 'user' : 'service',
        subject: user || id,
        ...(org ? {tenant: org} : {}),
        roles: [],
        permissions: [],
        // No scopes are an empty list of them: the key is good, and may nothing that a scope is wanted for.
        scopes: (scopes ?? []) as string[],
        claims: {
          is_valid: true,
          status,
          key_id: id,
          scopes: scopes ?? [],
          org_code: org || null,
          user_id: user || null,
        },
        tokenId: id,
        amr: [],
      };
    };
  });

  describe('settings', () => {
    const base = {type: 'kinde', name: 'ki', domain: 'https://acme.kinde.com', audience: ['a']};
    const rows: [what: string, more: object, fault: RegExp | undefined][] = [
      ['the least', {}, undefined],
      ['a slash at the end', {domain: 'https://acme.kinde.com/'}, undefined],
      ['a path', {domain: 'https://acme.kinde.com/api'}, /domain .*path/],
      ['no scheme', {domain: 'acme.kinde.com'}, /domain .*URL/],
      ['plain http', {domain: 'http://acme.kinde.com'}, /domain .*http:/],
      ['no audience', {audience: undefined}, /audience/],
      ['a secret missing', {apiKeys: {clientId: 'x'}}, /apiKeys.clientSecret/],
      ['APIs, and none named', {apiKeys: {...machine, apis: []}}, /apiKeys.apis .*empty list/],
      ['a key that lives for a day', {apiKeys: {...machine, ttl: '24h'}}, /ttl .*1h/],
      ['an unknown key', {apikeys: {}}, /apikeys/],
    ];
    for (const [what, more, fault] of rows) {
      it(`${what}: ${fault === undefined ? 'good' : 'refused'}`, () => {
        const read = kindeSettings.safeParse({...base, ...more});
        const told = (read.error?.issues ?? []).map(({path, message}) => `${path.join('.')} ${message}`).join('; ');
        if (fault === undefined) assert.equal(read.data?.domain, 'https://acme.kinde.com', told);
        else assert.match(told, fault);
      });
    }
  });
});
