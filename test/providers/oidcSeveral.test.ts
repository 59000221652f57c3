// Several issuers that share one header: who is asked, who never is, and what binds a token to its issuer, client and use.
import assert from 'node:assert/strict';
import {json, startServer, type TestServer} from '../remote/servers.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {type Postern, startPostern} from '../support/postern.ts';

const audience = 'orders-api';
const atHash = {at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng', nonce: 'n', aud: 'demo', azp: 'demo'};

describe('several OpenID providers behind one header', () => {
  let first: IdentityProvider;
  let second: IdentityProvider;
  /** An issuer that is not configured; it must never be asked. */
  let stranger: TestServer;
  let postern: Postern;
  let client: CheckClient;

  before(async () => {
    const people = {
      alice: {org_id: 't1', realm_access: {roles: ['admin']}, 'https://acme.example/roles': ['viewer']},
    };
    first = await startIdentityProvider({people, audience});
    second = await startIdentityProvider({people, audience});
    stranger = await startServer((_, response) => json(response, {}));
    const oidc = (name: string, issuer: string, more: object = {}) => ({
      name,
      type: 'oidc',
      issuer,
      audience: [audience],
      ...more,
    });
    const cookie = (name: string) => ({credentials: [{cookie: name}]});
    postern = await startPostern({
      providers: [
        oidc('first', first.issuer, {claims: {roles: 'realm_access.roles', tenant: 'org_id'}}),
        oidc('second', second.issuer, {claims: {roles: ['https://acme.example/roles']}}),
        // The same issuer once more: what the first takes never comes to it.
        oidc('shadowed', second.issuer, {audience: ['billing']}),
        oidc('bound', first.issuer, {...cookie('bound'), clients: ['robot']}),
        oidc('typed', first.issuer, {...cookie('typed'), tokenType: 'at+jwt', audience: 'any'}),
      ],
      rules: [
        {name: 'first', match: {path: '/first'}, require: {providers: ['first']}},
        {name: 'second', match: {path: '/second'}, require: {providers: ['second']}},
        {name: 'any', match: {}, require: {}},
      ],
      responses: {
        identity: {'x-provider': 'provider', 'x-subject': 'subject', 'x-roles': 'roles', 'x-tenant': 'tenant'},
      },
    });
    client = makeCheckClient(postern.address);
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await Promise.all([first?.stop(), second?.stop(), stranger?.close()]);
  });

  /** `provider subject roles tenant`, or the reason of the refusal. */
  const outcome = async (token: string, {path = '/', cookie}: {path?: string; cookie?: string} = {}) => {
    const header: [string, string] =
      cookie === undefined ? ['authorization', `Bearer ${token}`] : ['cookie', `${cookie}=${token}`];
    const {okResponse, deniedResponse, errorResponse} = await client.check(checkRequestOf({path, headers: [header]}));
    if (okResponse === undefined) return JSON.parse(deniedResponse?.body ?? errorResponse?.body ?? '{}').code;
    const told = new Map(okResponse.headers?.map(({header: {key, value}}) => [key, value]));
    return ['x-provider', 'x-subject', 'x-roles', 'x-tenant'].map((name) => told.get(name) ?? '-').join(' ');
  };

  type Row = [what: string, token: () => Promise<string>, expected: string, where?: {path?: string; cookie?: string}];
  const rows: Row[] = [
    ['a token of the first', () => first.token('alice'), 'first alice admin t1'],
    ['a token of the second, with claims of its own', () => second.token('alice'), 'second alice viewer -'],
    ['a service of the second', () => second.serviceToken(), 'second robot - -'],
    ['the first’s key under the second’s name', () => first.sign({iss: second.issuer}), 'bad_signature'],
    ['the second’s key under the first’s name', () => second.sign({iss: first.issuer}), 'bad_signature'],
    [
      'a key id that the named issuer has not',
      () => first.sign({iss: second.issuer}, {header: {kid: 'x'}}),
      'unknown_key',
    ],
    ['an issuer that nobody configured', () => first.sign({iss: stranger.url}), 'unsupported_credential'],
    ['the issuer with a slash more', () => first.sign({iss: `${first.issuer}/`}), 'wrong_issuer'],
    ['two issuers at once', () => first.sign({iss: [first.issuer, second.issuer]}), 'unsupported_credential'],
    ['no issuer', () => first.sign({iss: undefined}), 'unsupported_credential'],
    ['keys named by the token itself', () => first.sign({}, {header: {kid: 'x', jku: stranger.url}}), 'unknown_key'],
    [
      'a rule for the first, a token of the first',
      () => first.token('alice'),
      'first alice admin t1',
      {path: '/first'},
    ],
    [
      'a rule for the first, a token of the second',
      () => second.token('alice'),
      'unsupported_credential',
      {path: '/first'},
    ],
    [
      'a rule for the second, a token of the first',
      () => first.token('alice'),
      'unsupported_credential',
      {path: '/second'},
    ],
    [
      'an audience of a provider that stands lower, for the same issuer',
      () => second.sign({aud: 'billing'}),
      'wrong_audience',
    ],

    ['client_id: a listed client', () => first.serviceToken(), 'bound robot - -', {cookie: 'bound'}],
    ['client_id: another client', () => first.token('alice'), 'wrong_client', {cookie: 'bound'}],
    [
      'azp: a listed client',
      () => first.sign({azp: 'robot', client_id: undefined}),
      'bound alice - -',
      {cookie: 'bound'},
    ],
    ['azp: another client', () => first.sign({azp: 'demo', client_id: undefined}), 'wrong_client', {cookie: 'bound'}],
    [
      'azp and client_id that differ',
      () => first.sign({azp: 'robot', client_id: 'demo'}),
      'wrong_client',
      {cookie: 'bound'},
    ],
    ['azp as a list', () => first.sign({azp: ['robot'], client_id: undefined}), 'wrong_client', {cookie: 'bound'}],
    ['neither azp nor client_id', () => first.sign({client_id: undefined}), 'missing_claim', {cookie: 'bound'}],
    ['no binding asked for: any client', () => first.sign({azp: 'demo', client_id: 'x'}), 'first alice admin t1'],

    ['an id token', () => first.sign(atHash, {header: {typ: 'JWT'}}), 'wrong_audience'],
    [
      'an id token for this audience',
      () => first.sign({...atHash, aud: audience}, {header: {typ: 'JWT'}}),
      'wrong_token_type',
    ],
    [
      'an id token that names both',
      () => first.sign({...atHash, aud: ['demo', audience]}, {header: {typ: 'JWT'}}),
      'wrong_token_type',
    ],
    ['an id token of the hybrid flow', () => first.sign({c_hash: 'x'}, {header: {typ: 'JWT'}}), 'wrong_token_type'],
    [
      'an id token without hashes, where at+jwt is asked for',
      () => first.sign({aud: 'demo'}, {header: {typ: 'JWT'}}),
      'wrong_token_type',
      {cookie: 'typed'},
    ],
    ['an access token there', () => first.token('alice'), 'typed alice - -', {cookie: 'typed'}],
    [
      'a logout token',
      () => first.sign({events: {'http://schemas.openid.net/event/backchannel-logout': {}}}, {header: {typ: 'JWT'}}),
      'wrong_token_type',
    ],
    ['a logout token that says so', () => first.sign({}, {header: {typ: 'logout+jwt'}}), 'wrong_token_type'],
  ];
  for (const [what, token, expected, where] of rows) {
    it(`${what}: ${expected}`, async () => {
      const value = await token();
      for (const time of ['first', 'second']) assert.equal(await outcome(value, where), expected, `${time} time`);
    });
  }

  it('nobody was asked but the two', () => assert.deepEqual(stranger.asked, []));

  it('what one has verified is not the other’s to know: the same token at another place is verified anew', async () => {
    const token = await first.token('alice');
    assert.equal(await outcome(token), 'first alice admin t1');
    assert.equal(await outcome(token, {cookie: 'bound'}), 'wrong_client');
    assert.equal(await outcome(token, {cookie: 'typed'}), 'typed alice - -');
  });

  it('an issuer that is away takes nobody else with it', async () => {
    const alone = await startServer((_, response) => void response.writeHead(500).end());
    let other: Postern | undefined;
    let asking: CheckClient | undefined;
    try {
      const providers = [alone.url, first.issuer].map((issuer, at) => ({
        name: `p${at}`,
        type: 'oidc',
        issuer,
        audience: [audience],
      }));
      other = await startPostern({providers, rules: [{name: 'any', match: {}, require: {}}]}, {unready: true});
      asking = makeCheckClient(other.address);
      const ask = (token: string) => asking?.check(checkRequestOf({headers: [['authorization', `Bearer ${token}`]]}));
      assert.ok((await ask(await first.token('alice')))?.okResponse);
      assert.ok((await ask(await first.sign({iss: alone.url})))?.errorResponse, 'unavailable, and not refused');
    } finally {
      asking?.close();
      await other?.stop();
      await alone.close();
    }
  });
});
