// From Decision to CheckResponse: what Envoy will do with each answer.
import assert from 'node:assert/strict';
import type {MethodDefinition} from '@grpc/grpc-js';
import fc from 'fast-check';
import type {Place} from '../../src/core/credential/credential.ts';
import {makePlace} from '../../src/core/credential/places.ts';
import type {Decision, Deny} from '../../src/core/decision.ts';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import type {Principal} from '../../src/core/principal.ts';
import {type Reason, reasons, refusals} from '../../src/core/refusals.ts';
import type {Request} from '../../src/core/request/request.ts';
import {loadProtos} from '../../src/envoy/protos.ts';
import {makeRender, type RenderSettings} from '../../src/envoy/render.ts';
import type {CheckResponse, DeniedHttpResponse, HeaderValueOption} from '../../src/envoy/wire.ts';

const service = loadProtos()['envoy.service.auth.v3.Authorization'] as unknown as {
  Check: MethodDefinition<object, object>;
};

const principal: Principal = {
  provider: 'acme',
  kind: 'user',
  subject: 'u1',
  tenant: 't1',
  roles: ['admin', 'owner'],
  permissions: [],
  scopes: [],
  claims: {},
  amr: [],
};
const identity = makeIdentityHeaders(
  new Map([
    ['x-auth-subject', 'subject'],
    ['x-auth-tenant', 'tenant'],
    ['x-auth-email', 'email'],
  ]),
);
const nobody = makeIdentityHeaders(new Map());

const asked = (headers: Record<string, string> = {}, more: Partial<Request> = {}): Request => ({
  kind: 'http',
  id: '1',
  method: 'GET',
  scheme: 'https',
  host: 'api.acme.example',
  target: '/orders?x=1',
  headers: new Map(Object.entries(headers)),
  source: {address: '', principal: ''},
  ...more,
});
const place = (kind: Place['kind'], name: string, scheme?: string): Place => ({
  label: `${kind}:${name}`,
  kind,
  name,
  ...(scheme === undefined ? {} : {scheme}),
  find: () => ({held: 'nothing'}),
});
const bearer = place('header', 'authorization', 'Bearer');

const usual: RenderSettings = {format: 'problem', status: {}, removeCredential: false, errors: 'response'};
const rendered = (
  decision: Decision,
  {
    request = asked(),
    settings = {},
    headers = identity,
  }: {request?: Request | undefined; settings?: Partial<RenderSettings>; headers?: typeof identity} = {},
): CheckResponse => {
  const answer = makeRender({...usual, ...settings}, headers)(decision, request, 'id-1');
  assert.ok(!('failure' in answer));
  return answer;
};
const deny = (reason: Reason, more: Partial<Deny> = {}): Deny => ({outcome: 'deny', reason, ...more});
const denied = (...[decision, options]: Parameters<typeof rendered>): DeniedHttpResponse => {
  const response = rendered(decision, options).denied_response;
  assert.ok(response);
  return response;
};
const valuesOf = (headers: readonly HeaderValueOption[] | undefined, name: string): string[] =>
  (headers ?? []).filter(({header}) => header.key === name).map(({header}) => header.value);
const firstOf = (response: DeniedHttpResponse, name: string): string | undefined => valuesOf(response.headers, name)[0];

describe('render: allow', () => {
  it('puts the identity in, over whatever the client sent', () => {
    const {status, ok_response} = rendered(
      {outcome: 'allow', rule: 'r', principal},
      {request: asked({'x-auth-subject': 'forged', X_Auth_Tenant: 'forged'})},
    );
    assert.equal(status.code, 0);
    assert.deepEqual(ok_response?.headers, [
      {header: {key: 'x-auth-subject', value: 'u1'}, append_action: 2},
      {header: {key: 'x-auth-tenant', value: 't1'}, append_action: 2},
    ]);
    for (const name of ['x-auth-email', 'x_auth_subject', 'x_auth_tenant', 'x_auth_email'])
      assert.ok(ok_response?.headers_to_remove?.includes(name), name);
    assert.ok(!ok_response?.headers_to_remove?.includes('x-auth-subject'));
  });

  it('of nobody: every identity header is removed', () => {
    const {ok_response} = rendered({outcome: 'allow', rule: 'public'});
    assert.deepEqual(ok_response?.headers, []);
    for (const name of ['x-auth-subject', 'x_auth_subject', 'x-auth-tenant', 'x-auth-email'])
      assert.ok(ok_response?.headers_to_remove?.includes(name), name);
  });

  it('drops a value that is no header value rather than let Envoy answer 500', () => {
    for (const value of ['a\r\nx-evil: 1', 'a\0', 'Zoë', 'tab\there']) {
      const {ok_response} = rendered(
        {outcome: 'allow', rule: 'r', principal},
        {headers: () => ({set: [['x-a', value]], remove: []})},
      );
      assert.deepEqual([ok_response?.headers, ok_response?.headers_to_remove], [[], ['x-a']]);
    }
  });

  it('never sets and removes the same name', () => {
    const headers = () => ({set: [['authorization', 'mine'] as const, ['x-a', '1'] as const], remove: ['x-a', 'x_a']});
    const {ok_response} = rendered(
      {outcome: 'allow', rule: 'r', principal, credentialPlace: bearer},
      {headers, settings: {removeCredential: true}},
    );
    assert.deepEqual(ok_response?.headers_to_remove, ['x_a']);
    assert.deepEqual(valuesOf(ok_response?.headers, 'authorization'), ['mine']);
  });

  it('changes nothing for a connection', () => {
    const {status, ok_response} = rendered({outcome: 'allow', rule: 'tcp'}, {request: asked({}, {kind: 'connection'})});
    assert.deepEqual([status.code, ok_response], [0, {}]);
  });

  const credentials: [string, Place, string | undefined, object][] = [
    ['a header', bearer, undefined, {remove: ['authorization']}],
    ['another header', place('header', 'x-api-key'), undefined, {remove: ['x-api-key']}],
    ['the only cookie', place('cookie', 'sid'), 'sid=s', {remove: ['cookie']}],
    ['one cookie of three', place('cookie', 'sid'), 'a=1; sid=s; b=2', {cookie: 'a=1; b=2'}],
    ['a cookie without blanks', place('cookie', 'sid'), 'a=1;sid=s;b=2', {cookie: 'a=1; b=2'}],
    ['a cookie whose value holds =', place('cookie', 'sid'), 'sid=a=b==; c=d=e', {cookie: 'c=d=e'}],
    ['not a cookie of a longer name', place('cookie', 'sid'), 'sid2=x; sid=s; xsid=y', {cookie: 'sid2=x; xsid=y'}],
    ['every cookie of the name', place('cookie', 'sid'), 'sid=1; a=b; sid=2', {cookie: 'a=b'}],
    ['a cookie before nonsense', place('cookie', 'sid'), 'sid=1;;  ; =x; y', {cookie: '=x; y'}],
    ['a header that could not be sent on', place('cookie', 'sid'), 'sid=1; a=b\r\nx: y', {remove: ['cookie']}],
    ['a parameter', place('query', 'access_token'), undefined, {parameter: ['access_token']}],
  ];
  for (const [what, credentialPlace, cookie, expected] of credentials)
    it(`removeCredential takes out ${what}`, () => {
      const request = asked(cookie === undefined ? {} : {cookie});
      const decision: Decision = {outcome: 'allow', rule: 'r', principal, credentialPlace};
      const {ok_response} = rendered(decision, {request, headers: nobody, settings: {removeCredential: true}});
      const {
        remove = [],
        cookie: rest,
        parameter,
      } = expected as {remove?: string[]; cookie?: string; parameter?: string[]};
      assert.deepEqual(ok_response?.headers_to_remove, remove);
      assert.deepEqual(valuesOf(ok_response?.headers, 'cookie'), rest === undefined ? [] : [rest]);
      assert.deepEqual(ok_response?.query_parameters_to_remove, parameter);
      const kept = rendered(decision, {request, headers: nobody}).ok_response;
      assert.deepEqual(kept, {headers: [], headers_to_remove: []}, 'and nothing without the setting');
    });

  it('removeCredential takes out a parameter in the spelling that was sent, too', () => {
    const request = asked({}, {target: '/x?a=1&access%5Ftoken=t&%zz=1'});
    const credentialPlace = place('query', 'access_token');
    const decision: Decision = {outcome: 'allow', rule: 'r', principal, credentialPlace};
    const {ok_response} = rendered(decision, {request, settings: {removeCredential: true}});
    assert.deepEqual(ok_response?.query_parameters_to_remove, ['access_token', 'access%5Ftoken']);
  });

  it('takes out whatever is withheld, at all its places, without the setting', () => {
    const request = asked(
      {authorization: 'Bearer x', cookie: 'a=1; sid.0=x; b=ü; sid=y', 'sec-websocket-protocol': 'v1, bearer, x'},
      {target: '/x?t=1&%74=2'},
    );
    const withheld = [
      makePlace({header: 'authorization', scheme: 'Bearer'}),
      makePlace({header: 'authorization', scheme: 'Basic'}),
      makePlace({cookie: 'sid', pieces: '{name}.{n}'}),
      makePlace({cookie: 'b2'}),
      makePlace({query: 't'}),
      makePlace({query: 'u'}),
      makePlace({header: 'sec-websocket-protocol'}),
    ];
    const {ok_response} = rendered({outcome: 'allow', rule: 'r', withheld}, {request, headers: nobody});
    assert.deepEqual(ok_response?.headers_to_remove, ['authorization']);
    assert.deepEqual(valuesOf(ok_response?.headers, 'cookie'), ['a=1; b=ü']);
    assert.deepEqual(valuesOf(ok_response?.headers, 'sec-websocket-protocol'), ['v1, bearer']);
    assert.deepEqual(ok_response?.query_parameters_to_remove, ['t', '%74', 'u']);
  });
  it('takes out all cookies, and every spelling of a parameter, where there are more than anyone looks at', () => {
    const request = asked({cookie: 'sid=x; '.repeat(400)}, {target: `/x?${'a=1&'.repeat(2_000)}%74=x&%zz=1`});
    const withheld = [makePlace({cookie: 'sid'}), makePlace({query: 't'})];
    const {ok_response} = rendered({outcome: 'allow', rule: 'r', withheld}, {request, headers: nobody});
    assert.deepEqual(ok_response?.headers_to_remove, ['cookie']);
    assert.deepEqual(ok_response?.query_parameters_to_remove, ['t', '%74']);
  });

  it('gives the client the cookies of the provider, each a line', () => {
    const {ok_response} = rendered({
      outcome: 'allow',
      rule: 'r',
      principal,
      setCookies: ['a=1; Path=/', 'b=2', 'c=\r\nx'],
    });
    assert.deepEqual(ok_response?.response_headers_to_add, [
      {header: {key: 'set-cookie', value: 'a=1; Path=/'}},
      {header: {key: 'set-cookie', value: 'b=2'}},
    ]);
  });
});

describe('render: deny', () => {
  for (const reason of reasons) {
    const refusal = refusals[reason];
    it(`${reason}: ${refusal.status}, gRPC ${refusal.grpc}`, () => {
      const answer = rendered(deny(reason));
      assert.equal(answer.status.code, refusal.grpc);
      const response = refusal.kind === 'error' ? answer.error_response : answer.denied_response;
      assert.ok(response);
      assert.equal(response.status.code, refusal.status);
      assert.equal(firstOf(response, 'content-type'), 'application/problem+json');
      assert.equal(firstOf(response, 'cache-control'), 'no-store');
      assert.equal(
        firstOf(response, 'retry-after'),
        reason === 'overloaded' || reason === 'unavailable' ? '1' : undefined,
      );
      assert.deepEqual(JSON.parse(response.body), {
        type: 'about:blank',
        title: {
          400: 'Bad Request',
          401: 'Unauthorized',
          403: 'Forbidden',
          500: 'Internal Server Error',
          503: 'Service Unavailable',
        }[refusal.status],
        status: refusal.status,
        detail: refusal.sentence,
        code: reason,
        decision: 'id-1',
      });
      // RFC 6750 section 3: error_description holds no quote, backslash or letter beyond ASCII.
      assert.match(refusal.sentence, /^[ !#-[\]-~]+$/);
    });
  }

  const challenges: [string, Deny, string | undefined][] = [
    ['no credential: no error', deny('no_credential'), 'Bearer realm="postern"'],
    [
      'a bad token',
      deny('token_expired', {credentialPlace: bearer}),
      'Bearer realm="postern", error="invalid_token", error_description="The token has expired. Get a new one."',
    ],
    [
      'the scheme of the place',
      deny('revoked', {credentialPlace: place('header', 'authorization', 'DPoP')}),
      'DPoP realm="postern", error="invalid_token", error_description="The credential has been revoked. Sign in again."',
    ],
    [
      'a cookie',
      deny('session_invalid', {credentialPlace: place('cookie', 'sid')}),
      'Bearer realm="postern", error="invalid_token", error_description="The session is over or unknown. Sign in again."',
    ],
    [
      'Basic knows no error',
      deny('inactive', {credentialPlace: place('header', 'authorization', 'Basic')}),
      'Basic realm="postern", charset="UTF-8"',
    ],
    [
      'a missing scope',
      deny('missing_scope', {challenge: {scopes: ['orders', 'orders.write']}}),
      `Bearer realm="postern", error="insufficient_scope", error_description="${refusals.missing_scope.sentence}", scope="orders orders.write"`,
    ],
    [
      'step-up',
      deny('step_up_required', {challenge: {maxAge: 300, acrValues: ['urn:mfa', 'gold']}}),
      `Bearer realm="postern", error="insufficient_user_authentication", error_description="${refusals.step_up_required.sentence}", acr_values="urn:mfa gold", max_age="300"`,
    ],
    [
      'step-up, at once',
      deny('step_up_required', {challenge: {maxAge: 0}}),
      `Bearer realm="postern", error="insufficient_user_authentication", error_description="${refusals.step_up_required.sentence}", max_age="0"`,
    ],
    [
      'a value that would break out of the quotes',
      deny('missing_scope', {challenge: {scopes: ['a", error="x', 'b']}}),
      `Bearer realm="postern", error="insufficient_scope", error_description="${refusals.missing_scope.sentence}", scope="b"`,
    ],
    ['403 for something else', deny('missing_role', {credentialPlace: bearer}), undefined],
    ['400', deny('duplicate_credential', {credentialPlace: bearer}), undefined],
  ];
  for (const [what, decision, expected] of challenges)
    it(`WWW-Authenticate: ${what}`, () => assert.equal(firstOf(denied(decision), 'www-authenticate'), expected));

  it('overrides a status, and its meaning with it', () => {
    const settings = {status: {missing_feature: 402, not_related: 404, no_credential: 404} as const};
    assert.equal(denied(deny('missing_feature'), {settings}).status.code, 402);
    const hidden = rendered(deny('not_related'), {settings});
    assert.deepEqual([hidden.status.code, hidden.denied_response?.status.code], [5, 404]);
    assert.equal(firstOf(denied(deny('no_credential'), {settings}), 'www-authenticate'), undefined);
    assert.equal(
      rendered(deny('unavailable'), {settings: {status: {unavailable: 403}}}).error_response?.status.code,
      503,
    );
  });

  const unauthenticated = '{"code":"unauthenticated","message":"not authenticated"}';
  const unauthorized = '{"code":"permission_denied","message":"not authorized"}';
  const frontier: [Reason, status: Partial<Record<Reason, number>>, code: number, string][] = [
    ['no_credential', {}, 401, unauthenticated],
    ['inactive', {}, 401, unauthenticated],
    ['unknown_subject', {}, 401, unauthenticated],
    ['unknown_subject', {unknown_subject: 404}, 404, '{"code":"not_found","message":"user doesn\'t exist"}'],
    ['missing_permission', {}, 403, unauthorized],
    ['disabled', {}, 403, unauthorized],
    ['not_related', {not_related: 404}, 404, `{"code":"not_found","message":"${refusals.not_related.sentence}"}`],
    ['malformed_request', {}, 400, '{"code":"invalid_argument","message":"The request cannot be understood."}'],
  ];
  for (const [reason, status, code, body] of frontier)
    it(`format frontier: ${reason}, ${code}`, () => {
      const response = denied(deny(reason), {settings: {format: 'frontier', status}});
      assert.deepEqual([response.status.code, response.body], [code, body]);
      assert.equal(firstOf(response, 'content-type'), 'application/json');
    });

  it('format text', () => {
    const response = denied(deny('revoked'), {settings: {format: 'text'}});
    assert.deepEqual(
      [response.body, firstOf(response, 'content-type')],
      [`${refusals.revoked.sentence}\n`, 'text/plain; charset=utf-8'],
    );
  });

  it('repeats Set-Cookie', () => {
    const response = denied(deny('session_invalid', {setCookies: ['a=1', 'b=2', 'bad=\n']}));
    assert.deepEqual(valuesOf(response.headers, 'set-cookie'), ['a=1', 'b=2']);
  });

  it('answers where no request could be read, and connections', () => {
    const render = makeRender({...usual, login: {url: 'https://l/{url}'}}, identity);
    for (const request of [undefined, asked({}, {kind: 'connection', method: '', target: ''})]) {
      const answer = render(deny('malformed_request'), request, 'id');
      assert.equal('status' in answer && answer.status.code, 3);
    }
  });
});

describe('render: login', () => {
  const login = {url: 'https://app.acme.example/login?return_to={url}'};
  const target = 'https://app.acme.example/login?return_to=https%3A%2F%2Fapi.acme.example%2Forders%3Fx%3D1';
  const html = {accept: 'text/html,application/xhtml+xml'};
  const twice = (kind: Place['kind']) => ({credentialPlace: place(kind, 'sid')});
  const rows: [string, Reason, Request, string | undefined, object?][] = [
    ['two cookies of one name', 'duplicate_credential', asked(html), target, twice('cookie')],
    ['two cookies, and a script', 'duplicate_credential', asked({accept: '*/*'}), undefined, twice('cookie')],
    ['two headers', 'duplicate_credential', asked(html), undefined, twice('header')],
    ['two parameters', 'duplicate_credential', asked(html), undefined, twice('query')],
    [
      'a host in another spelling',
      'no_credential',
      asked(html, {host: 'API.acme.example.:08443'}),
      target.replace('api.acme.example', 'api.acme.example%3A8443'),
    ],
    ['a host that can be read in two ways', 'no_credential', asked(html, {host: 'a.example@b.example'}), undefined],
    ['no host', 'no_credential', asked(html, {host: ''}), undefined],
    ['a scheme that is no web page', 'no_credential', asked(html, {scheme: 'javascript'}), target],
    ['http', 'no_credential', asked(html, {scheme: 'http'}), target.replace('https%3A', 'http%3A')],
    ['a page load', 'no_credential', asked({'sec-fetch-mode': 'navigate', accept: '*/*'}), target],
    ['HEAD of a page', 'session_invalid', asked(html, {method: 'HEAD'}), target],
    ['an older browser', 'no_credential', asked(html), target],
    ['a script', 'no_credential', asked({...html, 'sec-fetch-mode': 'cors'}), undefined],
    ['a frame of unknown mode', 'no_credential', asked({...html, 'sec-fetch-site': 'cross-site'}), undefined],
    ['a form', 'no_credential', asked({...html, 'sec-fetch-mode': 'navigate'}, {method: 'POST'}), undefined],
    ['curl', 'no_credential', asked({accept: '*/*'}), undefined],
    ['who takes no HTML', 'no_credential', asked({accept: 'application/json, text/html; q=0.0'}), undefined],
    ['who would rather have JSON', 'no_credential', asked({accept: 'application/json, Text/HTML;q=0.5'}), target],
    ['who takes what is called like HTML', 'no_credential', asked({accept: 'text/html-fragment'}), undefined],
    ['no Accept', 'no_credential', asked(), undefined],
    ['403', 'missing_role', asked(html), undefined],
    ['400', 'ambiguous_path', asked(html), undefined],
    ['an outage', 'unavailable', asked(html), undefined],
    ['gRPC', 'no_credential', asked({...html, 'content-type': 'application/grpc'}), undefined],
    [
      'a target that would break the header',
      'no_credential',
      asked(html, {target: '/a\r\nset-cookie: x=y&b="'}),
      'https://app.acme.example/login?return_to=https%3A%2F%2Fapi.acme.example%2Fa%0D%0Aset-cookie%3A%20x%3Dy%26b%3D%22',
    ],
    [
      'a lone surrogate',
      'no_credential',
      asked(html, {target: '/\ud800'}),
      'https://app.acme.example/login?return_to=https%3A%2F%2Fapi.acme.example%2F%EF%BF%BD',
    ],
    [
      'a target too long for a header',
      'no_credential',
      asked(html, {target: `/${'a'.repeat(9_000)}`}),
      'https://app.acme.example/login?return_to=https%3A%2F%2Fapi.acme.example%2F',
    ],
  ];
  for (const [what, reason, request, location, more] of rows)
    it(`${what}: ${location === undefined ? 'as without login' : '302'}`, () => {
      const answer = rendered(deny(reason, {setCookies: ['a=1'], ...more}), {request, settings: {login}});
      const response = answer.denied_response ?? answer.error_response;
      assert.ok(response && answer.status.code !== 0);
      assert.equal(firstOf(response, 'location'), location);
      assert.equal(response.status.code, location === undefined ? refusals[reason].status : 302);
      assert.deepEqual(valuesOf(response.headers, 'set-cookie'), ['a=1']);
      assert.equal(valuesOf(response.headers, 'cache-control').length, request.headers.has('content-type') ? 0 : 1);
    });
});

describe('render: gRPC clients', () => {
  for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc+json', 'Application/gRPC'])
    it(`${type}: grpc-status, and the sentence as the body that becomes grpc-message`, () => {
      const response = denied(deny('missing_feature'), {request: asked({'content-type': type})});
      assert.equal(response.body, refusals.missing_feature.sentence);
      assert.deepEqual(response.headers, [{header: {key: 'grpc-status', value: '7'}}]);
      assert.equal(response.status.code, 403);
    });
  for (const type of ['application/grpc-web', 'application/grpc-web+proto', 'application/grpc-web-text'])
    it(`${type}: both as headers`, () => {
      const response = denied(deny('no_credential'), {request: asked({'content-type': type})});
      assert.equal(firstOf(response, 'grpc-status'), '16');
      assert.equal(firstOf(response, 'grpc-message'), refusals.no_credential.sentence);
      assert.equal(firstOf(response, 'content-type'), 'application/grpc-web+proto');
      assert.equal(response.body, '');
    });
  for (const type of ['application/json', 'application/grpcx', 'text/application/grpc'])
    it(`${type}: not gRPC`, () =>
      assert.equal(
        firstOf(denied(deny('no_rule'), {request: asked({'content-type': type})}), 'grpc-status'),
        undefined,
      ));
});

describe('render: errors and metadata', () => {
  it('errors: grpc fails the call with UNAVAILABLE, and denials stay denials', () => {
    const render = makeRender({...usual, errors: 'grpc'}, identity);
    for (const reason of reasons) {
      const answer = render(deny(reason), asked(), 'id-1');
      if (refusals[reason].kind === 'error') assert.deepEqual(answer, {failure: {code: 14, details: `${reason} id-1`}});
      else assert.ok('denied_response' in answer);
    }
  });

  const rows: [string, Decision, Record<string, string>][] = [
    [
      'allow',
      {outcome: 'allow', rule: 'r', principal, provider: 'acme'},
      {outcome: 'allow', rule: 'r', provider: 'acme', subject: 'u1', tenant: 't1'},
    ],
    ['public', {outcome: 'allow', rule: 'p'}, {outcome: 'allow', rule: 'p'}],
    [
      'shadow',
      {outcome: 'allow', rule: 'r', shadow: 'missing_role'},
      {outcome: 'shadow_deny', rule: 'r', reason: 'missing_role'},
    ],
    ['deny', deny('no_rule'), {outcome: 'deny', reason: 'no_rule'}],
    [
      'deny of a rule',
      deny('bad_signature', {rule: 'r', provider: 'acme'}),
      {outcome: 'deny', rule: 'r', reason: 'bad_signature', provider: 'acme'},
    ],
    ['error', deny('unavailable', {rule: 'r'}), {outcome: 'error', rule: 'r', reason: 'unavailable'}],
    [
      'a lone surrogate',
      {outcome: 'allow', rule: 'r', principal: {...principal, subject: 'a\ud800b'}},
      {outcome: 'allow', rule: 'r', provider: 'acme', subject: 'a\ufffdb', tenant: 't1'},
    ],
    [
      'a pair cut in two',
      {outcome: 'allow', rule: 'r', principal: {...principal, subject: `${'a'.repeat(255)}😀`}},
      {outcome: 'allow', rule: 'r', provider: 'acme', subject: `${'a'.repeat(255)}\ufffd`, tenant: 't1'},
    ],
  ];
  for (const [what, decision, expected] of rows)
    it(`metadata: ${what}, as it arrives`, () => {
      const received = service.Check.responseDeserialize(service.Check.responseSerialize(rendered(decision))) as {
        dynamic_metadata: {fields: {postern: {structValue: {fields: Record<string, {stringValue: string}>}}}};
      };
      const {fields} = received.dynamic_metadata.fields.postern.structValue;
      assert.deepEqual(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value.stringValue])), {
        decision: 'id-1',
        ...expected,
      });
    });
});

describe('render: what can never happen', () => {
  const anyRequest = fc.record({
    kind: fc.constantFrom('http' as const, 'connection' as const),
    method: fc.constantFrom('GET', 'HEAD', 'POST'),
    headers: fc
      .dictionary(
        fc.constantFrom('content-type', 'accept', 'cookie', 'sec-fetch-mode', 'x-auth-subject'),
        fc.oneof(fc.string(), fc.constantFrom('application/grpc', 'text/html', 'navigate')),
      )
      .map((record) => new Map(Object.entries(record))),
    target: fc.string({unit: 'binary'}),
  });
  const anySettings = fc.record({
    format: fc.constantFrom('problem' as const, 'frontier' as const, 'text' as const),
    status: fc.constant({}),
    removeCredential: fc.boolean(),
    errors: fc.constantFrom('response' as const, 'grpc' as const),
    login: fc.option(fc.constant({url: 'https://l/?u={url}'}), {nil: undefined}),
  });
  const anyPlace = fc.option(
    fc.constantFrom(bearer, place('cookie', 'sid'), place('query', 't'), place('header', 'authorization', 'Basic')),
    {nil: undefined},
  );
  const any = fc
    .record({credentialPlace: anyPlace, setCookies: fc.array(fc.string({unit: 'binary'}))})
    .map(({credentialPlace, setCookies}) => ({setCookies, ...(credentialPlace ? {credentialPlace} : {})}));

  it('a deny that lets through: its code is never 0, it never holds ok_response, over the wire', () => {
    fc.assert(
      fc.property(fc.constantFrom(...reasons), any, anyRequest, anySettings, (reason, more, request, settings) => {
        const answer = makeRender(settings, identity)({outcome: 'deny', reason, ...more}, asked({}, request), 'id');
        if ('failure' in answer) return assert.ok(answer.failure.code !== 0);
        const received = service.Check.responseDeserialize(service.Check.responseSerialize(answer)) as CheckResponse;
        assert.ok(received.status.code !== 0 && received.status.code !== undefined);
        assert.ok(!('ok_response' in received));
        assert.equal('denied_response' in received, refusals[reason].kind === 'denial');
        const {headers} = (received.denied_response ?? received.error_response) as DeniedHttpResponse;
        for (const {header} of headers) assert.match(header.value, /^[ -~]*$/);
      }),
    );
  });

  it('an allow has code 0, and no header value that Envoy refuses', () => {
    fc.assert(
      fc.property(
        fc.string({unit: 'binary', minLength: 1}),
        any,
        anyRequest,
        fc.boolean(),
        (subject, more, request, removeCredential) => {
          const {status, ok_response} = rendered(
            {outcome: 'allow', rule: 'r', principal: {...principal, subject}, ...more},
            {request: asked({}, request), settings: {removeCredential}},
          );
          assert.equal(status.code, 0);
          assert.ok(ok_response);
          const set = (ok_response.headers ?? []).map(({header}) => header.key);
          assert.equal(new Set(set).size, set.length);
          for (const name of ok_response.headers_to_remove ?? []) assert.ok(!set.includes(name), name);
          for (const {header} of [...(ok_response.headers ?? []), ...(ok_response.response_headers_to_add ?? [])])
            if (header.key !== 'cookie') assert.match(header.value, /^[ -~]*$/);
        },
      ),
    );
  });

  const garbage: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['true', true],
    ['an empty object', {}],
    ['an unknown outcome', {outcome: 'ALLOW', rule: 'r'}],
    ['an allow without a rule', {outcome: 'allow'}],
    ['a deny without a reason', {outcome: 'deny'}],
    ['a reason that is not ours', {outcome: 'deny', reason: 'constructor'}],
    ['a promise', Promise.resolve({outcome: 'allow', rule: 'r'})],
  ];
  for (const [what, decision] of garbage)
    it(`garbage is no answer: ${what}`, () => {
      assert.throws(() => makeRender(usual, identity)(decision as Decision, asked(), 'id'), TypeError);
    });

  it('an allow without a request', () => {
    assert.throws(() => makeRender(usual, identity)({outcome: 'allow', rule: 'r'}, undefined, 'id'), TypeError);
  });
});
