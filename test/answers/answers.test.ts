// docs/guides/answers.md, tried: OpenFeature's own SDK asks the program, and gets what the gate decides by.
import assert from 'node:assert/strict';
import {statSync, writeFileSync} from 'node:fs';
import {request as ask} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {type Client, OpenFeature} from '@openfeature/server-sdk';
import {stringify} from 'yaml';
import {endless} from '../../src/answers/evaluate.ts';
import {makeRandom} from '../fuzz/random.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {temporaryFolder} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {acme} from '../support/stage.ts';
import {startAnswering, trusted} from './stage.ts';

const later = new Date(Date.now() + 86_400_000).toISOString();
const entitlements = {
  features: {
    orders: {permissions: ['orders.read']},
    export: {},
    seats: {value: 'number'},
    regions: {value: 'list'},
    tier: {value: 'text'},
    api: {limit: {per: 'minute'}},
  },
  plans: {
    pro: {
      rank: 20,
      features: ['orders', 'export', 'seats', 'regions', 'tier', 'api'],
      values: {seats: 50, regions: ['eu', 'us'], tier: 'gold'},
      limits: {api: 600},
    },
    free: {rank: 10, features: ['orders', 'api'], limits: {api: 0}},
    vast: {rank: 30, features: ['api'], limits: {api: 'unlimited'}},
  },
  grants: [
    {plan: 'pro', tenant: 'acme', expires: later},
    {plan: 'free', tenant: 'small'},
    {plan: 'vast', tenant: 'big'},
    {plan: 'pro', tenant: 'late', expires: new Date(Date.now() - 1_000).toISOString(), grace: '7d'},
    {plan: 'pro', tenant: 'shop', user: 'ann'},
  ],
};

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member
type Body = any;

describe('answers for the application', () => {
  let identityProvider: IdentityProvider;
  let postern: Postern;
  let url: string;
  let client: Client;

  before(async () => {
    identityProvider = await startIdentityProvider({people: {}, audience: 'orders-api'});
    ({postern, url, client} = await startAnswering(
      {
        providers: [acme(identityProvider.issuer)],
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        rules: [{name: 'orders', match: {path: '/orders'}, require: {features: ['orders']}}],
        admin: {token: 'the-token-of-an-operator'},
      },
      {files: {'entitlements.yaml': entitlements}},
    ));
  });
  after(async () => {
    await OpenFeature.close();
    await postern?.stop();
    await identityProvider?.stop();
  });

  /** One request, as it stands on the wire. */
  const post = async (
    path: string,
    body: unknown,
    headers: Record<string, string> = {authorization: `Bearer ${trusted}`},
  ): Promise<{status: number; body: Body; headers: Headers}> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, {method: 'POST', body: text, headers});
    const answer = await response.text();
    return {
      status: response.status,
      body: answer === '' ? {} : (JSON.parse(answer) as Body),
      headers: response.headers,
    };
  };
  const one = (key: string, context: object) => post(`/ofrep/v1/evaluate/flags/${key}`, {context});

  it('the SDK gets booleans, numbers, texts and lists, with reason and variant', async () => {
    const context = {targetingKey: 'ann', tenant: 'acme'};
    assert.equal(await client.getBooleanValue('orders', false, context), true);
    assert.equal(await client.getNumberValue('seats', 1, context), 50);
    assert.equal(await client.getStringValue('tier', 'none', context), 'gold');
    assert.deepEqual(await client.getObjectValue('regions', [], context), ['eu', 'us']);
    const {value, reason, variant, flagMetadata} = await client.getNumberDetails('api', 1, context);
    assert.deepEqual({value, reason, variant}, {value: 600, reason: 'TARGETING_MATCH', variant: 'pro'});
    assert.deepEqual(flagMetadata, {plan: 'pro', unit: 'minute'});
  });

  const rows: [what: string, key: string, context: object, status: number, part: object][] = [
    [
      'not bought',
      'export',
      {tenant: 'small'},
      200,
      {value: false, variant: 'off', metadata: {justification: 'missing-feature'}},
    ],
    ['a tenant that nobody knows', 'orders', {tenant: 'nobody'}, 200, {value: false}],
    ['0 is an amount', 'api', {tenant: 'small'}, 200, {value: 0, variant: 'free'}],
    ['no amount is none', 'seats', {tenant: 'small'}, 404, {errorCode: 'FLAG_NOT_FOUND'}],
    [
      'unlimited',
      'api',
      {tenant: 'big'},
      200,
      {value: endless, variant: 'unlimited', metadata: {plan: 'vast', unit: 'minute', unlimited: true}},
    ],
    ['grace', 'orders', {tenant: 'late'}, 200, {value: true, metadata: {grace: true}}],
    ['a user of a tenant', 'orders', {tenant: 'shop', targetingKey: 'ann'}, 200, {value: true}],
    ['the same by its own name', 'orders', {tenant: 'shop', user: 'ann'}, 200, {value: true}],
    ['another user of it', 'orders', {tenant: 'shop', targetingKey: 'bob'}, 200, {value: false}],
    ['the tenant as nobody of it', 'orders', {tenant: 'shop'}, 200, {value: false}],
    [
      'an unknown flag',
      'order',
      {tenant: 'acme'},
      404,
      {errorCode: 'FLAG_NOT_FOUND', errorDetails: 'There is no feature "order". Did you mean orders?'},
    ],
    ['a flag named like a method', 'constructor', {tenant: 'acme'}, 404, {errorCode: 'FLAG_NOT_FOUND'}],
    ['a flag with odd characters', 'a%2Fb%20c', {tenant: 'acme'}, 404, {key: 'a/b c', errorCode: 'FLAG_NOT_FOUND'}],
    [
      'attributes named like parts of a failure are attributes',
      'orders',
      {tenant: 'acme', status: 200, code: 'GENERAL', details: 'x'},
      200,
      {value: true},
    ],
    ['attributes named like parts of an answer', 'orders', {tenant: 'acme', code: 1, details: 2}, 200, {value: true}],
    ['nobody', 'orders', {}, 400, {key: 'orders', errorCode: 'TARGETING_KEY_MISSING'}],
    ['a tenant that is no text', 'orders', {tenant: 7}, 400, {errorCode: 'INVALID_CONTEXT'}],
    [
      'a targetingKey that is no text',
      'orders',
      {tenant: 'acme', targetingKey: {a: 1}},
      400,
      {errorCode: 'INVALID_CONTEXT'},
    ],
    ['what only a provider may say', 'orders', {tenant: 'acme', 'jwt.sub': 'x'}, 400, {errorCode: 'INVALID_CONTEXT'}],
    [
      'too many attributes',
      'orders',
      {tenant: 'acme', ...Object.fromEntries(Array.from({length: 70}, (_, at) => [`a${at}`, at]))},
      400,
      {errorCode: 'INVALID_CONTEXT'},
    ],
  ];
  for (const [what, key, context, status, part] of rows)
    it(`${what}: ${status}`, async () => {
      const answer = await one(key, context);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      for (const [name, value] of Object.entries(part)) assert.deepEqual(answer.body[name], value);
    });

  const broken: [what: string, body: string, status: number, code: string][] = [
    ['no JSON', '{', 400, 'PARSE_ERROR'],
    ['nothing', '', 400, 'PARSE_ERROR'],
    ['a list', '[]', 400, 'PARSE_ERROR'],
    ['null', 'null', 400, 'PARSE_ERROR'],
    ['a context that is a text', '{"context": "x"}', 400, 'INVALID_CONTEXT'],
    ['a context that is null', '{"context": null}', 400, 'INVALID_CONTEXT'],
    ['one that names a tenant twice', '{"context": {"tenant": "acme", "tenant": "other"}}', 400, 'PARSE_ERROR'],
    ['too long', JSON.stringify({context: {tenant: 'x'.repeat(70_000)}}), 413, 'PARSE_ERROR'],
  ];
  for (const [what, body, status, code] of broken)
    it(`a body that is ${what}: ${status}, for one flag and for all`, async () => {
      for (const path of ['/ofrep/v1/evaluate/flags/orders', '/ofrep/v1/evaluate/flags']) {
        const answer = await post(path, body);
        assert.deepEqual([answer.status, answer.body.errorCode], [status, code]);
      }
    });

  it('other pages and methods: 404, 405; what it can do is told', async () => {
    assert.equal((await post('/', {})).status, 404);
    assert.equal((await post('/ofrep/v1/evaluate/flags/', {})).status, 404);
    assert.equal((await post('/ofrep/v1/evaluate/flags/%zz', {})).status, 404);
    assert.equal((await fetch(`${url}/ofrep/v1/evaluate/flags/orders`)).status, 405);
    const told = (await (await fetch(`${url}/ofrep/v1/configuration`)).json()) as Body;
    assert.equal(told.capabilities.cacheInvalidation.polling.enabled, true);
  });

  it('all at once, with an ETag that stays as long as the answer does', async () => {
    const first = await post('/ofrep/v1/evaluate/flags', {context: {tenant: 'acme'}});
    assert.deepEqual(
      first.body.flags.map(({key, value}: {key: string; value: unknown}) => [key, value]),
      [
        ['api', 600],
        ['export', true],
        ['orders', true],
        ['regions', ['eu', 'us']],
        ['seats', 50],
        ['tier', 'gold'],
      ],
    );
    const etag = first.headers.get('etag') ?? '';
    const headers = {authorization: `Bearer ${trusted}`, 'if-none-match': `"other", W/${etag}`};
    assert.equal((await post('/ofrep/v1/evaluate/flags', {context: {tenant: 'acme'}}, headers)).status, 304);
    assert.equal((await post('/ofrep/v1/evaluate/flags', {context: {tenant: 'small'}}, headers)).status, 200);
    for (const [header, status] of [
      ['*', 304],
      [' * ', 304],
      [`"*", "other"`, 200],
      [etag.slice(1, -1), 200],
      ['', 200],
    ] as const) {
      const known = {authorization: `Bearer ${trusted}`, 'if-none-match': header};
      const again = await post('/ofrep/v1/evaluate/flags', {context: {tenant: 'acme'}}, known);
      assert.deepEqual([again.status, again.headers.get('etag')], [status, etag], header);
    }
  });

  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text.replaceAll('\n', '\r\n')));
      socket.setEncoding('latin1').on('data', (more) => {
        answer += more;
      });
      socket.on('error', () => {}).on('close', () => resolve(answer));
    });
  const flag = 'POST /ofrep/v1/evaluate/flags/orders HTTP/1.1\nhost: x\n';
  const asTrusted = `authorization: Bearer ${trusted}\nconnection: close\n`;
  const question = '{"context":{"tenant":"acme"}}';
  const chunked = 'transfer-encoding: chunked\n';
  const hostile: [what: string, request: string, answers: RegExp][] = [
    ['in chunks', `${flag}${asTrusted}${chunked}\n1d\n${question}\n0\n\n`, /^HTTP\/1.1 200 OK\r\n[\s\S]*"value":true/],
    ['with two lengths', `${flag}${asTrusted}content-length: 29\ncontent-length: 5\n\n${question}`, /^HTTP\/1.1 400 /],
    [
      'with a length and in chunks',
      `${flag}${asTrusted}content-length: 5\n${chunked}\n1d\n${question}\n0\n\n`,
      /^HTTP\/1.1 400 /,
    ],
    [
      'in chunks by a name that is nearly it',
      `${flag}${asTrusted}transfer-encoding: xchunked\n\n0\n\n`,
      /^HTTP\/1.1 400 /,
    ],
    ['with a blank before the colon', `${flag}${asTrusted}content-length : 29\n\n${question}`, /^HTTP\/1.1 400 /],
    ['without a host', 'POST /ofrep/v1/evaluate/flags HTTP/1.1\n\n', /^HTTP\/1.1 400 /],
    [
      'that waits for 100',
      `${flag}${asTrusted}expect: 100-continue\ncontent-length: 29\n\n${question}`,
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /,
    ],
    ['that expects more', `${flag}${asTrusted}expect: everything\ncontent-length: 0\n\n`, /^HTTP\/1.1 417 /],
    [
      'by an absolute URL',
      `POST http://x/ofrep/v1/evaluate/flags/orders HTTP/1.1\nhost: x\n${asTrusted}content-length: 29\n\n${question}`,
      /^HTTP\/1.1 404 /,
    ],
    [
      'by HEAD',
      `HEAD /ofrep/v1/evaluate/flags/orders HTTP/1.1\nhost: x\nconnection: close\n\n`,
      /^HTTP\/1.1 405 [\s\S]*allow: POST[\s\S]*\r\n\r\n$/,
    ],
    [
      'by HEAD where GET is',
      `HEAD /ofrep/v1/configuration HTTP/1.1\nhost: x\nconnection: close\n\n`,
      /^HTTP\/1.1 200 [\s\S]*\r\n\r\n$/,
    ],
    [
      'by TRACE',
      `TRACE /ofrep/v1/configuration HTTP/1.1\nhost: x\nconnection: close\n\n`,
      /^HTTP\/1.1 405 [\s\S]*allow: GET, HEAD\r\n/,
    ],
    [
      'to become another protocol',
      `${flag}connection: close, upgrade\nupgrade: h2c\ncontent-length: 0\n\n`,
      /^HTTP\/1.1 (4\d\d) /,
    ],
    ['by CONNECT', 'CONNECT x:80 HTTP/1.1\nhost: x\n\n', /^$/],
    [
      'with the token twice',
      `${flag}${asTrusted}authorization: Bearer ${trusted}\ncontent-length: 29\n\n${question}`,
      /^HTTP\/1.1 (200|400|401) /,
    ],
  ];
  for (const [what, request, answers] of hostile)
    it(`a request ${what}`, async () => assert.match(await raw(request), answers));

  it('a body nested without end, and names such as __proto__, are answered as any other', async () => {
    const deep = `{"context": {"tenant": "acme", "x": ${'['.repeat(30_000)}${']'.repeat(30_000)}}}`;
    assert.equal((await post('/ofrep/v1/evaluate/flags/orders', deep)).body.value, true);
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const answer = await post(`/ofrep/v1/evaluate/flags/${name}`, {context: {tenant: 'acme'}});
      assert.deepEqual([answer.status, answer.body.errorCode], [404, 'FLAG_NOT_FOUND'], name);
      const tenant = await post('/ofrep/v1/evaluate/flags/orders', {context: {tenant: name}});
      assert.equal(tenant.body.value, false, name);
      const context = `{"context": {"tenant": "small", "${name}": {"tenant": "acme"}, "targetingKey": "${name}"}}`;
      assert.equal((await post('/ofrep/v1/evaluate/flags/export', context)).body.value, false, name);
    }
  });

  it('a caller asks for itself by its own token, and for nobody else', async () => {
    const token = await identityProvider.sign({sub: 'ann', org_id: 'acme', aud: 'orders-api'});
    const headers = {authorization: `Bearer ${token}`};
    const asked = (context: object) => post('/ofrep/v1/evaluate/flags/orders', {context}, headers);
    assert.equal((await asked({})).body.value, true);
    assert.equal((await asked({tenant: 'acme', user: 'ann', country: 'de'})).body.value, true);
    const other = await asked({tenant: 'small'});
    assert.deepEqual([other.status, other.body.errorCode], [400, 'INVALID_CONTEXT']);
    const nobody = await post('/ofrep/v1/evaluate/flags/orders', {context: {tenant: 'acme'}}, {});
    assert.equal(nobody.status, 401);
    assert.match(nobody.body.errorDetails, /no_credential/);
    const wrong = await post('/ofrep/v1/evaluate/flags/orders', {}, {authorization: `Bearer ${trusted}x`});
    assert.equal(wrong.status, 401);
    const expired = await identityProvider.sign({sub: 'ann', org_id: 'acme', aud: 'orders-api', exp: 1});
    assert.match(
      (await post('/ofrep/v1/evaluate/flags/orders', {}, {authorization: `Bearer ${expired}`})).body.errorDetails,
      /token_expired/,
    );
    assert.ok(!postern.logs().includes(token) && !postern.logs().includes(trusted));
  });

  it('whoever is revoked gets no answer', async () => {
    const token = await identityProvider.sign({sub: 'thief', org_id: 'acme', aud: 'orders-api', jti: 'stolen'});
    const headers = {authorization: `Bearer ${token}`};
    assert.equal((await post('/ofrep/v1/evaluate/flags/orders', {}, headers)).status, 200);
    const revoked = await fetch(`${postern.adminUrl}/revocations`, {
      method: 'POST',
      headers: {authorization: 'Bearer the-token-of-an-operator', 'content-type': 'application/json'},
      body: JSON.stringify({provider: 'acme', tokenId: 'stolen'}),
    });
    assert.ok(revoked.ok);
    const answer = await post('/ofrep/v1/evaluate/flags/orders', {}, headers);
    assert.equal(answer.status, 401);
    assert.match(answer.body.errorDetails, /revoked/);
  });

  it('random questions of the SDK get the answer that the entitlements give', async () => {
    const random = makeRandom(7);
    const tenants = ['acme', 'small', 'big', 'late', 'nobody'];
    const bought: Record<string, readonly string[]> = {
      acme: ['orders', 'export'],
      small: ['orders'],
      late: ['orders', 'export'],
    };
    const seats: Record<string, number> = {acme: 50, late: 50};
    for (let count = 0; count < 2_000; count++) {
      const tenant = random.pick(tenants);
      const key = random.pick(['orders', 'export', 'seats']);
      const context = {tenant, targetingKey: `u${count}`};
      if (key === 'seats') assert.equal(await client.getNumberValue(key, -1, context), seats[tenant] ?? -1);
      else assert.equal(await client.getBooleanValue(key, true, context), bought[tenant]?.includes(key) ?? false);
    }
  });

  it('a slow or silent caller holds up nobody', async () => {
    const slow = ask(`${url}/ofrep/v1/evaluate/flags/orders`, {method: 'POST', headers: {'content-length': '1000'}});
    slow.on('error', () => {});
    slow.write('{');
    assert.equal((await one('orders', {tenant: 'acme'})).status, 200);
    slow.destroy();
  });

  it('a change of the plan is answered within a second or two of the file', async () => {
    const changed = {...entitlements, grants: [{plan: 'pro', tenant: 'small'}]};
    writeFileSync(join(postern.folder, 'entitlements.yaml'), stringify(changed));
    const until = performance.now() + 10_000;
    while ((await one('seats', {tenant: 'small'})).status !== 200) {
      assert.ok(performance.now() < until, 'the change does not count');
      await sleep(50);
    }
    assert.equal(await client.getNumberValue('seats', 1, {tenant: 'acme', targetingKey: 'ann'}), 1);
  });
});

describe('answers over a socket', () => {
  it('trusts whoever may open it', async () => {
    const path = join(temporaryFolder(), 'answers.sock');
    const postern = await startPostern(
      {
        answers: {listen: `unix://${path}`, trust: {socket: true}},
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        rules: [{name: 'open', match: {path: '/'}, public: true}],
      },
      {files: {'entitlements.yaml': entitlements}},
    );
    assert.equal(statSync(path).mode & 0o777, 0o660);
    const answer = await new Promise<string>((resolve, reject) => {
      const asked = ask({socketPath: path, path: '/ofrep/v1/evaluate/flags/seats', method: 'POST'}, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      asked.on('error', reject).end('{"context": {"tenant": "acme"}}');
    });
    assert.equal(JSON.parse(answer).value, 50);
    assert.equal(await postern.stop(), 0);
  });
});
