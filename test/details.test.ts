// What the log says of a refusal: every reason of docs/reference/reasons.md has a row, here or in test/cases/details.yaml;
// and whatever a client or an issuer writes, no token, key, address or subject of it is in the words, which are bounded.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {parse} from 'yaml';
import {makeCheck} from '../src/check.ts';
import {settingsSchema} from '../src/config/schema.ts';
import type {Deny} from '../src/core/decision.ts';
import {type Reason, reasons} from '../src/core/refusals.ts';
import {makeRevocationSet, type RevocationSet} from '../src/core/revocation/revocationSet.ts';
import type {Requirement} from '../src/core/rule/rules.ts';
import {DeadlinePassed, Unavailable} from '../src/core/unavailable.ts';
import {makeService} from '../src/envoy/service.ts';
import {apiKeyOf, hashOfKey} from '../src/providers/apiKeysForm.ts';
import type {Provider} from '../src/providers/provider.ts';
import {makeProviderOf} from '../src/vendors/index.ts';
import {makeSigner, type Signer} from './providers/tokens.ts';
import {json, startServer, type TestServer} from './remote/servers.ts';
import {temporaryFolder} from './support/ports.ts';
import {request} from './support/requests.ts';
import {type Authgear, startAuthgear} from './support/vendors/authgear.ts';
import {cookieKeys, type Frontier, own, paths, type Subject, startFrontier} from './support/vendors/frontier.ts';
import {type Kinde, machine, startKinde} from './support/vendors/kinde.ts';
import {makeTestParts, type TestParts} from './support/vendors/parts.ts';

const canary = 'canary';
const canaryKey = apiKeyOf('ci', new Uint8Array(32).fill(7));
const seconds = (): number => Math.floor(Date.now() / 1_000);

/** Every text that a token holds, or that was presented, and that names nobody's role or requirement. */
const isClean = (detail: string | undefined): void => {
  assert.ok(detail !== undefined && detail !== '', 'it says something');
  assert.ok(!detail.includes(canary), detail);
  assert.ok(detail.length <= 1_024, `${detail.length} characters`);
  assert.doesNotMatch(detail, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
};

describe('what the log says of a refusal', () => {
  let rig: TestParts;
  let signer: Signer;
  let server: TestServer;
  let frontier: Frontier;
  let authgear: Authgear;
  let kinde: Kinde;
  const providers: Provider[] = [];
  let introspection: object = {active: false};
  const robot: Subject = {id: 'canary-robot', type: 'app/serviceuser'};
  const ada: Subject = {id: 'canary-ada', type: 'app/user'};

  before(async () => {
    rig = makeTestParts();
    signer = await makeSigner('EdDSA', 'k1');
    server = await startServer((asked, response) =>
      asked.url === '/introspect' ? json(response, introspection) : json(response, {keys: [signer.jwk]}),
    );
    frontier = await startFrontier('connect');
    authgear = await startAuthgear();
    kinde = await startKinde();
  });
  after(async () => {
    for (const provider of providers) await provider.close?.();
    await rig.close();
    await Promise.all([server.close(), frontier.close(), authgear.close(), kinde.close()]);
  });

  const make = (settings: object): Provider => {
    const parsed = settingsSchema.parse({
      ...settingsDefaults,
      providers: [{name: 'p', ...settings}],
      rules: [{name: 'r', match: {}, require: {}}],
    });
    const [of] = parsed.providers;
    assert.ok(of);
    const provider = makeProviderOf(of, rig.parts);
    providers.push(provider);
    return provider;
  };
  const settingsDefaults = {server: {}, admin: {}, remote: {}, paths: {}, responses: {}, log: {}};
  const oidc = (more: object = {}) =>
    make({
      type: 'oidc',
      issuer: 'https://id.example',
      jwksUri: `${server.url}/keys`,
      audience: ['orders-api'],
      ...more,
    });
  const ofFrontier = () => make({type: 'frontier', url: frontier.url, api: 'connect', session: cookieKeys, ...own});
  const ofKinde = (more: object = {}) =>
    make({type: 'kinde', domain: kinde.domain, audience: 'any', apiKeys: {...machine, ...more}});
  const keyFile = (more: object = {}): Provider => {
    const path = join(temporaryFolder(), 'keys.yaml');
    const entry = {id: 'ci', hash: hashOfKey(canaryKey), subject: 'canary-bot', ...more};
    writeFileSync(path, JSON.stringify({keys: [entry]}));
    return make({type: 'apiKeys', file: path});
  };
  const token = (claims: object = {}, header: object = {}) =>
    signer.token(
      {
        iss: 'https://id.example',
        aud: 'orders-api',
        sub: 'canary-sub',
        email: 'canary@acme.example',
        iat: seconds(),
        exp: seconds() + 60,
        ...claims,
      },
      header,
    );

  interface Asked {
    readonly provider: Provider;
    readonly headers?: Record<string, string>;
    readonly require?: Requirement;
    readonly revocations?: RevocationSet;
    readonly target?: string;
    readonly host?: string;
  }
  const decide = async ({
    provider,
    headers = {},
    require = {},
    revocations,
    target = '/',
    host,
  }: Asked): Promise<Deny> => {
    await provider.start?.();
    const check = makeCheck({
      rules: [{name: 'r', match: {}, access: {access: 'require', require}, shadow: false}],
      paths: {caseSensitive: true, allow: new Set()},
      providers: [provider],
      revocations: revocations ?? makeRevocationSet(),
      entitlements: {
        entitled: () => ({entitled: true}),
        holdings: () => ({plans: [], grace: false, amounts: new Map()}),
        catalog: () => undefined,
      },
    });
    const asked = request(target, {headers, ...(host !== undefined && {host})});
    const decision = await check(asked, {id: 'd', now: Date.now(), deadline: Number.POSITIVE_INFINITY});
    assert.equal(decision.outcome, 'deny');
    return decision as Deny;
  };
  const bearer = (value: string) => ({authorization: `Bearer ${value}`});
  const basic = (text: string) => ({authorization: `Basic ${Buffer.from(text).toString('base64')}`});
  const revokedBy = (more: object): RevocationSet => {
    const set = makeRevocationSet();
    set.add({id: '1', at: Date.now(), expires: Date.now() + 60_000, ...more} as never);
    return set;
  };

  const rows: [what: string, reason: Reason, detail: RegExp, asked: () => Promise<Asked>][] = [
    ['nothing', 'no_credential', /^looked for authorization \(Bearer\)$/, async () => ({provider: oidc()})],
    [
      'a token that is too long',
      'malformed_credential',
      /has \d+ characters, 32768 at most/,
      async () => ({provider: oidc(), headers: bearer(`eyJ${'a'.repeat(33_000)}.canary.canary`)}),
    ],
    [
      'a kid that is a list',
      'malformed_credential',
      /^its kid is "a"/,
      async () => ({provider: oidc(), headers: bearer(await forgedWith({kid: ['a']}))}),
    ],
    [
      'an extension in the header',
      'malformed_credential',
      /crit or b64/,
      async () => ({provider: oidc(), headers: bearer(await forgedWith({crit: ['canary']}))}),
    ],
    [
      'an algorithm that does not exist here',
      'bad_signature',
      /^alg: wanted .*, got "HS256"$/,
      async () => ({provider: oidc(), headers: bearer(await forgedWith({alg: 'HS256'}))}),
    ],
    [
      'an algorithm that is an object',
      'bad_signature',
      /^alg: wanted .*, got an object$/,
      async () => ({provider: oidc(), headers: bearer(await forgedWith({alg: {canary: 1}}))}),
    ],
    [
      'another signature',
      'bad_signature',
      /^kid "k1", alg "EdDSA": it was not signed with the published key$/,
      async () => ({provider: oidc(), headers: bearer(await forgedWith({alg: 'EdDSA', kid: 'k1'}))}),
    ],
    [
      'another key',
      'unknown_key',
      /no key with the kid "k9"$/,
      async () => ({provider: oidc(), headers: bearer(await token({}, {kid: 'k9'}))}),
    ],
    [
      'an address as the key id',
      'unknown_key',
      /no key with the kid "…@acme\.example"$/,
      async () => ({provider: oidc(), headers: bearer(await token({}, {kid: 'canary@acme.example'}))}),
    ],
    [
      'a kind of token that is a number',
      'wrong_token_type',
      /^typ of the header: wanted "JWT" or none, got a number$/,
      async () => ({provider: oidc(), headers: bearer(await forgedSigned({typ: 7}))}),
    ],
    [
      'an access token where id tokens are wanted',
      'wrong_token_type',
      /says that it is an access token/,
      async () => ({provider: oidc({tokenType: 'id'}), headers: bearer(await token({token_use: 'access'}))}),
    ],
    [
      'a tenant that the provider may not speak for',
      'wrong_tenant',
      /^tenant: wanted "t1", got "t2"$/,
      async () => ({
        provider: oidc({tenants: ['t1'], claims: {tenant: 'org'}}),
        headers: bearer(await token({org: 't2'})),
      }),
    ],
    [
      'no tenant, where some are wanted',
      'missing_tenant',
      /^tenant: wanted one like "a\*", got none: the claim is an object$/,
      async () => ({
        provider: oidc({tenants: {pattern: 'a*'}, claims: {tenant: 'org'}}),
        headers: bearer(await token({org: {id: 'canary'}})),
      }),
    ],
    [
      'a revoked subject',
      'revoked',
      /^a revocation in force selects it .*iat \d+ s ago, auth_time none$/,
      async () => ({provider: oidc(), headers: bearer(await token()), revocations: revokedBy({subject: 'canary-sub'})}),
    ],
    [
      'a key that is not in the file',
      'inactive',
      /^no key of the file has this hash/,
      async () => ({
        provider: keyFile({hash: hashOfKey(apiKeyOf('ci', new Uint8Array(32).fill(8)))}),
        headers: {'x-api-key': canaryKey},
      }),
    ],
    [
      'a key that is disabled',
      'inactive',
      /^the key is disabled in the file$/,
      async () => ({provider: keyFile({disabled: true}), headers: {'x-api-key': canaryKey}}),
    ],
    [
      'a key that has ended',
      'token_expired',
      /^expires \d+ s ago, in the file$/,
      async () => ({provider: keyFile({expires: '2020-01-01T00:00:00Z'}), headers: {'x-api-key': canaryKey}}),
    ],
    [
      'what is too long for a key',
      'malformed_credential',
      /^it has 600 characters, 512 at most are a key$/,
      async () => ({provider: keyFile(), headers: {'x-api-key': 'x'.repeat(600)}}),
    ],
    [
      'Basic without a colon',
      'malformed_credential',
      /^it is no pair of name and password$/,
      async () => ({provider: keyFile(), headers: basic('canary')}),
    ],
    [
      'an opaque token that is not active',
      'inactive',
      /^its issuer says that it is not active$/,
      async () => ({provider: opaque(), headers: bearer('canary-opaque')}),
    ],
    [
      'an opaque token with odd characters',
      'malformed_credential',
      /^it has characters that no token has/,
      async () => ({provider: opaque(), headers: bearer('canary"opaque')}),
    ],
    [
      'a session that the resolver does not know',
      'session_invalid',
      /^the resolver knows no session behind "cookie session"$/,
      async () => ({
        provider: make({type: 'authgear', endpoint: authgear.endpoint, mode: 'resolver'}),
        headers: {cookie: 'session=canary'},
      }),
    ],
    [
      'a session of Frontier that is over',
      'session_invalid',
      /^Frontier: the session is over, or not known$/,
      async () => ({provider: ofFrontier(), headers: {cookie: `sid=${frontier.cookie(randomUUID())}`}}),
    ],
    [
      'a cookie that Frontier has not made',
      'session_invalid',
      /^sid: its seal is none of Frontier/,
      async () => ({
        provider: ofFrontier(),
        headers: {cookie: `sid=${frontier.cookie(randomUUID()).slice(0, -4)}AAAA`},
      }),
    ],
    [
      'a wrong secret',
      'inactive',
      /^Frontier: the secret is wrong, not known, or taken back/,
      async () => ({provider: ofFrontier(), headers: basic('cred:canary')}),
    ],
    [
      'somebody who was deleted',
      'unknown_subject',
      /^Frontier: the session is of somebody who was deleted or switched off/,
      async () => ({provider: ofFrontier(), headers: {cookie: `sid=${sessionOf({...ada, deleted: true})}`}}),
    ],
    [
      'a service user of a disabled organisation',
      'disabled',
      /^Frontier: the secret is of somebody whose organisation is switched off$/,
      async () => {
        frontier.secrets.set('off:canary', robot);
        frontier.faults.set(paths.connect.token, {
          status: 400,
          body: '{"code":"failed_precondition","message":"org is disabled"}',
        });
        return {provider: ofFrontier(), headers: basic('off:canary')};
      },
    ],
    [
      'an assertion without jti as a bearer',
      'missing_claim',
      /^jti: wanted, for a bearer; got none$/,
      async () => ({provider: ofFrontier(), headers: bearer(await frontier.token(ada, {jti: undefined}))}),
    ],
    [
      'a kind of subject that Frontier does not have',
      'wrong_token_type',
      /^sub_type: wanted app\/user/,
      async () => ({provider: ofFrontier(), headers: bearer(await frontier.token(ada, {sub_type: 'app/group'}))}),
    ],
    [
      'no relation',
      'not_related',
      /^relation: wanted "get" on "app\/project:p1"$/,
      async () => ({
        provider: ofFrontier(),
        headers: {cookie: `sid=${sessionOf(ada)}`},
        require: {relation: {provider: 'p', permission: 'get', resource: 'app/project:p1'}},
      }),
    ],
    [
      'an API key of Kinde that is revoked',
      'revoked',
      /^Kinde calls the API key revoked$/,
      async () => {
        kinde.keys.set('k_live_canary1', {status: 'revoked'});
        return {provider: ofKinde(), headers: bearer('k_live_canary1')};
      },
    ],
    [
      'an API key of Kinde that is not known',
      'inactive',
      /^Kinde calls the API key not valid$/,
      async () => ({provider: ofKinde(), headers: bearer('k_live_canary2')}),
    ],
    [
      'an API key of Kinde for another API',
      'wrong_audience',
      /^API of the key: wanted "orders", got "billing"$/,
      async () => {
        kinde.keys.set('k_live_canary3', {status: 'active', org_code: 'o', api_ids: ['billing']});
        return {provider: ofKinde({apis: ['orders']}), headers: bearer('k_live_canary3')};
      },
    ],
    [
      'a path of 20,000 characters',
      'malformed_request',
      /^the path has more than 16384 characters, or 512 segments$/,
      async () => ({provider: oidc(), target: `/${'canary'.repeat(3_400)}`}),
    ],
    [
      'a host with a user',
      'ambiguous_host',
      /^the host is no name/,
      async () => ({provider: oidc(), host: 'canary@acme.example'}),
    ],
  ];
  const opaque = () =>
    make({type: 'introspection', endpoint: `${server.url}/introspect`, clientId: 'c', clientSecret: 'canary-secret'});
  const sessionOf = (subject: Subject): string => {
    const id = randomUUID();
    frontier.sessions.set(id, subject);
    return frontier.cookie(id);
  };
  const unsigned = (header: object, signature: string): string => {
    const claims = {iss: 'https://id.example', aud: 'orders-api', sub: 'canary-sub', exp: seconds() + 60};
    const encoded = [{alg: 'EdDSA', ...header}, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    return [...encoded, signature].join('.');
  };
  const forgedWith = async (header: object) => unsigned(header, Buffer.alloc(64).toString('base64url'));
  const forgedSigned = async (header: object): Promise<string> => {
    const [head = '', claims = ''] = unsigned({kid: 'k1', ...header}, '').split('.');
    const bytes = await crypto.subtle.sign('Ed25519', signer.privateKey, Buffer.from(`${head}.${claims}`));
    return `${head}.${claims}.${Buffer.from(bytes).toString('base64url')}`;
  };

  afterEach(() => {
    frontier.faults.clear();
    introspection = {active: false};
  });
  for (const [what, reason, detail, asked] of rows) {
    it(`${what}: ${reason}`, async () => {
      const decision = await decide(await asked());
      assert.equal(decision.reason, reason, decision.detail);
      assert.match(decision.detail ?? '', detail);
      isClean(decision.detail);
    });
  }

  it('an outage names what did not answer, and so does one that takes too long', async () => {
    const failing = (cause: Error): Provider => ({
      ...oidc(),
      accepts: (credential) => credential,
      authenticate: async () => Promise.reject(new Unavailable('keys:p', cause)),
    });
    const away = await decide({
      provider: failing(new Error('GET https://id.example answered with status 500')),
      headers: bearer('x'),
    });
    assert.deepEqual(
      [away.reason, away.outage?.message],
      ['unavailable', 'keys:p is unavailable: GET https://id.example answered with status 500'],
    );
    const late = await decide({provider: failing(new DeadlinePassed('no answer in 200 ms')), headers: bearer('x')});
    assert.deepEqual([late.reason, late.outage?.message], ['deadline', 'keys:p is unavailable: no answer in 200 ms']);
  });

  it('what the edge refuses itself: too large, too many, nothing that can be understood', () => {
    const told: Deny[] = [];
    const service = makeService({
      inForce: () => ({check: () => new Promise<never>(() => {}), render: () => ({}) as never}),
      newId: () => 'd',
      now: Date.now,
      log: {error: () => {}},
      decided: (decision) => void told.push(decision),
      queueDelay: () => 500,
    });
    service.tooLarge(2_000, 1_000);
    const call = (message: object, deadline: number) =>
      service.check({request: message, cancelled: false, getDeadline: () => deadline} as never, () => {});
    call({}, Date.now() + 1_000);
    call({attributes: {request: {http: {method: 'GET', path: '/canary', host: 'a'}}}}, Date.now() + 100);
    service.close();
    assert.deepEqual(
      told.map(({reason}) => reason),
      ['request_too_large', 'malformed_request', 'overloaded'],
    );
    assert.match(told[0]?.detail ?? '', /^the CheckRequest has 2000 bytes, server\.maxMessage allows 1000$/);
    assert.match(told[1]?.detail ?? '', /names no method, path or peer$/);
    assert.match(told[2]?.detail ?? '', /^calls wait 500 ms before they are read, and the deadline leaves \d+ ms$/);
    for (const {detail} of told) isClean(detail);
  });

  it('every reason has a row', () => {
    interface Case {
      readonly expect: {readonly reason?: string; readonly detail?: string};
    }
    const file = parse(readFileSync(new URL('./cases/details.yaml', import.meta.url), 'utf8')) as {cases: Case[]};
    const told = file.cases.flatMap(({expect}) => (expect.detail === undefined ? [] : [expect.reason]));
    const here = rows.map(([, reason]) => reason);
    const others = ['unavailable', 'deadline', 'request_too_large', 'overloaded'];
    // A bug is logged with its stack.
    const all = new Set<string | undefined>([...told, ...here, ...others, 'internal']);
    assert.deepEqual(
      reasons.filter((reason) => !all.has(reason)),
      [],
    );
  });

  it('whatever stands in a token: no token, key, address or subject in the words, and never more than so many of them', async () => {
    const nasty = fc.constantFrom<unknown>(
      'canary@acme.example',
      'canary%40acme.example',
      'Ann canary@acme.example',
      `eyJhbGciOiJub25lIn0.${Buffer.from('{"sub":"canary"}').toString('base64url')}.canary`,
      'eyJcanary',
      'pk_canary_canary',
      canaryKey,
      '\u202e\u0007\n\u2028"\\\ud800',
      'x'.repeat(10_240),
      'ü'.repeat(300),
      '',
      7,
      null,
      true,
      ['canary@acme.example', 'b'],
      [7],
      Array.from({length: 400}, (_, at) => `a${at}`),
      {canary: 'canary'},
    );
    const claims = fc.dictionary(
      fc.constantFrom(
        'iss',
        'aud',
        'exp',
        'nbf',
        'iat',
        'azp',
        'client_id',
        'cid',
        'typ',
        'token_use',
        'at_hash',
        'cnf',
        'org',
        'roles',
        'acr',
        'amr',
        'auth_time',
        'gty',
        'kind',
      ),
      nasty,
      {maxKeys: 4},
    );
    const header = fc.dictionary(fc.constantFrom('alg', 'kid', 'typ', 'crit'), nasty, {maxKeys: 2});
    const provider = oidc({clients: ['web'], claims: {tenant: 'org', kind: 'kind'}});
    await provider.start?.();
    const wanted: Requirement = {
      tenant: 't1',
      roles: {all: ['admin']},
      kind: 'service',
      stepUp: {maxAge: 1, acr: ['gold'], amr: [['mfa']]},
    };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    await fc.assert(
      fc.asyncProperty(claims, header, async (more, head) => {
        const good = {
          iss: 'https://id.example',
          aud: 'orders-api',
          azp: 'web',
          sub: 'canary-sub',
          iat: seconds(),
          exp: seconds() + 60,
        };
        const signed = `${part({alg: 'EdDSA', kid: 'k1', ...head})}.${part({...good, ...more})}`;
        const signature = Buffer.from(await crypto.subtle.sign('Ed25519', signer.privateKey, Buffer.from(signed)));
        const decision = await decide({
          provider,
          headers: bearer(`${signed}.${signature.toString('base64url')}`),
          require: wanted,
        });
        isClean(decision.detail);
      }),
      {numRuns: 1_000},
    );
  });

  it('whatever a client sends in the place of a credential, a host or a path: the same', async () => {
    const value = fc.oneof(
      fc.constantFrom(
        'canary',
        'Bearer canary canary',
        'Basic canary',
        'canary canary',
        'DPoP canary',
        'Bearer',
        'Bearer  ',
        `Bearer ${'canary'.repeat(2_000)}`,
        'Bearer canary, Bearer canary',
      ),
      fc.string({unit: 'binary', maxLength: 40}).map((text) => `${text}canary`),
    );
    const provider = make({
      type: 'oidc',
      issuer: 'https://id.example',
      jwksUri: `${server.url}/keys`,
      audience: 'any',
      credentials: [{header: 'authorization', scheme: 'Bearer'}, {cookie: 'at', encoded: true}, {query: 'at'}],
    });
    await fc.assert(
      fc.asyncProperty(value, value, value, value, async (authorization, cookie, query, host) => {
        const headers = {authorization, cookie: `at=${cookie}`};
        for (const asked of [
          {headers},
          {headers: {cookie: `at=${cookie}`}},
          {target: `/?at=${query}`},
          {target: `/${query}`},
          {host},
        ]) {
          isClean((await decide({provider, ...asked})).detail);
        }
      }),
      {numRuns: 300},
    );
  });
});
