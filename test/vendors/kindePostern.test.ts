// Kinde through the real program: rules, features, API keys and outages over gRPC, and the telling rows behind Envoy.
import assert from 'node:assert/strict';
import {type CheckClient, type CheckResponse, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Echo, startEcho, valuesOf} from '../support/echo.ts';
import {type Envoy, startEnvoy} from '../support/envoy.ts';
import {freePort} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {askPort} from '../support/stage.ts';
import {type Kinde, machine, startKinde} from '../support/vendors/kinde.ts';

const rules = [
  {name: 'admin', match: {path: '/admin'}, require: {roles: ['admin']}},
  {name: 'orders', match: {path: '/orgs/{org}/orders'}, require: {tenant: '{org}', permissions: ['orders.read']}},
  {name: 'scoped', match: {path: '/scoped'}, require: {scopes: ['read:orders']}},
  {name: 'machines', match: {path: '/machines'}, require: {kind: 'service'}},
  {name: 'beta', match: {path: '/beta'}, require: {features: ['beta']}},
  {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
  {name: 'all', match: {path: '/**'}, require: {}},
];

const reasonOf = ({deniedResponse, errorResponse, okResponse}: CheckResponse): string =>
  okResponse === undefined ? JSON.parse((deniedResponse ?? errorResponse)?.body ?? '{}').code : 'allow';

describe('how much of it, from Kinde, in every way out', () => {
  let kinde: Kinde;
  let postern: Postern;
  let client: CheckClient;
  let url: string;
  before(async () => {
    kinde = await startKinde();
    kinde.bought.set('org_1', [['seats', 50], 'reports']);
    const port = await freePort();
    url = `http://127.0.0.1:${port}/ofrep/v1/evaluate/flags`;
    postern = await startPostern({
      providers: [{name: 'ki', type: 'kinde', domain: kinde.domain, audience: ['orders-api']}],
      entitlements: {source: {type: 'kinde', domain: kinde.domain}},
      answers: {listen: `127.0.0.1:${port}`},
      rules: [
        {name: 'many', match: {path: '/many'}, require: {when: 'value.uploads >= 5'}, shadow: true},
        {name: 'rest', match: {path: '/**'}, require: {features: ['reports', 'beta']}},
      ],
      responses: {identity: {'x-seats': 'value.seats', 'x-theme': 'value.theme', 'x-none': 'value.none'}},
    });
    client = makeCheckClient(postern.address);
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await kinde?.close();
  });
  const flags = {uploads: {t: 'i', v: 7}, theme: {t: 's', v: 'dark'}, beta: {t: 'b', v: true}};

  it('headers, conditions and OpenFeature say the same', async () => {
    const token = await kinde.token({feature_flags: flags});
    const headers = [['authorization', `Bearer ${token}`]] as const;
    const allowed = await client.check(checkRequestOf({path: '/x', headers}));
    const told = (allowed.okResponse?.headers ?? []).map(({header}) => [header.key, header.value]);
    assert.deepEqual(told, [
      ['x-seats', '50'],
      ['x-theme', 'dark'],
    ]);
    const many = await client.check(checkRequestOf({path: '/many', headers}));
    assert.doesNotMatch(JSON.stringify(many.dynamicMetadata), /condition_failed/);
    const ask = async (key: string) => {
      const reply = await fetch(`${url}${key}`, {method: 'POST', headers: Object.fromEntries(headers), body: '{}'});
      return reply.json() as Promise<{key: string; value?: unknown; errorCode?: string; flags?: {key: string}[]}>;
    };
    assert.deepEqual(
      await Promise.all(
        ['seats', 'theme', 'uploads', 'none', 'reports', 'beta'].map(async (key) => {
          const {value, errorCode} = await ask(`/${key}`);
          return [key, value ?? errorCode];
        }),
      ),
      [
        ['seats', 50],
        ['theme', 'dark'],
        ['uploads', 7],
        ['none', 'FLAG_NOT_FOUND'],
        ['reports', true],
        ['beta', true],
      ],
    );
    assert.deepEqual(
      (await ask('')).flags?.map(({key}) => key),
      ['beta', 'reports', 'seats', 'theme', 'uploads'],
    );
  });
});

describe('kinde through Postern', () => {
  let kinde: Kinde;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    kinde = await startKinde();
    postern = await startPostern({
      providers: [{name: 'ki', type: 'kinde', domain: kinde.domain, audience: ['orders-api'], apiKeys: machine}],
      entitlements: {
        source: {type: 'kinde', domain: kinde.domain},
        cache: {fresh: '1s', stale: '2s', negative: '100ms'},
      },
      rules,
      responses: {identity: {'x-user': 'subject', 'x-org': 'tenant', 'x-theme': 'claims.feature_flags.theme.v'}},
    });
    client = makeCheckClient(postern.address);
    kinde.keys.set('k_live_user1', {status: 'active', scopes: ['read:orders'], user_id: 'kp_9'});
    kinde.keys.set('k_live_other', {status: 'active', scopes: ['write:orders'], user_id: 'kp_9'});
    kinde.keys.set('k_live_gone1', {status: 'revoked', scopes: ['read:orders'], user_id: 'kp_9'});
    kinde.bought.set('org_1', ['orders', 'seats', 'reports']);
  });
  afterEach(() => kinde.faults.clear());
  after(async () => {
    client?.close();
    await postern?.stop();
    await kinde?.close();
  });

  const check = (path: string, token: string, options?: {deadline: number}) =>
    client.check(checkRequestOf({path, headers: [['authorization', `Bearer ${token}`]]}), options);

  const rows: [what: string, path: string, token: () => Promise<string>, answer: string][] = [
    ['a user', '/', () => kinde.token(), 'allow'],
    ['no audience', '/', () => kinde.token({aud: []}), 'wrong_audience'],
    ['another business', '/', () => kinde.token({iss: 'https://evil.kinde.com'}), 'unsupported_credential'],
    ['a role by its key', '/admin', () => kinde.token({roles: [{id: '1', name: 'Admin', key: 'admin'}]}), 'allow'],
    [
      'a role by its name only',
      '/admin',
      () => kinde.token({roles: [{id: '1', name: 'admin', key: 'x'}]}),
      'missing_role',
    ],
    [
      'a permission in its organisation',
      '/orgs/org_1/orders',
      () => kinde.token({permissions: ['orders.read']}),
      'allow',
    ],
    ['in another one', '/orgs/org_2/orders', () => kinde.token({permissions: ['orders.read']}), 'wrong_tenant'],
    ['without it', '/orgs/org_1/orders', () => kinde.token(), 'missing_permission'],
    ['a machine', '/machines', () => kinde.machineToken(), 'allow'],
    ['a user is no machine', '/machines', () => kinde.token(), 'wrong_kind'],
    ['a flag that is on', '/beta', () => kinde.token({feature_flags: {beta: {t: 'b', v: true}}}), 'allow'],
    ['a flag that is off', '/beta', () => kinde.token({feature_flags: {beta: {t: 'b', v: false}}}), 'missing_feature'],
    ['what was bought', '/reports', () => kinde.token(), 'allow'],
    [
      'what another organisation has bought',
      '/reports',
      () => kinde.token({org_code: 'org_2', sub: 'kp_2'}),
      'missing_feature',
    ],
    ['a machine has bought nothing', '/reports', () => kinde.machineToken({org_code: 'org_1'}), 'missing_feature'],
    ['an API key', '/scoped', async () => 'k_live_user1', 'allow'],
    ['an API key that lacks the scope', '/scoped', async () => 'k_live_other', 'missing_scope'],
    ['an API key has no features', '/reports', async () => 'k_live_user1', 'missing_feature'],
    ['a revoked API key', '/scoped', async () => 'k_live_gone1', 'revoked'],
    ['an unknown API key', '/scoped', async () => 'k_live_nobody', 'inactive'],
  ];
  for (const [what, path, token, answer] of rows) {
    it(`${what} at ${path}: ${answer}`, async () => {
      assert.equal(reasonOf(await check(path, await token())), answer);
    });
  }

  it('an API key that lacks the scope is 403, with the scope in the challenge', async () => {
    const {deniedResponse} = await check('/scoped', 'k_live_other');
    assert.equal(deniedResponse?.status?.code, 'Forbidden');
    const told = deniedResponse?.headers?.find(({header}) => header?.key?.toLowerCase() === 'www-authenticate');
    assert.match(told?.header?.value ?? '', /error="insufficient_scope".*scope="read:orders"/);
  });

  it('only tokens of users went to the account API', () => {
    assert.ok(kinde.accountTokens.length > 0);
    assert.ok(kinde.accountTokens.every((token) => token.startsWith('ey')));
  });

  it('outages are errors, not refusals, and bought features live through one that is short', async () => {
    const token = await kinde.token({sub: 'kp_outage'});
    kinde.faults.set('/account_api/v1/entitlements', {status: 500});
    const answer = await check('/reports', token);
    assert.equal(answer.errorResponse?.status?.code, 'ServiceUnavailable');
    assert.equal(reasonOf(answer), 'unavailable');
    kinde.faults.clear();
    const back = await check('/reports', token);
    assert.equal(reasonOf(back), 'allow');
    kinde.faults.set('/account_api/v1/entitlements', 'html');
    assert.equal(reasonOf(await check('/reports', token)), 'allow', 'kept');
    kinde.faults.set('/api/v1/api_keys/verify', {status: 200, body: '{"is_valid": "yes"}'});
    assert.equal(reasonOf(await check('/scoped', 'k_live_user2')), 'unavailable');
  });
  it('a silent Kinde costs no more than the deadline', async () => {
    kinde.faults.set('/api/v1/api_keys/verify', 'hang');
    assert.equal(reasonOf(await check('/scoped', 'k_live_user3', {deadline: 400})), 'deadline');
  });
  it('no secret in the log', () => {
    const logs = postern.logs();
    assert.ok(logs.includes('revoked'));
    assert.ok(!/canary|k_live|management-|eyJ/.test(logs));
  });

  describe('behind Envoy', () => {
    let echo: Echo;
    let envoy: Envoy;
    before(async () => {
      echo = await startEcho();
      envoy = await startEnvoy({checkAddress: postern.address, upstream: echo});
    });
    after(async () => {
      await envoy?.stop();
      await echo?.stop();
    });

    it('an API key reaches the service as its user; a feature that was not bought is 403', async () => {
      const answer = await askPort(envoy.port, {path: '/scoped', token: 'k_live_user1'});
      assert.equal(answer.status, 200);
      assert.deepEqual(valuesOf(answer.json(), 'x-user'), ['kp_9']);
      const other = await askPort(envoy.port, {
        path: '/reports',
        token: await kinde.token({org_code: 'org_3', sub: 'kp_3'}),
      });
      assert.equal(other.status, 403);
      assert.equal(other.json().code, 'missing_feature');
    });
    for (const claim of ['feature_flags', 'x-hasura-feature-flags']) {
      it(`a typed flag can be told to the service, sent as ${claim}`, async () => {
        const token = await kinde.token({[claim]: {theme: {t: 's', v: 'dark'}}});
        const answer = await askPort(envoy.port, {path: '/', token, headers: [['x-theme', 'forged']]});
        assert.deepEqual(valuesOf(answer.json(), 'x-theme'), ['dark']);
      });
    }
  });
});

describe('kinde: people and keys told apart', () => {
  let kinde: Kinde;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    kinde = await startKinde();
    const base = {type: 'kinde', domain: kinde.domain};
    const audience = 'orders-api';
    postern = await startPostern({
      providers: [
        {name: 'people', ...base, audience: [audience]},
        {name: 'keys', ...base, audience: [audience], apiKeys: machine},
      ],
      rules: [
        {name: 'user', match: {path: '/user'}, require: {kind: 'user'}},
        {name: 'service', match: {path: '/service'}, require: {kind: 'service'}},
        {name: 'people', match: {path: '/people'}, require: {providers: ['people'], kind: 'user'}},
        {name: 'recent', match: {path: '/recent'}, require: {stepUp: {maxAge: '5m'}}},
        {name: 'all', match: {path: '/**'}, require: {}},
      ],
    });
    client = makeCheckClient(postern.address);
    kinde.keys.set('k_live_user1', {status: 'active', scopes: [], user_id: 'kp_9', org_code: 'org_1'});
    kinde.keys.set('k_live_orga2', {status: 'active', scopes: [], org_code: 'org_1'});
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await kinde?.close();
  });

  const user = () => kinde.token({auth_time: Math.floor(Date.now() / 1_000) - 60});
  const ofUser = async () => 'k_live_user1';
  const ofOrganisation = async () => 'k_live_orga2';
  const rows: [path: string, what: string, token: () => Promise<string>, answer: string][] = [
    ['/user', 'a user', user, 'allow'],
    ['/user', "a user's key, which is a user", ofUser, 'allow'],
    ['/user', "an organisation's key", ofOrganisation, 'wrong_kind'],
    ['/service', "a user's key", ofUser, 'wrong_kind'],
    ['/service', "an organisation's key", ofOrganisation, 'allow'],
    ['/people', 'a user', user, 'allow'],
    ['/people', 'a machine', () => kinde.machineToken(), 'wrong_kind'],
    ['/people', "a user's key", ofUser, 'unsupported_credential'],
    ['/people', "an organisation's key", ofOrganisation, 'unsupported_credential'],
    ['/recent', 'a user who has just signed in', user, 'allow'],
    ['/recent', "a user's key", ofUser, 'step_up_required'],
    ['/recent', "an organisation's key", ofOrganisation, 'step_up_required'],
    ['/', "a user's key", ofUser, 'allow'],
  ];
  for (const [path, what, token, answer] of rows) {
    it(`${what} at ${path}: ${answer}`, async () => {
      const headers = [['authorization', `Bearer ${await token()}`]] as const;
      assert.equal(reasonOf(await client.check(checkRequestOf({path, headers}))), answer);
    });
  }
});
