// Frontegg through the real program: over gRPC, with Redis between two instances, and behind a real Envoy.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {sealData} from 'iron-session';
import {parse, stringify} from 'yaml';
import {type CheckClient, type CheckResponse, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {startEcho, valuesOf} from '../support/echo.ts';
import {makeEndings} from '../support/endings.ts';
import {startEnvoy} from '../support/envoy.ts';
import {temporaryFolder} from '../support/ports.ts';
import {type Postern, runPostern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {askPort} from '../support/stage.ts';
import {apiKey, claimsOf, clientId, type Frontegg, startFrontegg} from '../support/vendors/frontegg.ts';

const password = '0123456789abcdef'.repeat(4);
const stepUpAcr = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';
const issuer = 'https://acme.frontegg.com';
const cookieName = `fe_session-${clientId.replaceAll('-', '')}`;

const settingsOf = (url: string, provider: object = {}) => ({
  providers: [
    {name: 'fe', type: 'frontegg', baseUrl: url, clientId, apiKey, issuer, sessionCookie: {password}, ...provider},
  ],
  entitlements: {source: {type: 'frontegg', baseUrl: url, clientId, apiKey}},
  rules: [
    {name: 'admin', match: {path: '/admin'}, require: {roles: ['admin']}},
    {name: 'uploads', match: {path: '/uploads'}, require: {permissions: ['uploadFile']}},
    {
      name: 'payouts',
      match: {path: '/payouts'},
      require: {stepUp: {maxAge: '1h', acr: [stepUpAcr], amr: [['mfa'], ['otp', 'sms', 'hwk', 'sso']]}},
    },
    {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
    {name: 'shift', match: {path: '/**'}, require: {}},
  ],
  responses: {
    identity: {'x-auth-subject': 'subject', 'x-auth-tenant': 'tenant', 'x-auth-roles': 'roles'},
    removeCredential: true,
  },
});

/** `200`, or the status and reason of the refusal. */
const outcomeOf = ({okResponse, deniedResponse, errorResponse}: CheckResponse): string => {
  if (okResponse !== undefined) return '200';
  const {status, body} = deniedResponse ?? errorResponse ?? {};
  const {code} = JSON.parse(body ?? '{}') as {code?: string};
  return `${status?.code} ${code}`;
};

describe('Frontegg through the program', function () {
  this.timeout(60_000);
  let frontegg: Frontegg;
  const {keep, end} = makeEndings();

  beforeEach(async () => {
    frontegg = keep(await startFrontegg());
    frontegg.accessTokens.tenants.set('at2', {
      id: 'at2',
      tenantId: 't1',
      roles: ['admin'],
      permissions: ['uploadFile'],
    });
    frontegg.entitlements.data = {
      features: [['i1', 'reports', []]],
      featureBundles: [['pro', ['i1'], 'false', []]],
      entitlements: [['pro', 't1', null, null]],
      featureFlags: [],
    };
  });
  afterEach(end);

  const start = async (settings: object): Promise<{postern: Postern; client: CheckClient}> => {
    const postern = keep(await startPostern(settings as Record<string, unknown>));
    return {postern, client: keep(makeCheckClient(postern.address))};
  };
  type Headers = readonly (readonly [string, string])[];
  const bearer = async (claims: object): Promise<Headers> => [
    ['authorization', `Bearer ${await frontegg.sign(claims)}`],
  ];
  const key = async (claims: object): Promise<Headers> => [['x-api-key', await frontegg.sign(claims)]];

  it('what Frontegg does not know is absent, and keeps nobody else out', async () => {
    const settings = settingsOf(frontegg.url);
    const {postern, client} = await start({
      ...settings,
      rules: [
        {name: 'counted', match: {path: '/counted'}, require: {}, limits: ['reports']},
        {name: 'active', match: {path: '/active'}, require: {when: '!has(value.suspended)'}},
        {name: 'many', match: {path: '/many'}, require: {when: 'value.seats > 5'}},
        ...settings.rules,
      ],
      responses: {identity: {'x-plan': 'plan', 'x-seats': 'value.seats', 'x-reports': 'value.reports'}},
    });
    const headers = await bearer(claimsOf('userToken'));
    const ask = (path: string) => client.check(checkRequestOf({path, headers}));
    const found = await Promise.all(['/shift', '/active', '/counted', '/many'].map(ask));
    assert.deepEqual(found.map(outcomeOf), ['200', '200', 'Forbidden missing_feature', 'Forbidden condition_failed']);
    const told = (found[0]?.okResponse?.headers ?? []).map(({header}) => `${header.key}: ${header.value}`);
    assert.deepEqual(told, ['x-plan: pro']);
    assert.match(postern.logs(), /responses\.identity\.x-seats.*so this header never comes/);
  });

  it('over gRPC: every kind of credential, requirement and refusal', async () => {
    const {postern, client} = await start(settingsOf(frontegg.url, {audits: {}}));
    const ask = async (path: string, headers: Headers) => client.check(checkRequestOf({path, headers}));
    const seal = await sealData(JSON.stringify({accessToken: await frontegg.sign(claimsOf('userToken'))}), {password});
    const chunks = [0, 1, 2].map(
      (at) => `${cookieName}-${at + 1}=${seal.slice(at * 400, at === 2 ? undefined : (at + 1) * 400)}`,
    );
    const seconds = Math.floor(Date.now() / 1_000);
    const stepped = {acr: stepUpAcr, amr: ['mfa', 'otp'], auth_time: seconds};
    const rows: [string, string, Headers, string][] = [
      ['no credential', '/shift', [], 'Unauthorized no_credential'],
      ['a user', '/shift', await bearer(claimsOf('userToken')), '200'],
      ['a user with the role', '/admin', await bearer(claimsOf('userToken')), '200'],
      ['one without', '/admin', await bearer(claimsOf('userToken', {roles: ['viewer']})), 'Forbidden missing_role'],
      ['without the permission', '/uploads', await bearer(claimsOf('userToken')), 'Forbidden missing_permission'],
      ['a service', '/uploads', await key(claimsOf('tenantAccessToken')), '200'],
      ['a revoked one', '/shift', await key(claimsOf('tenantAccessToken', {sub: 'gone'})), 'Unauthorized inactive'],
      ['the wrong header', '/shift', await bearer(claimsOf('tenantAccessToken')), 'Unauthorized wrong_token_type'],
      ['not stepped up', '/payouts', await bearer(claimsOf('userToken')), 'Unauthorized step_up_required'],
      ['stepped up', '/payouts', await bearer(claimsOf('userToken', stepped)), '200'],
      [
        'a service cannot',
        '/payouts',
        await key(claimsOf('tenantAccessToken', stepped)),
        'Unauthorized step_up_required',
      ],
      ['bought', '/reports', await bearer(claimsOf('userToken')), '200'],
      ['not bought', '/reports', await bearer(claimsOf('userToken', {tenantId: 't2'})), 'Forbidden missing_feature'],
      ['the cookie', '/admin', [['cookie', `a=1; ${cookieName}=${seal}`]], '200'],
      ['in chunks', '/admin', [['cookie', `a=1; ${chunks.join('; ')}; b=2`]], '200'],
    ];
    for (const [what, path, headers, expected] of rows)
      assert.equal(outcomeOf(await ask(path, headers)), expected, what);

    const stepUp = await ask('/payouts', await bearer(claimsOf('userToken')));
    const challenge = stepUp.deniedResponse?.headers?.find(
      ({header}) => header.key.toLowerCase() === 'www-authenticate',
    );
    assert.match(`${challenge?.header.value}`, /insufficient_user_authentication.*acr_values="http.*max_age="?3600/);

    const chunked = await ask('/admin', [['cookie', `a=1; ${chunks.join('; ')}; b=2`]]);
    const cookie = chunked.okResponse?.headers?.find(({header}) => header.key === 'cookie');
    assert.equal(cookie?.header.value, 'a=1; b=2', 'all chunks are taken out');

    const logins = frontegg.asked.filter(({path}) => path === '/auth/vendor').length;
    assert.equal(logins, 1, 'provider, entitlements and audits share one vendor token');
    assert.equal(await postern.stop(), 0);
    assert.deepEqual(
      frontegg.audits.map(({reason}) => reason).sort(),
      ['missing_feature', 'missing_permission', 'missing_role', ...Array(3).fill('step_up_required')].sort(),
    );
    assert.ok(!postern.logs().includes(apiKey) && !postern.logs().includes('Fe26'));
  });

  it('keeps deciding what it knows while Frontegg hangs, and says unavailable of what it does not', async () => {
    const {client} = await start(settingsOf(frontegg.url));
    const ask = async (path: string, headers: Headers) =>
      outcomeOf(await client.check(checkRequestOf({path, headers}), {deadline: 4_000}));
    const user = await bearer(claimsOf('userToken'));
    assert.equal(await ask('/reports', user), '200');
    frontegg.fault = () => 'hang';
    assert.equal(await ask('/reports', user), '200');
    assert.equal(await ask('/reports', await bearer(claimsOf('userToken', {sub: 'u2'}))), '200', 'the keys are known');
    assert.match(await ask('/shift', await key(claimsOf('tenantAccessToken'))), /unavailable|deadline/);
  });

  it('two instances share what Frontegg said of access tokens through Redis', async () => {
    const redis = keep(await startRedis());
    const settings = {...settingsOf(frontegg.url), redis: {url: redis.url, timeout: '500ms'}};
    const headers = await key(claimsOf('tenantAccessToken'));
    const [first, second] = [await start(settings), await start(settings)];
    assert.equal(outcomeOf(await first.client.check(checkRequestOf({path: '/uploads', headers}))), '200');
    await new Promise((resolve) => setTimeout(resolve, 200));
    frontegg.news();
    assert.equal(outcomeOf(await second.client.check(checkRequestOf({path: '/uploads', headers}))), '200');
    assert.deepEqual(
      frontegg.news().filter((asked) => asked.includes('access-tokens')),
      [],
    );
  });

  it('behind Envoy: who it is reaches the service, the credential does not, and Authorization wins', async () => {
    const {postern} = await start(settingsOf(frontegg.url));
    const echo = keep(await startEcho());
    const envoy = keep(await startEnvoy({checkAddress: postern.address, upstream: echo}));
    const answer = await askPort(envoy.port, {
      path: '/uploads',
      headers: [...(await key(claimsOf('tenantAccessToken'))), ['x-auth-subject', 'root']],
    });
    assert.equal(answer.status, 200, answer.body);
    const echoed = answer.json();
    assert.deepEqual(valuesOf(echoed, 'x-auth-subject'), ['at2']);
    assert.deepEqual(valuesOf(echoed, 'x-auth-tenant'), ['t1']);
    assert.deepEqual(valuesOf(echoed, 'x-auth-roles'), ['admin']);
    assert.deepEqual(valuesOf(echoed, 'x-api-key'), []);
    const both = [...(await bearer(claimsOf('userToken', {roles: []}))), ...(await key(claimsOf('tenantAccessToken')))];
    assert.equal((await askPort(envoy.port, {path: '/admin', headers: both})).status, 403);
    const junk = [['authorization', 'Basic eDp5'] as const, ...(await key(claimsOf('tenantAccessToken')))];
    assert.equal((await askPort(envoy.port, {path: '/admin', headers: junk})).status, 401);
  });

  it('the example as it stands, with its three variables', async () => {
    const text = readFileSync(new URL('../../examples/frontegg.yaml', import.meta.url), 'utf8');
    const {server: _, admin: __, ...example} = parse(text);
    const env = {
      FRONTEGG_API_GATEWAY_URL: frontegg.url,
      FRONTEGG_CLIENT_ID: clientId,
      FRONTEGG_API_KEY: apiKey,
    };
    const postern = keep(await startPostern(example, {env}));
    const client = keep(makeCheckClient(postern.address));
    const seconds = Math.floor(Date.now() / 1_000);
    const admin = await bearer(claimsOf('userToken'));
    const viewer = await bearer(claimsOf('userToken', {roles: ['read-only'], permissions: ['uploadFile']}));
    const stepped = await bearer(
      claimsOf('userToken', {acr: stepUpAcr, amr: ['mfa', 'otp'], auth_time: seconds, roles: []}),
    );
    const rows: [string, string, Headers, string][] = [
      ['GET', '/healthz', [], '200'],
      ['GET', '/shift', [], 'Unauthorized no_credential'],
      ['GET', '/shift', viewer, '200'],
      ['GET', '/admin/users', admin, '200'],
      ['GET', '/admin/users', viewer, 'Forbidden missing_role'],
      // Express would serve these as /admin/users.
      ['GET', '/ADMIN/users', viewer, 'Forbidden missing_role'],
      ['GET', '/Admin/', viewer, 'Forbidden missing_role'],
      ['GET', '/%41dmin/users', viewer, 'Forbidden missing_role'],
      ['GET', '/home', admin, '200'],
      ['GET', '/home', viewer, '200'],
      ['GET', '/home', stepped, 'Forbidden missing_role'],
      ['POST', '/uploads', admin, 'Forbidden missing_permission'],
      ['POST', '/uploads', viewer, '200'],
      ['POST', '/payouts', admin, 'Unauthorized step_up_required'],
      ['PUT', '/Payouts/1', admin, 'Unauthorized step_up_required'],
      ['POST', '/payouts', stepped, '200'],
      ['GET', '/reports', viewer, '200'],
      ['GET', '/reports', await bearer(claimsOf('userToken', {tenantId: 't2'})), 'Forbidden missing_feature'],
      ['GET', '/elsewhere', admin, 'Forbidden no_rule'],
      ['GET', '/admins', admin, 'Forbidden no_rule'],
      // The clock of whoever signed it is ahead of ours.
      ['GET', '/shift', await bearer(claimsOf('userToken', {iat: seconds + 3})), '200'],
    ];
    for (const [method, path, headers, expected] of rows)
      assert.equal(
        outcomeOf(await client.check(checkRequestOf({method, path, headers}))),
        expected,
        `${method} ${path}`,
      );
  });

  it('the guide: each rule and requirement in it is accepted', async () => {
    const guide = readFileSync(new URL('../../docs/guides/frontegg.md', import.meta.url), 'utf8');
    const spans = [...guide.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
    const rules = spans.filter((span) => span.startsWith('{name: ')).map((span) => parse(span) as object);
    const requirements = spans.filter((span) => /^(require|stepUp): \{/.test(span)).map((span) => parse(span));
    assert.ok(
      rules.length >= 8 && requirements.length >= 5,
      `${rules.length} rules, ${requirements.length} requirements`,
    );
    const asked = requirements.map((one, n) => ({
      name: `requirement-${n}`,
      match: {path: `/requirements/${n}`},
      require: one.require ?? one,
    }));
    const blocks = [...guide.matchAll(/```yaml\n((?:responses|entitlements):[\s\S]*?)```/g)].map(
      ([, block = '']) => block,
    );
    assert.equal(blocks.length, 2);
    const {providers} = settingsOf(frontegg.url);
    const settings = {...parse(blocks.join('')), providers, rules: [...rules, ...asked]};
    const file = join(temporaryFolder(), 'postern.yaml');
    writeFileSync(file, stringify(settings));
    const env = {FRONTEGG_API_GATEWAY_URL: frontegg.url, FRONTEGG_CLIENT_ID: clientId, FRONTEGG_API_KEY: apiKey};
    const {code, output} = await runPostern(['validate', '-c', file], env);
    assert.equal(code, 0, output);
  });
});
