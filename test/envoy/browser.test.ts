// What scripts and clients need to get on after a no: CORS, challenges, the metadata of the resource.
import assert from 'node:assert/strict';
import {makeCheck} from '../../src/check.ts';
import {checkSettings} from '../../src/config/schema.ts';
import {headerPlace, makePlace, type Where} from '../../src/core/credential/places.ts';
import type {Decision} from '../../src/core/decision.ts';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import {replying} from '../../src/envoy/browser/replies.ts';
import {makeRender} from '../../src/envoy/render.ts';
import type {CheckResponse} from '../../src/envoy/wire.ts';
import {outcomeOf, reasonOf} from '../../src/observe/outcome.ts';
import {context, request, tableProvider} from '../support/requests.ts';

const provider = {name: 'acme', type: 'oidc', issuer: 'https://id.acme.example', audience: ['api']};
const rules = [
  {name: 'open', match: {path: '/open/**'}, public: true},
  {name: 'closed', match: {path: '/closed/**'}, deny: true},
  {name: 'mcp', match: {path: '/mcp/**'}, require: {scopes: {all: ['mcp.read'], any: ['mcp.a', 'mcp.b']}}},
  {name: 'rest', match: {path: '/rest/**'}, require: {}},
];

const settingsOf = (responses: object) => {
  const {settings, findings} = checkSettings({providers: [provider], rules, responses});
  assert.ok(settings, JSON.stringify(findings));
  return settings;
};
const faultsOf = (responses: object): string =>
  (checkSettings({providers: [provider], rules, responses}).findings ?? [])
    .map(({path, message}) => `${path.join('.')} ${message}`)
    .join('\n');

interface Said {
  readonly decision: Decision;
  readonly allowed: boolean;
  readonly status: number | undefined;
  readonly body: string | undefined;
  all(name: string): readonly string[];
}

const bearer: Where = {header: 'authorization', scheme: 'Bearer'};

/** Asks a Postern of these `responses`, whose providers look at these places, each one its own. */
const asking = (responses: object, places: readonly (readonly Where[])[] = [[bearer]]) => {
  const settings = settingsOf(responses);
  const providers = places.map((of, at) => ({
    ...tableProvider(`p${at}`, headerPlace('x-none'), new Map([['bad', {rejected: 'token_expired'} as const]])),
    places: of.map(makePlace),
  }));
  const parts = {
    ...settings,
    providers,
    revocations: {revoked: () => false},
    entitlements: {entitled: () => ({entitled: true})},
  };
  const check = replying(makeCheck(parts as never), settings.responses);
  const render = makeRender(settings.responses, makeIdentityHeaders(new Map()));
  return async (
    target: string,
    headers: Record<string, string> = {},
    method = 'GET',
    host = 'api.acme.example',
  ): Promise<Said> => {
    const asked = request(target, {headers, method, host});
    const decision = await check(asked, context());
    const response = render(decision, asked, 'd1') as CheckResponse;
    const no = response.denied_response ?? response.error_response;
    return {
      decision,
      allowed: response.status.code === 0,
      status: no?.status.code,
      body: no?.body,
      all: (name) => (no?.headers ?? []).filter(({header}) => header.key === name).map(({header}) => header.value),
    };
  };
};

describe('responses.cors', () => {
  const origins = ['https://app.acme.example', 'https://*.apps.example', 'http://localhost:3000', 'null'];
  const rows: readonly (readonly [origin: string, allowed: boolean])[] = [
    ['https://app.acme.example', true],
    ['https://a.apps.example', true],
    ['https://a-b_1.apps.example', true],
    ['http://localhost:3000', true],
    ['null', true],
    ['https://app.acme.example.', false],
    ['https://app.acme.example:8443', false],
    ['http://app.acme.example', false],
    ['https://evil.example', false],
    ['https://app.acme.example.evil.example', false],
    ['https://a.b.apps.example', false],
    ['https://apps.example', false],
    ['https://.apps.example', false],
    ['https://*.apps.example', false],
    ['https://evil.example/.apps.example', false],
    ['https://evil@a.apps.example', false],
    ['https://app.acme.example, https://evil.example', false],
    ['https://app.acme.example,https://evil.example', false],
    ['', false],
    ['NULL', false],
  ];
  for (const [origin, allowed] of rows) {
    it(`${allowed ? 'lets' : 'does not let'} scripts of ${origin || 'no origin'} read a refusal`, async () => {
      const ask = asking({cors: {origins}});
      for (const target of ['/mcp/x', '/closed/x', '/nowhere', '/a/../b']) {
        const said = await ask(target, {origin});
        assert.deepEqual(said.all('access-control-allow-origin'), allowed ? [origin] : []);
        assert.deepEqual(said.all('vary'), ['origin']);
        assert.equal(said.all('access-control-expose-headers').length, allowed ? 1 : 0);
      }
    });
  }

  it('says nothing without the setting, nor without an origin, but for Vary', async () => {
    assert.deepEqual(
      (await asking({})('/mcp/x', {origin: 'https://app.acme.example'})).all('access-control-allow-origin'),
      [],
    );
    const said = await asking({cors: {origins}})('/mcp/x');
    assert.deepEqual([said.all('access-control-allow-origin'), said.all('vary')], [[], ['origin']]);
  });

  it('says credentials where it is told to, and which headers can be read', async () => {
    const origin = 'https://app.acme.example';
    const plain = await asking({cors: {origins}})('/mcp/x', {origin});
    assert.deepEqual(plain.all('access-control-allow-credentials'), []);
    assert.match(
      plain.all('access-control-expose-headers')[0] ?? '',
      /^www-authenticate, retry-after, grpc-status, grpc-message$/,
    );
    const more = await asking({cors: {origins: [origin], credentials: true, headers: ['x-request-id']}})('/mcp/x', {
      origin,
    });
    assert.deepEqual(more.all('access-control-allow-credentials'), ['true']);
    assert.match(more.all('access-control-expose-headers')[0] ?? '', /x-request-id/);
  });

  it('is there for scripts that speak gRPC-Web', async () => {
    const origin = 'https://app.acme.example';
    const said = await asking({cors: {origins}})(
      '/mcp/x',
      {origin, 'content-type': 'application/grpc-web+proto'},
      'POST',
    );
    assert.deepEqual(said.all('access-control-allow-origin'), [origin]);
    assert.deepEqual(said.all('grpc-status'), ['16']);
  });

  it('takes * for everybody, without credentials and without Vary', async () => {
    const said = await asking({cors: {origins: ['*']}})('/mcp/x', {origin: 'https://any.example'});
    assert.deepEqual([said.all('access-control-allow-origin'), said.all('vary')], [['*'], []]);
  });

  const wrong: readonly (readonly [cors: object, says: RegExp])[] = [
    [{origins: []}, /origins is an empty list/],
    [{origins: ['https://app.acme.example/']}, /origins\.0 is not an origin/],
    [{origins: ['app.acme.example']}, /is not an origin/],
    [{origins: ['https://*.*.example']}, /is not an origin/],
    [{origins: ['https://a*.example']}, /is not an origin/],
    [{origins: ['https://*.com']}, /top-level/],
    [{origins: ['null'], credentials: true}, /everybody's/],
    [{origins: ['https://a.example', '*'], credentials: true}, /origins\.1 is everybody's/],
  ];
  for (const [cors, says] of wrong) {
    it(`refuses ${JSON.stringify(cors)}`, () => assert.match(faultsOf({cors}), says));
  }

  describe('preflights', () => {
    const preflight = {
      origin: 'https://app.acme.example',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization',
    };

    it('are requests like others without the setting: a rule lets them through to whoever answers', async () => {
      const ask = asking({cors: {origins}});
      assert.equal((await ask('/mcp/x', preflight, 'OPTIONS')).status, 401);
      assert.equal((await ask('/open/x', preflight, 'OPTIONS')).allowed, true);
    });

    it('are answered with it, where no rule lets them through, and counted as answers', async () => {
      const ask = asking({
        cors: {origins: [preflight.origin], credentials: true, preflight: {methods: ['GET', 'PUT'], maxAge: '1m'}},
      });
      const said = await ask('/mcp/x', preflight, 'OPTIONS');
      assert.equal(said.status, 204);
      assert.equal(said.allowed, false);
      assert.deepEqual(said.all('access-control-allow-origin'), [preflight.origin]);
      assert.deepEqual(said.all('access-control-allow-methods'), ['GET, PUT']);
      assert.deepEqual(said.all('access-control-allow-headers'), ['authorization, content-type']);
      assert.deepEqual(said.all('access-control-max-age'), ['60']);
      assert.deepEqual([outcomeOf(said.decision), reasonOf(said.decision)], ['answer', 'preflight']);
      assert.equal((await ask('/open/x', preflight, 'OPTIONS')).allowed, true);
    });

    it('are not answered to other origins, nor without a method asked about, nor for a malformed path', async () => {
      const ask = asking({cors: {origins, preflight: {}}});
      assert.equal((await ask('/mcp/x', {...preflight, origin: 'https://evil.example'}, 'OPTIONS')).status, 401);
      assert.equal((await ask('/mcp/x', {origin: preflight.origin}, 'OPTIONS')).status, 401);
      assert.equal((await ask('/mcp/../x', preflight, 'OPTIONS')).status, 400);
      assert.equal((await ask('/mcp/x', preflight, 'GET')).status, 401);
    });
  });
});

describe('challenges', () => {
  const basic: Where = {header: 'authorization', scheme: 'Basic'};
  const cookie: Where = {cookie: 'sid'};
  const key: Where = {header: 'x-api-key'};
  const rows: readonly (readonly [says: string, places: readonly (readonly Where[])[], schemes: readonly string[]])[] =
    [
      ['one scheme', [[bearer]], ['Bearer']],
      ['Basic where there is nothing else', [[basic]], ['Basic']],
      ['both, Bearer first', [[key, basic], [bearer]], ['Bearer', 'Basic']],
      ['no password box for an application with cookies', [[basic, bearer], [cookie]], ['Bearer']],
      ['no password box for cookies and Basic alone', [[basic, cookie]], ['Bearer']],
      ['cookies alone: a 401 needs one, and Bearer opens nothing', [[cookie]], ['Bearer']],
      [
        'DPoP and Bearer of several providers',
        [[{header: 'authorization', scheme: 'DPoP'}], [bearer], [bearer]],
        ['Bearer', 'DPoP'],
      ],
    ];
  for (const [says, places, schemes] of rows) {
    it(says, async () => {
      const said = await asking({}, places)('/rest/x');
      assert.deepEqual(
        said.all('www-authenticate').map((value) => value.split(' ', 1)[0]),
        schemes,
      );
    });
  }

  it('name the scopes that the rule wants in the first 401, and with a bad token', async () => {
    const ask = asking({});
    assert.deepEqual((await ask('/mcp/x')).all('www-authenticate'), [
      'Bearer realm="postern", scope="mcp.read mcp.a mcp.b"',
    ]);
    assert.match(
      (await ask('/mcp/x', {authorization: 'Bearer bad'})).all('www-authenticate')[0] ?? '',
      /error="invalid_token".*, scope="mcp.read mcp.a mcp.b"/,
    );
    assert.deepEqual((await ask('/rest/x')).all('www-authenticate'), ['Bearer realm="postern"']);
  });
});

describe('responses.resourceMetadata', () => {
  const one = {
    resource: 'https://api.acme.example/mcp',
    authorizationServers: ['https://id.acme.example'],
    scopes: ['mcp.read'],
    name: 'Orders',
  };
  const url = 'https://api.acme.example/.well-known/oauth-protected-resource/mcp';
  const path = '/.well-known/oauth-protected-resource/mcp';

  it('is named in the challenges of what it is about', async () => {
    const ask = asking({resourceMetadata: one});
    const named = async (...asked: Parameters<typeof ask>) =>
      /resource_metadata="([^"]*)"/.exec((await ask(...asked)).all('www-authenticate')[0] ?? '')?.[1];
    assert.equal(await named('/mcp'), url);
    assert.equal(await named('/mcp/x?y'), url);
    assert.equal(await named('/mcp/x', {authorization: 'Bearer bad'}), url);
    assert.equal(await named('/rest/x'), undefined);
    assert.equal(await named('/mcp', {}, 'GET', 'API.acme.example:443'), url);
    assert.equal(await named('/mcp', {}, 'GET', 'other.example'), undefined);
  });

  it('is served where no rule lets its path through', async () => {
    const said = await asking({resourceMetadata: one})(path);
    assert.equal(said.status, 200);
    assert.deepEqual(said.all('content-type'), ['application/json']);
    assert.deepEqual(said.all('access-control-allow-origin'), ['*']);
    assert.deepEqual(JSON.parse(said.body ?? ''), {
      resource: one.resource,
      authorization_servers: one.authorizationServers,
      scopes_supported: ['mcp.read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
    });
    assert.deepEqual([outcomeOf(said.decision), reasonOf(said.decision)], ['answer', 'resource_metadata']);
  });

  it('answers preflights for the document, and no other method, path or host', async () => {
    const ask = asking({resourceMetadata: one});
    assert.equal(
      (await ask(path, {origin: 'https://any.example', 'access-control-request-method': 'GET'}, 'OPTIONS')).status,
      204,
    );
    for (const [target, method, host] of [
      [path, 'POST', undefined],
      [`${path}/`, 'GET', undefined],
      [`${path}x`, 'GET', undefined],
      ['/.well-known/oauth-protected-resource', 'GET', undefined],
      [path, 'GET', 'other.example'],
    ] as const) {
      assert.equal((await ask(target, {}, method, host)).status, 403, `${method} ${target}`);
    }
  });

  it('leaves the path to a rule that opens it', async () => {
    const {settings} = checkSettings({
      providers: [provider],
      rules: [{name: 'metadata', match: {path: '/.well-known/**'}, public: true}],
      responses: {resourceMetadata: one},
    });
    assert.ok(settings);
    const check = replying(
      makeCheck({...settings, providers: [], revocations: {revoked: () => false}, entitlements: {}} as never),
      settings.responses,
    );
    assert.equal((await check(request(path), context())).outcome, 'allow');
  });

  it('takes several, the longest path first', async () => {
    const ask = asking({resourceMetadata: [{...one, resource: 'https://api.acme.example/'}, one]});
    const named = async (target: string) =>
      /resource_metadata="([^"]*)"/.exec((await ask(target)).all('www-authenticate')[0] ?? '')?.[1];
    assert.equal(await named('/mcp/x'), url);
    assert.equal(await named('/rest/x'), 'https://api.acme.example/.well-known/oauth-protected-resource');
  });

  const wrong: readonly (readonly [settings: object, says: RegExp])[] = [
    [{...one, resource: 'http://api.acme.example/mcp'}, /resource is http:/],
    [{...one, authorizationServers: ['http://id.acme.example']}, /authorizationServers\.0 is http:/],
    [{...one, authorizationServers: []}, /is an empty list/],
    [{...one, resource: 'https://api.acme.example/mcp?x'}, /has a query/],
    [[one, one], /is given twice/],
  ];
  for (const [settings, says] of wrong) {
    it(`refuses what is ${says}`, () => assert.match(faultsOf({resourceMetadata: settings}), says));
  }
});
