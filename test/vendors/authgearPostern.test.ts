// Authgear through the real program, and behind Envoy: sessions, what upstreams are told, and Set-Cookie for the client.
import assert from 'node:assert/strict';
import {type CheckClient, type CheckResponse, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Echo, startEcho, valuesOf} from '../support/echo.ts';
import {type Envoy, startEnvoy} from '../support/envoy.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {askPort} from '../support/stage.ts';
import {type Authgear, authgearPrefix, resolverPath, startAuthgear} from '../support/vendors/authgear.ts';

const word = (name: string) => `claims.x-authgear.${name}`;
/** All that the nginx integration passes on, but the session's ACR, which Authgear no longer sends. */
const identity = {
  'x-authgear-session-valid': word('session-valid'),
  'x-authgear-user-id': word('user-id'),
  'x-authgear-user-anonymous': word('user-anonymous'),
  'x-authgear-user-verified': word('user-verified'),
  'x-authgear-user-can-reauthenticate': word('user-can-reauthenticate'),
  'x-authgear-user-roles': word('user-roles'),
  'x-authgear-session-amr': word('session-amr'),
  'x-authgear-session-authenticated-at': word('session-authenticated-at'),
};
const rules = [
  {name: 'open', match: {path: '/open'}, public: true},
  {name: 'admin', match: {path: '/admin'}, require: {roles: ['admin']}},
  {name: 'known', match: {path: '/known'}, require: {permissions: ['user.identified']}},
  {name: 'all', match: {path: '/**'}, require: {}},
];
const signedIn = 1_795_000_000;

const reasonOf = ({deniedResponse, errorResponse, okResponse}: CheckResponse): string =>
  okResponse === undefined ? JSON.parse((deniedResponse ?? errorResponse)?.body ?? '{}').code : 'allow';

describe('authgear through Postern', () => {
  let authgear: Authgear;
  let postern: Postern;
  let client: CheckClient;
  let echo: Echo;
  let envoy: Envoy;
  before(async () => {
    authgear = await startAuthgear();
    postern = await startPostern({
      providers: [{name: 'ag', type: 'authgear', endpoint: authgear.endpoint, mode: 'both', resolver: {ttl: '1s'}}],
      rules,
      responses: {identity},
    });
    client = makeCheckClient(postern.address);
    echo = await startEcho();
    envoy = await startEnvoy({checkAddress: postern.address, upstream: echo});
    authgear.sessions.set('s1', {
      userId: 'u1',
      roles: ['admin', 'staff'],
      amr: ['pwd', 'mfa'],
      authenticatedAt: signedIn,
    });
    authgear.sessions.set('anon', {userId: 'u2', anonymous: true, verified: false});
    authgear.sessions.set('off', {
      userId: 'u3',
      disabled: true,
      setCookies: ['session=; Max-Age=0', 'sso=; Max-Age=0'],
    });
    authgear.sessions.set('new', {userId: 'u4', roles: [], setCookies: ['session=renewed; HttpOnly']});
  });
  afterEach(() => authgear.faults.clear());
  after(async () => {
    client?.close();
    await envoy?.stop();
    await echo?.stop();
    await postern?.stop();
    await authgear?.close();
  });

  const check = (path: string, headers: readonly (readonly [string, string])[]) =>
    client.check(checkRequestOf({path, headers}));
  const rows: [what: string, path: string, headers: () => Promise<[string, string]>, answer: string][] = [
    ['a token', '/', async () => ['authorization', `Bearer ${await authgear.token()}`], 'allow'],
    ['an id token', '/', async () => ['authorization', `Bearer ${await authgear.idToken()}`], 'wrong_token_type'],
    ['a session', '/admin', async () => ['cookie', 'session=s1'], 'allow'],
    ['a session without the role', '/admin', async () => ['cookie', 'session=anon'], 'missing_role'],
    ['an anonymous user', '/', async () => ['cookie', 'session=anon'], 'allow'],
    [
      'an anonymous user where one must be known',
      '/known',
      async () => ['cookie', 'session=anon'],
      'missing_permission',
    ],
    ['a disabled user', '/', async () => ['cookie', 'session=off'], 'session_invalid'],
    ['no session', '/', async () => ['cookie', 'session=gone'], 'session_invalid'],
    ['nothing', '/', async () => ['cookie', 'other=1'], 'no_credential'],
  ];
  for (const [what, path, headers, answer] of rows) {
    it(`${what} at ${path}: ${answer}`, async () => {
      assert.equal(reasonOf(await check(path, [await headers()])), answer);
    });
  }
  it('a resolver that fails is an error, not a refusal', async () => {
    authgear.faults.set(resolverPath, {status: 500});
    const answer = await check('/', [['cookie', 'session=other']]);
    assert.equal(answer.errorResponse?.status?.code, 'ServiceUnavailable');
    assert.equal(reasonOf(answer), 'unavailable');
  });

  describe('behind Envoy', () => {
    const forged: readonly (readonly [string, string])[] = [
      ['x-authgear-user-id', 'root'],
      ['X_Authgear_User_Id', 'root'],
      ['x-authgear-session-acr', 'forged'],
      ['x-authgear-anything-else', 'forged'],
    ];
    const told = (answer: {json(): {headers: [string, string][]}}) =>
      Object.fromEntries(answer.json().headers.filter(([name]) => /authgear/.test(name)));

    it('the service is told what the nginx integration tells it, from a session and from a token alike', async () => {
      const expected = {
        'x-authgear-session-valid': 'true',
        'x-authgear-user-id': 'u1',
        'x-authgear-user-anonymous': 'false',
        'x-authgear-user-verified': 'true',
        'x-authgear-user-can-reauthenticate': 'true',
        'x-authgear-user-roles': 'admin,staff',
        'x-authgear-session-amr': 'pwd mfa',
        'x-authgear-session-authenticated-at': String(signedIn),
      };
      const behind = await askPort(envoy.port, {path: '/', headers: [['cookie', 'session=s1'], ...forged]});
      assert.deepEqual(told(behind), expected);
      const token = await authgear.token({
        sub: 'u1',
        amr: ['pwd', 'mfa'],
        auth_time: signedIn,
        [`${authgearPrefix}/roles`]: ['admin', 'staff'],
      });
      assert.deepEqual(told(await askPort(envoy.port, {path: '/', token, headers: forged})), expected);
    });
    it('forged ones never reach it, on public rules either', async () => {
      assert.deepEqual(told(await askPort(envoy.port, {path: '/open', headers: forged})), {});
    });
    it('what the resolver sets reaches the client on allow and on deny, line by line', async () => {
      const allowed = await askPort(envoy.port, {path: '/', headers: [['cookie', 'session=new']]});
      assert.equal(allowed.status, 200);
      assert.deepEqual(allowed.all('set-cookie'), ['session=renewed; HttpOnly']);
      const denied = await askPort(envoy.port, {path: '/admin', headers: [['cookie', 'session=new']]});
      assert.equal(denied.status, 403);
      assert.deepEqual(denied.all('set-cookie'), ['session=renewed; HttpOnly']);
      const over = await askPort(envoy.port, {path: '/', headers: [['cookie', 'session=off']]});
      assert.equal(over.status, 401);
      assert.deepEqual(over.all('set-cookie'), ['session=; Max-Age=0', 'sso=; Max-Age=0']);
    });
  });

  it('inbound headers are removed although nothing is mapped', async () => {
    const bare = await startPostern({
      providers: [{name: 'ag', type: 'authgear', endpoint: authgear.endpoint}],
      rules,
    });
    const another = await startEnvoy({checkAddress: bare.address, upstream: echo});
    try {
      const headers: [string, string][] = [
        ['x-authgear-user-id', 'root'],
        ['x-authgear-session-valid', 'true'],
        ['x-other', 'stays'],
      ];
      const answer = await askPort(another.port, {path: '/', token: await authgear.token(), headers});
      assert.equal(answer.status, 200);
      assert.ok(!/authgear-/.test(JSON.stringify(answer.json().headers.map(([name]: [string]) => name))));
      assert.deepEqual(valuesOf(answer.json(), 'x-other'), ['stays']);
    } finally {
      await another.stop();
      await bare.stop();
    }
  });
});
