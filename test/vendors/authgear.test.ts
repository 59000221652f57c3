// Authgear: tokens verified here, sessions by its resolver; what is refused, what is sent where, and what outages do.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {Unavailable} from '../../src/core/unavailable.ts';
import type {Authentication, Provider} from '../../src/providers/provider.ts';
import {makeAuthgearProvider} from '../../src/vendors/authgear/provider.ts';
import {authgearSettings} from '../../src/vendors/authgear/settings.ts';
import {type Authgear, authgearPrefix, resolverPath, startAuthgear} from '../support/vendors/authgear.ts';
import {type Fault, outages} from '../support/vendors/faults.ts';
import {authenticateAs, makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey} from '../support/vendors/signing.ts';

const opaque = 'abcdefghijklmnopqrstuvwxyz012345';
const seconds = Math.floor(Date.now() / 1_000);

describe('authgear', () => {
  let authgear: Authgear;
  let rig: TestParts;
  before(async () => {
    authgear = await startAuthgear('my_');
  });
  beforeEach(() => {
    rig = makeTestParts();
  });
  afterEach(async () => {
    authgear.faults.clear();
    authgear.sessions.clear();
    authgear.resolved.length = 0;
    await rig.close();
  });
  after(() => authgear.close());

  const make = (settings: object = {}): Provider =>
    makeAuthgearProvider(
      authgearSettings.parse({
        type: 'authgear',
        name: 'ag',
        endpoint: authgear.endpoint,
        cookiePrefix: 'my_',
        ...settings,
      }),
      rig.parts,
    );
  const bearer = (token: string) => ({authorization: `Bearer ${token}`});
  const ask = (provider: Provider, headers: Record<string, string>) => authenticateAs(provider, headers, rig.now());
  const answerOf = async (provider: Provider, headers: Record<string, string>) => {
    const answer = await ask(provider, headers);
    return typeof answer === 'string' ? answer : (answer.rejected ?? answer.verified?.subject);
  };
  const principalOf = async (provider: Provider, headers: Record<string, string>) => {
    const answer = await ask(provider, headers);
    assert.ok(typeof answer === 'object' && answer.verified, JSON.stringify(answer));
    return answer.verified;
  };

  describe('tokens', () => {
    it('a user: roles, scopes, how it signed in, user flags as permissions', async () => {
      const principal = await principalOf(
        make(),
        bearer(await authgear.token({[`${authgearPrefix}/roles`]: ['admin', 'staff'], auth_time: seconds - 60})),
      );
      const {kind, subject, roles, scopes, amr, authTime, permissions} = principal;
      assert.deepEqual(
        {kind, subject, roles, scopes, amr, authTime, permissions},
        {
          kind: 'user',
          subject: 'user-1',
          roles: ['admin', 'staff'],
          scopes: ['openid', 'offline_access'],
          amr: ['pwd', 'otp', 'mfa'],
          authTime: seconds - 60,
          permissions: ['user.identified', 'user.verified', 'user.can_reauthenticate'],
        },
      );
      assert.deepEqual(principal.claims['x-authgear'], {
        'session-valid': true,
        'user-id': 'user-1',
        'user-anonymous': false,
        'user-verified': true,
        'user-can-reauthenticate': true,
        'user-roles': ['admin', 'staff'],
        'session-amr': 'pwd otp mfa',
        'session-authenticated-at': seconds - 60,
      });
    });

    const flags: [claims: object, permissions: string[]][] = [
      [{is_anonymous: true, is_verified: false, can_reauthenticate: false}, ['user.anonymous']],
      [{is_anonymous: 'false', is_verified: 'true', can_reauthenticate: 1}, []],
      [{is_anonymous: undefined, is_verified: undefined, can_reauthenticate: undefined}, []],
    ];
    for (const [claims, permissions] of flags) {
      it(`flags ${JSON.stringify(claims)}: ${permissions.join() || 'none'}`, async () => {
        const named = Object.fromEntries(
          Object.entries(claims).map(([key, value]) => [`${authgearPrefix}/${key}`, value]),
        );
        assert.deepEqual((await principalOf(make(), bearer(await authgear.token(named)))).permissions, permissions);
      });
    }

    it('fields that a hook has added: tenant and permissions, beside the flags', async () => {
      const token = await authgear.token({org: {id: 't1'}, perms: ['orders.read']});
      const {tenant, permissions} = await principalOf(
        make({claims: {tenant: 'org.id', permissions: 'perms'}}),
        bearer(token),
      );
      assert.equal(tenant, 't1');
      assert.deepEqual(permissions.slice(0, 2), ['orders.read', 'user.identified']);
      assert.equal((await principalOf(make(), bearer(token))).permissions.includes('orders.read'), false);
    });

    it('a machine is a service, and has no words for the headers of a user', async () => {
      const provider = make({audience: ['https://orders.example']});
      const {kind, subject, scopes, permissions, claims} = await principalOf(
        provider,
        bearer(await authgear.machineToken()),
      );
      assert.deepEqual(
        {kind, subject, scopes, permissions},
        {kind: 'service', subject: 'client_id_robot', scopes: ['a', 'b'], permissions: []},
      );
      assert.equal(claims['x-authgear'], undefined);
      assert.equal(await answerOf(make(), bearer(await authgear.machineToken())), 'wrong_audience');
      const odd = await authgear.machineToken({'x-authgear': {'user-id': 'root', 'session-valid': true}});
      const itsClaims = (await principalOf(provider, bearer(odd))).claims;
      assert.equal(itsClaims['x-authgear'], undefined, 'no word of a session, whoever put it there');
    });

    const refused: [what: string, token: () => Promise<string>, answer: string][] = [
      ['an id token', () => authgear.idToken(), 'wrong_token_type'],
      ['an id token that says it is an access token', () => authgear.token({aud: ['spa']}), 'wrong_audience'],
      ['a token of type JWT', () => authgear.token({}, {typ: 'JWT'}), 'wrong_token_type'],
      ['a token without a type', () => authgear.token({}, {typ: undefined}), 'wrong_token_type'],
      ['expired', () => authgear.token({exp: seconds - 10}), 'token_expired'],
      ['another project', () => authgear.token({iss: 'https://other.authgear.cloud'}), 'unsupported'],
      ['another key', async () => authgear.token({}, {}, await makeSigningKey('k1')), 'bad_signature'],
      ['an opaque token', async () => opaque, 'unsupported'],
    ];
    for (const [what, token, answer] of refused) {
      it(`${what}: ${answer}`, async () => {
        authgear.sessions.set(opaque, {userId: 'u'});
        assert.equal(await answerOf(make(), bearer(await token())), answer);
        assert.equal(authgear.resolved.length, 0, 'the resolver is not asked');
      });
    }
    it('whatever its claims hold: a principal of texts, and never a bug', async () => {
      const flags = ['is_anonymous', 'is_verified', 'can_reauthenticate', 'roles'].map(
        (name) => `${authgearPrefix}/${name}`,
      );
      const claims = fc.dictionary(
        fc.constantFrom(...flags, 'amr', 'auth_time', 'scope', 'client_id', 'x-authgear'),
        fc.jsonValue(),
      );
      const provider = make();
      await fc.assert(
        fc.asyncProperty(claims, async (given) => {
          const {roles, permissions, scopes, amr} = await principalOf(provider, bearer(await authgear.token(given)));
          for (const text of [...roles, ...permissions, ...scopes, ...amr]) assert.equal(typeof text, 'string');
        }),
        {numRuns: 150},
      );
    });

    it('cookies are not looked at', async () => {
      assert.equal(await answerOf(make(), {cookie: 'my_session=x'}), 'nothing');
    });
    for (const fault of outages) {
      it(`keys out of reach (${JSON.stringify(fault)}) are an outage`, async () => {
        authgear.faults.set('/oauth2/jwks', fault);
        await assert.rejects(ask(make(), bearer(await authgear.token())), Unavailable);
      });
    }
  });

  describe('the resolver', () => {
    const session = {
      userId: 'user-1',
      roles: ['admin', 'staff'],
      amr: ['pwd', 'mfa'],
      authenticatedAt: seconds - 60,
    };
    const resolver = () => make({mode: 'resolver'});

    it('says the same as a token of the same session', async () => {
      authgear.sessions.set('s1', session);
      const behind = await principalOf(resolver(), {cookie: 'my_session=s1'});
      const ofToken = await principalOf(
        make(),
        bearer(
          await authgear.token({
            [`${authgearPrefix}/roles`]: session.roles,
            amr: session.amr,
            auth_time: session.authenticatedAt,
          }),
        ),
      );
      for (const field of ['kind', 'subject', 'roles', 'permissions', 'amr', 'authTime'] as const) {
        assert.deepEqual(behind[field], ofToken[field], field);
      }
      assert.deepEqual(behind.claims['x-authgear'], ofToken.claims['x-authgear']);
      assert.equal(behind.issuedAt, session.authenticatedAt, 'a revocation ends it, and not the next sign-in');
    });

    it('a session without roles, methods and moment', async () => {
      authgear.sessions.set('s1', {userId: 'u1'});
      const {roles, amr, authTime, issuedAt} = await principalOf(resolver(), {cookie: 'my_session=s1'});
      assert.deepEqual(
        {roles, amr, authTime, issuedAt},
        {roles: [], amr: [], authTime: undefined, issuedAt: undefined},
      );
    });

    const order: [what: string, headers: Record<string, string>, answer: string, sent: object][] = [
      ['a bearer', {authorization: `Bearer ${opaque}`}, 'of-bearer', {authorization: `Bearer ${opaque}`}],
      [
        'bearer before cookies',
        {authorization: `Bearer ${opaque}`, cookie: 'my_session=s'},
        'of-bearer',
        {authorization: `Bearer ${opaque}`, cookie: 'my_session=s'},
      ],
      [
        'app session before the others',
        {cookie: 'my_session=s; my_app_access_token=t; my_app_session=a'},
        'of-a',
        {cookie: 'my_app_session=a; my_app_access_token=t; my_session=s'},
      ],
      [
        'app token before the session',
        {cookie: 'my_session=s; my_app_access_token=t'},
        'of-t',
        {cookie: 'my_app_access_token=t; my_session=s'},
      ],
      ['the session', {cookie: 'other=1; my_session=s; more=2'}, 'of-s', {cookie: 'my_session=s'}],
      ['a bad app session beside a good session', {cookie: 'my_app_session=x; my_session=s'}, 'of-s', {}],
      [
        'a bearer that is over beside a good session',
        {authorization: `Bearer ${'0'.repeat(32)}`, cookie: 'my_session=s'},
        'of-s',
        {},
      ],
      ['a bad app session alone', {cookie: 'my_app_session=x'}, 'session_invalid', {}],
      [
        'a session that stands there twice beside an app session',
        {cookie: 'my_app_session=a; my_session=s; my_session=t'},
        'of-a',
        {cookie: 'my_app_session=a'},
      ],
      ['no prefix', {cookie: 'session=s'}, 'nothing', {}],
      [
        'the same cookie twice with one value',
        {cookie: 'my_session=s; my_session=s'},
        'of-s',
        {cookie: 'my_session=s'},
      ],
      ['one cookie with two values', {cookie: 'my_session=s; my_session=t'}, 'duplicate', {}],
      [
        'another scheme beside a session',
        {authorization: 'Basic eDp5', cookie: 'my_session=s'},
        'of-s',
        {authorization: undefined},
      ],
      ['a value that is no cookie value', {cookie: 'my_session=a b'}, 'unsupported', {}],
      ['a value that would be two', {cookie: 'my_session="s,t"'}, 'duplicate', {}],
      ['a long value', {cookie: `my_session=${'x'.repeat(5_000)}`}, 'unsupported', {}],
    ];
    for (const [what, headers, answer, sent] of order) {
      it(`${what}: ${answer}`, async () => {
        authgear.sessions.set(opaque, {userId: 'of-bearer'});
        for (const value of ['a', 't', 's']) authgear.sessions.set(value, {userId: `of-${value}`});
        assert.equal(await answerOf(resolver(), headers), answer);
        assert.equal(authgear.resolved.length, ['nothing', 'duplicate', 'unsupported'].includes(answer) ? 0 : 1);
        for (const [name, value] of Object.entries(sent)) assert.equal(authgear.resolved[0]?.[name], value, name);
      });
    }

    it('is told the host of the project, and whose browser it is, and nothing else of the request', async () => {
      authgear.sessions.set('s', {userId: 'u'});
      await ask(resolver(), {
        cookie: 'my_session=s; canary=1',
        host: 'evil.example',
        'user-agent': 'Firefox',
        'x-forwarded-for': '203.0.113.9',
        'x-api-key': 'canary',
        'x-authgear-user-id': 'root',
      });
      const sent = authgear.resolved[0];
      assert.equal(sent?.host, new URL(authgear.endpoint).host);
      assert.equal(sent?.['user-agent'], 'Firefox');
      assert.equal(sent?.['x-forwarded-for'], '203.0.113.9');
      assert.ok(!/canary|root|evil/.test(JSON.stringify(sent)));
    });

    it('a token of somebody else goes nowhere; one of its own is asked about, in this mode', async () => {
      const foreign = await authgear.token({iss: 'https://other.example'});
      assert.equal(await answerOf(resolver(), bearer(foreign)), 'unsupported');
      for (const mode of ['resolver', 'both'])
        for (const name of ['app_access_token', 'app_session', 'session'])
          assert.equal(
            await answerOf(make({mode}), {cookie: `my_${name}=${foreign}`}),
            'unsupported',
            `${mode} ${name}`,
          );
      assert.equal(await answerOf(resolver(), bearer('some-other-api-key')), 'unsupported');
      assert.equal(authgear.resolved.length, 0);
      const own = await authgear.token();
      authgear.sessions.set(own, {userId: 'user-1'});
      assert.equal(await answerOf(resolver(), bearer(own)), 'user-1');
      authgear.sessions.delete(own);
      rig.forward(10_001);
      assert.equal(await answerOf(resolver(), bearer(own)), 'session_invalid');
    });

    it('absent and false are both no session; what it sets goes to the client', async () => {
      const said = async (headers: Record<string, string>) => {
        const {rejected, setCookies} = (await ask(resolver(), headers)) as Authentication;
        return {rejected, setCookies};
      };
      assert.deepEqual(await said(bearer(opaque)), {rejected: 'session_invalid', setCookies: []});
      assert.deepEqual(await said({cookie: 'my_session=gone'}), {
        rejected: 'session_invalid',
        setCookies: ['my_session=; Max-Age=0; Path=/'],
      });
      authgear.sessions.set('s', {userId: 'u', disabled: true, setCookies: ['a=1', 'b=2; HttpOnly']});
      assert.deepEqual(await said({cookie: 'my_session=s'}), {
        rejected: 'session_invalid',
        setCookies: ['a=1', 'b=2; HttpOnly'],
      });
      authgear.sessions.set('s', {userId: 'u', setCookies: ['a=1']});
      const answer = await ask(resolver(), {cookie: 'my_session=s'});
      assert.deepEqual(typeof answer === 'object' && answer.setCookies, ['a=1']);
    });

    it('a good session is asked about once in its time, however many ask; a disabled user is out then', async () => {
      authgear.sessions.set('s', {userId: 'u'});
      const provider = make({mode: 'resolver', resolver: {ttl: '5s'}});
      const answers = await Promise.all(Array.from({length: 20}, () => ask(provider, {cookie: 'my_session=s'})));
      assert.equal(new Set(answers.map((answer) => typeof answer === 'object' && answer.verified)).size, 1);
      authgear.sessions.set('s', {userId: 'u', disabled: true});
      rig.forward(4_900);
      assert.equal(await answerOf(provider, {cookie: 'my_session=s'}), 'u');
      assert.equal(authgear.resolved.length, 1);
      rig.forward(101);
      assert.equal(await answerOf(provider, {cookie: 'my_session=s'}), 'session_invalid');
      authgear.sessions.set('s', {userId: 'u'});
      assert.equal(await answerOf(provider, {cookie: 'my_session=s'}), 'u', 'no session is never kept');
    });

    it('two instances share what is known, and neither keeps it anew; what is odd there is asked about', async () => {
      const shared = new Map<string, string>();
      const [one, other] = [makeTestParts(shared), makeTestParts(shared)];
      const settings = authgearSettings.parse({
        type: 'authgear',
        name: 'ag',
        endpoint: authgear.endpoint,
        mode: 'resolver',
        cookiePrefix: 'my_',
      });
      const askOf = (instance: TestParts) =>
        authenticateAs(makeAuthgearProvider(settings, instance.parts), {cookie: 'my_session=s-canary'}, instance.now());
      try {
        authgear.sessions.set('s-canary', {userId: 'u'});
        const first = await askOf(one);
        for (const instance of [one, other]) instance.forward(8_000);
        const verified = (answer: typeof first) => (answer as Authentication).verified;
        assert.ok(verified(first));
        assert.deepEqual(verified(await askOf(other)), verified(first));
        assert.equal(authgear.resolved.length, 1);
        assert.ok(!JSON.stringify([...shared]).includes('canary'), 'the cookie itself is not there');
        authgear.sessions.delete('s-canary');
        for (const instance of [one, other]) instance.forward(2_001);
        const answer = await askOf(other);
        assert.equal(typeof answer === 'object' && answer.rejected, 'session_invalid');

        const odd = [
          '1',
          '{}',
          '{"until": 9e15, "session": {}, "setCookies": []}',
          '{"until": 9e15, "session": {"sub": "root"}}',
          `{"until": ${other.now() + 5_000}, "answer": {"session": {"sub": "root"}, "setCookies": []}}`,
        ];
        for (const text of odd) {
          for (const key of shared.keys()) shared.set(key, text);
          const again = await askOf(other);
          assert.equal(typeof again === 'object' && again.rejected, 'session_invalid', text);
        }
      } finally {
        await one.close();
        await other.close();
      }
    });

    it('what is kept is kept by place, value and settings', async () => {
      authgear.sessions.set(opaque, {userId: 'u'});
      const provider = resolver();
      for (const headers of [
        bearer(opaque),
        {cookie: `my_app_session=${opaque}`},
        {cookie: `my_app_access_token=${opaque}`},
        {cookie: `my_session=${opaque}`},
      ]) {
        await ask(provider, headers);
      }
      assert.equal(authgear.resolved.length, 4);
      await ask(make({mode: 'resolver', resolver: {ttl: '20s'}}), bearer(opaque));
      assert.equal(authgear.resolved.length, 5);
    });
    it('a session that sets cookies is not kept, and with ttl 0s none is', async () => {
      authgear.sessions.set('s', {userId: 'u', setCookies: ['a=1']});
      const provider = resolver();
      await ask(provider, {cookie: 'my_session=s'});
      await ask(provider, {cookie: 'my_session=s'});
      assert.equal(authgear.resolved.length, 2);
      authgear.sessions.set('s', {userId: 'u'});
      const keepsNone = make({mode: 'resolver', resolver: {ttl: '0s'}});
      await ask(keepsNone, {cookie: 'my_session=s'});
      await ask(keepsNone, {cookie: 'my_session=s'});
      assert.equal(authgear.resolved.length, 4);
    });

    const valid = {'x-authgear-session-valid': 'true', 'x-authgear-user-id': 'u'};
    const said = (headers: Record<string, string | string[]>): Fault => ({status: 200, headers});
    const odd: Fault[] = [
      {status: 500},
      {status: 503},
      {status: 404},
      {status: 401},
      {status: 204, headers: valid},
      {status: 302, headers: {location: 'http://127.0.0.1:1/', ...valid}},
      'cut',
      said({'x-authgear-session-valid': 'TRUE', 'x-authgear-user-id': 'u'}),
      said({'x-authgear-session-valid': '', 'x-authgear-user-id': 'u'}),
      said({'x-authgear-session-valid': ['true', 'false'], 'x-authgear-user-id': 'u'}),
      said({'x-authgear-session-valid': 'true'}),
      said({'x-authgear-session-valid': 'true', 'x-authgear-user-id': ''}),
      said({'x-authgear-session-valid': 'true', 'x-authgear-user-id': ['u', 'v']}),
      said({...valid, 'x-authgear-user-anonymous': 'yes'}),
      said({...valid, 'x-authgear-user-verified': '1'}),
      said({...valid, 'x-authgear-user-roles': ['a', 'b']}),
      said({...valid, 'x-authgear-session-authenticated-at': '-1'}),
      said({...valid, 'x-authgear-session-authenticated-at': 'yesterday'}),
    ];
    for (const fault of odd) {
      it(`${JSON.stringify(fault).slice(0, 150)} is an outage`, async () => {
        authgear.faults.set(resolverPath, fault);
        await assert.rejects(ask(resolver(), {cookie: 'my_session=s'}), Unavailable);
      });
    }
    for (const fault of [
      'html',
      {status: 200, body: '{"error":"upstream connect error"}'},
      {status: 200, headers: valid, body: 'x'},
    ] as const) {
      it(`a page of something else is an outage, whatever its headers say: ${JSON.stringify(fault)}`, async () => {
        authgear.faults.set(resolverPath, fault);
        await assert.rejects(ask(resolver(), {cookie: 'my_session=s'}), Unavailable);
      });
    }
    it('an unknown host is an outage that says so', async () => {
      const provider = make({
        mode: 'resolver',
        endpoint: 'https://id.other.example',
        resolver: {url: `${authgear.endpoint}${resolverPath}`},
      });
      authgear.sessions.set('s', {userId: 'u'});
      await assert.rejects(ask(provider, {cookie: 'my_session=s'}), /does Authgear know the host id\.other\.example/);
    });

    it('whatever the headers: a session only where all say so, else none or an outage', async () => {
      const value = fc.constantFrom('true', 'false', '', 'True', 'u1', '1700000000', 'a,b', 'a b', '\u00ff');
      const names = [
        'session-valid',
        'user-id',
        'user-anonymous',
        'user-verified',
        'user-roles',
        'session-amr',
        'session-authenticated-at',
      ];
      const headers = fc.dictionary(fc.constantFrom(...names.map((name) => `x-authgear-${name}`)), value);
      const provider = make({mode: 'resolver', resolver: {ttl: '0s'}});
      await fc.assert(
        fc.asyncProperty(headers, async (given) => {
          authgear.faults.set(resolverPath, said(given));
          const answer = await answerOf(provider, {cookie: 'my_session=s'}).catch((error) => {
            assert.ok(error instanceof Unavailable, String(error));
            return 'an outage';
          });
          const valid = given['x-authgear-session-valid'];
          if (valid === undefined || valid === 'false') return assert.equal(answer, 'session_invalid');
          if (answer === 'an outage') return;
          assert.equal(valid, 'true');
          assert.equal(given['x-authgear-user-id'], answer);
        }),
        {numRuns: 200},
      );
    });
  });

  describe('both', () => {
    it('verifies its JWTs here, in the header and in the token cookie, and asks about all else', async () => {
      const provider = make({mode: 'both'});
      const token = await authgear.token();
      assert.equal(await answerOf(provider, bearer(token)), 'user-1');
      assert.equal(await answerOf(provider, {cookie: `my_app_access_token=${token}`}), 'user-1');
      assert.equal(await answerOf(provider, bearer(await authgear.idToken())), 'wrong_token_type');
      assert.equal(authgear.resolved.length, 0);
      authgear.sessions.set(opaque, {userId: 'behind'});
      assert.equal(await answerOf(provider, bearer(opaque)), 'behind');
      assert.equal(await answerOf(provider, {cookie: `my_session=${opaque}`}), 'behind');
      assert.equal(
        await answerOf(provider, {cookie: `my_session=${token}`}),
        'session_invalid',
        'a token is no session',
      );
      assert.equal(authgear.resolved.length, 3);
    });
    it('a token that has run out in its cookie leaves the word to the session beside it; in a header it does not', async () => {
      const provider = make({mode: 'both'});
      const over = await authgear.token({exp: Math.floor(Date.now() / 1_000) - 10});
      authgear.sessions.set('s', {userId: 'behind'});
      assert.equal(await answerOf(provider, {cookie: `my_app_access_token=${over}; my_session=s`}), 'behind');
      assert.equal(
        await answerOf(provider, {cookie: `my_app_access_token=${over}; my_session=gone`}),
        'session_invalid',
      );
      assert.equal(authgear.resolved.length, 2);
      assert.equal(await answerOf(provider, {cookie: `my_app_access_token=${over}`}), 'token_expired');
      assert.equal(await answerOf(provider, {...bearer(over), cookie: 'my_session=s'}), 'token_expired');
      const idToken = await authgear.idToken();
      const beside = {cookie: `my_app_access_token=${idToken}; my_session=s`};
      assert.equal(await answerOf(provider, beside), 'wrong_token_type', 'only time is forgiven');
      assert.equal(authgear.resolved.length, 2);
    });
    it('says where its cookies stand, so that none of them reaches an upstream that shall not have them', async () => {
      authgear.sessions.set('s', {userId: 'u'});
      const answer = await ask(make({mode: 'both'}), {cookie: 'my_app_session=x; other=1; my_session=s'});
      const {place} = answer as Authentication;
      assert.deepEqual([place?.name, place?.pieces], ['my_app_session', ['my_app_session', 'my_session']]);
    });
    it('keys out of reach do not hurt sessions, nor the resolver tokens', async () => {
      const provider = make({mode: 'both'});
      authgear.faults.set('/oauth2/jwks', {status: 500});
      authgear.sessions.set('s', {userId: 'u'});
      assert.equal(await answerOf(provider, {cookie: 'my_session=s'}), 'u');
      const other = make({mode: 'both'});
      authgear.faults.clear();
      authgear.faults.set(resolverPath, {status: 500});
      assert.equal(await answerOf(other, bearer(await authgear.token())), 'user-1');
    });
  });

  describe('settings', () => {
    const base = {type: 'authgear', name: 'ag', endpoint: 'https://id.acme.example'};
    const rows: [what: string, more: object, fault: RegExp | undefined][] = [
      ['the least', {}, undefined],
      ['a slash at the end', {endpoint: 'https://id.acme.example/'}, undefined],
      [
        'a resolver in the cluster, on purpose',
        {mode: 'both', resolver: {url: 'http://authgear:3002/resolve', insecure: true}},
        undefined,
      ],
      ['the same without saying so', {resolver: {url: 'http://authgear:3002/resolve'}}, /resolver.url .*http:/],
      ['a path', {endpoint: 'https://id.acme.example/x'}, /endpoint .*path/],
      ['plain http', {endpoint: 'http://id.acme.example'}, /endpoint .*http:/],
      ['an unknown mode', {mode: 'cookie'}, /mode/],
      ['a prefix with a space', {cookiePrefix: 'a b'}, /cookiePrefix/],
      ['a session kept for a day', {resolver: {ttl: '24h'}}, /resolver.ttl .*10m/],
    ];
    for (const [what, more, fault] of rows) {
      it(`${what}: ${fault === undefined ? 'good' : 'refused'}`, () => {
        const read = authgearSettings.safeParse({...base, ...more});
        const told = (read.error?.issues ?? []).map(({path, message}) => `${path.join('.')} ${message}`).join('; ');
        if (fault === undefined) assert.equal(read.data?.endpoint, 'https://id.acme.example', told);
        else assert.match(told, fault);
      });
    }
  });
});
